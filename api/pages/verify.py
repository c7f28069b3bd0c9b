"""Receipts: the page where anybody checks one, and the page that shows one with its QR code.

Both say code, day, offices and class of topic, and nothing else: not where the case stands, not
who lodged it, not what was told. A typed code is posted, so that it stands in no address; the text
of a QR code must be in one, and operators keep addresses out of their logs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import segno
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, PlainTextResponse
from markupsafe import Markup
from sqlmodel import Session

from api import limits
from api.pages import labels
from api.pages.page import page
from api.pages.shell import shell_of, site_of
from api.pages.views import Shell
from api.parts import parts_of
from api.policy import open_form, public
from api.words import DEFAULT_LANGUAGE, LANGUAGES, Words, mark
from bot.content import content
from bot.message import Language
from referrals import code as case_code
from referrals import signed

router = APIRouter(
    default_response_class=HTMLResponse, include_in_schema=False, dependencies=[Depends(public)]
)

LONGEST_CODE = 40
"""Characters of a code as people type it, spaces and dashes counted; a signed text has more."""

NOT_GENUINE = mark(
    "This receipt is not genuine: it was not signed here, or something in it was changed."
)
UNKNOWN = mark("No complaint with this code is kept here. Please look at each digit again.")
"""The same words for a code that nobody has and for one that cannot be: nothing else is said."""

GONE = mark("An office that is no longer in the directory")

STATES: Mapping[str, str] = {
    "title": mark("Receipt of a complaint"),
    "code": mark("Code of the complaint"),
    "day": mark("Day it was lodged"),
    "offices": mark("Offices it was sent to"),
    "topic": mark("What it is about"),
    "proves": mark(
        "This receipt says that a complaint was lodged. "
        "It does not say what was told, nor how far it is."
    ),
    "scan": mark("Scan this to check that the receipt is genuine."),
    "scan_text": mark(
        "This holds the signed text only, for this server has no address on the internet yet. "
        "To check it, scan it and put the text in on the page /verify of this server."
    ),
    "or_code": mark("Or put in the code here:"),
}
"""What stands on a receipt, in both languages: it is shown to people of two countries."""

Both = Mapping[str, str]
"""The same in each language."""


@dataclass(frozen=True, slots=True)
class Stated:
    """What a receipt states, in both languages."""

    code: str
    day: Both
    offices: tuple[Both, ...]
    topic: Both


@dataclass(frozen=True, slots=True)
class VerifyView:
    """The page that checks. `stated` is what was found: by signature (`by_signature`) or by code.

    `kept`: whether the case is still there. `problem` is an English message id or empty.
    """

    stated: Stated | None = None
    by_signature: bool = False
    kept: bool = True
    problem: str = ""
    typed: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """The page that shows a receipt. `place` is where it is checked, empty when the world cannot
    reach this server; `text` is the signed text, `qr` its drawing.
    """

    stated: Stated
    text: str
    place: str
    qr: Markup
    says: Mapping[str, str]


@router.get("/verify")
def ask(request: Request, r: str = "", language: str = DEFAULT_LANGUAGE) -> HTMLResponse:
    """Show the form, or what the signed text `r` of a QR code states."""
    return _answered(request, VerifyView() if not r else _by_text(request, r), language)


@router.post("/verify")
def look_up(
    request: Request, form: Annotated[Mapping[str, str], Depends(open_form)]
) -> HTMLResponse:
    """Say what the receipt with this code states; the text of a QR code may be put in as well.

    Raises HTTPException 429 after too many codes from one address.
    """
    typed = form.get("code", "").strip()
    text = typed.rpartition("r=")[2].partition("&")[0]
    found = _by_text(request, text) if len(text) > LONGEST_CODE else _by_code(request, typed)
    return _answered(request, found, form.get("language", DEFAULT_LANGUAGE))


@router.get("/verify/key")
def key(request: Request) -> PlainTextResponse:
    """Give the public key, as PEM, with which anybody checks a receipt without us."""
    return PlainTextResponse(signed.public_key(site_of(request).server_key))


@router.get("/receipt")
def show(request: Request, r: str = "", language: str = DEFAULT_LANGUAGE) -> HTMLResponse:
    """Show a receipt to print or to hold out, when its signature is ours."""
    try:
        receipt = signed.check(site_of(request).server_key, r)
    except signed.NotGenuine:
        return _answered(request, VerifyView(problem=NOT_GENUINE), language)
    with site_of(request).store.reading() as session:
        stated = _stated(session, receipt)
    address = (parts_of(request).settings.public_url or "").rstrip("/")
    place = f"{address}/verify" if address else ""
    qr = drawn(f"{place}?r={r}" if place else r)
    view = ReceiptView(stated, r, place, qr, STATES)
    return _unlisted(page("receipt.html", _shell(request, language), view))


def drawn(text: str) -> Markup:
    """Draw a QR code (ISO/IEC 18004, level M or better) as SVG, with the quiet zone it needs."""
    code = segno.make(text, error="m", micro=False)
    # Segno's own markup, of numbers alone. White in the dark as well: few cameras read it inverted.
    return Markup(  # noqa: S704
        code.svg_inline(omitsize=True, border=4, light="white", svgclass="qr", lineclass=None)
    )


def _by_text(request: Request, text: str) -> VerifyView:
    site = site_of(request)
    try:
        receipt = signed.check(site.server_key, text)
    except signed.NotGenuine:
        return VerifyView(problem=NOT_GENUINE)
    with site.store.reading() as session:
        kept = signed.still_kept(session, receipt)
        return VerifyView(_stated(session, receipt), by_signature=True, kept=kept, text=text)


def _by_code(request: Request, typed: str) -> VerifyView:
    try:
        code = case_code.read(typed)
    except case_code.WrongCode:
        return VerifyView(problem=UNKNOWN, typed=typed)
    if limits.too_many(request, "verify", code):
        raise HTTPException(429)
    with site_of(request).store.reading() as session:
        receipt = signed.for_code(session, code)
        if receipt is None:
            return VerifyView(problem=UNKNOWN, typed=typed)
        return VerifyView(_stated(session, receipt), typed=code)


def _stated(session: Session, receipt: signed.Receipt) -> Stated:
    words = {language: Words(language) for language in LANGUAGES}
    offices = signed.named_offices(session, receipt)
    return Stated(
        code=receipt.code,
        day={language: each.day(receipt.day) for language, each in words.items()},
        offices=tuple(
            {
                language: labels.organisation(office, language) if office else each.gettext(GONE)
                for language, each in words.items()
            }
            for office in offices
        ),
        topic={
            language: content().label(f"group.{receipt.topic_class}").text(Language(language))
            for language in LANGUAGES
        },
    )


def _shell(request: Request, language: str) -> Shell:
    """The language is in the address and in no cookie: nothing stays on the visitor's phone."""
    return shell_of(request, language=language if language == "en" else DEFAULT_LANGUAGE)


def _answered(request: Request, view: VerifyView, language: str) -> HTMLResponse:
    """Draw the page that checks; 404 when what was asked for is not genuine, or not here."""
    answer = page("verify.html", _shell(request, language), view, 404 if view.problem else 200)
    return _unlisted(answer)


def _unlisted(answer: HTMLResponse) -> HTMLResponse:
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer
