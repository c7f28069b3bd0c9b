"""Lodging for a walk-in: the visitor goes through the same chat, and a counsellor sits beside her.

The number of a visit is drawn here and opens nothing by itself. The conversation's name is made of
it and of the token of the member's session, and no page for visitors can name such a conversation:
so only this session goes on with it, and nobody does once the session has ended.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_hex
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, Field
from sqlmodel import Session, col, select

from api.chat import MessageId, Spoken, Writer, take_file, take_words
from api.limits import too_many
from api.pages.front import FIRST_BUTTON
from api.pages.page import page
from api.pages.shell import shell_of, site_of
from api.parts import Parts, parts_of
from api.policy import allowed, checked_call
from api.words import DEFAULT_LANGUAGE, LANGUAGES
from bot.message import FILE_LIMIT, AttachmentKind, Language
from referrals import assisted, draft, recovery
from referrals.case import Case
from referrals.code import spoken
from referrals.directory import SignedIn
from referrals.permission import Permission
from referrals.site import Site

router = APIRouter(prefix="/assist", include_in_schema=False)

"""Who may sit beside a visitor: those who work on cases, in an office."""

VISIT_BYTES = 16

VisitId = Annotated[str, Field(pattern=rf"^[0-9a-f]{{{2 * VISIT_BYTES}}}$")]

_HALF = rf"\d{{{recovery.HANDOVER_DIGITS // 2}}}"
HANDOVER_SECRET = re.compile(rf"(?<![\w-]){_HALF}[ -]?{_HALF}(?![\w-])", re.ASCII)
"""The one-time secret as a receipt shows it, perhaps in halves. A case's code has another length, a
group's is said in pairs.
"""


@dataclass(frozen=True, slots=True)
class AssistView:
    """What both pages are given. `case_buttons` are the two buttons, in the visitor's language,
    that lead to getting a case back; `address` is where visitors find this installation, empty when
    nobody said; `platforms` are the other ways to it.
    """

    first_button: str = "greet"
    case_buttons: tuple[str, str] = ("", "")
    address: str = ""
    platforms: tuple[str, ...] = ()


class Visit(BaseModel):
    """Which visit a page means."""

    visit: VisitId


class SaidOnVisit(Visit, Spoken):
    """What the visitor says."""


helper = allowed(Permission.HELP_VISITORS)


def calling_helper(
    who: Annotated[SignedIn, Depends(helper)], _: Annotated[SignedIn, Depends(checked_call)]
) -> SignedIn:
    """Give the helper whose page calls. Raises HTTPException as `helper` and `checked_call` do."""
    return who


Helper = Annotated[SignedIn, Depends(helper)]
Caller = Annotated[SignedIn, Depends(calling_helper)]


def writer(who: SignedIn, visit: str) -> Writer:
    """Give who writes on a visit. The limits count the member, not the visit."""
    # Colons: what the visitors' page may send as a conversation's number has none (api/chat.py).
    return Writer(user=f"assisted:{who.csrf}:{visit}", counted=f"member:{who.member_id}")


# ---- pages


@router.get("", response_class=HTMLResponse)
def remind(request: Request, who: Helper) -> HTMLResponse:
    """Show the counsellor what to keep in mind, and the way to the chat."""
    return page("assist.html", shell_of(request, who), AssistView())


@router.get("/chat", response_class=HTMLResponse)
def visit(request: Request, who: Helper, language: str = DEFAULT_LANGUAGE) -> HTMLResponse:
    """Show the chat in the visitor's language, whatever the counsellor reads."""
    language = language if language in LANGUAGES else DEFAULT_LANGUAGE
    shell = shell_of(request, who, language=language)
    return page("assist_chat.html", shell, _view(parts_of(request), Language(language)))


def _view(parts: Parts, language: Language) -> AssistView:
    platforms = {"Telegram": parts.telegram, "Messenger": parts.messenger}
    own_case, have_code = (parts.content.buttons[name] for name in ("status", "have_code"))
    return AssistView(
        first_button=FIRST_BUTTON[language],
        case_buttons=(own_case.title(language), have_code.title(language)),
        address=parts.settings.public_url or "",
        platforms=tuple(name for name, channel in platforms.items() if channel is not None),
    )


# ---- the chat's calls


@router.post("/visits")
def begin(request: Request, who: Caller) -> dict[str, str]:
    """Begin a visit; gives its number. Raises HTTPException 429 when there were too many."""
    site, number = site_of(request), token_hex(VISIT_BYTES)
    by = writer(who, number)
    if too_many(request, "chat", by.counted):
        raise HTTPException(429)
    with site.store.writing() as session:
        assisted.begin(session, by.pseudonym(site), who.member_id, site.clock())
    return {"visit": number}


def _on_visit(request: Request, who: SignedIn, number: str) -> Writer:
    """Give who writes. Raises HTTPException 404 when this session has no such visit."""
    site, by = site_of(request), writer(who, number)
    with site.store.reading() as session:
        if assisted.helper_of(session, by.pseudonym(site)) != who.member_id:
            raise HTTPException(404)
    return by


@router.post("/messages")
async def messages(request: Request, who: Caller, said: SaidOnVisit) -> JSONResponse:
    """Take what the visitor says, and answer as api/chat.py does, `receipt` besides."""
    by = await run_in_threadpool(_on_visit, request, who, said.visit)
    return await _with_receipt(request, by, await take_words(request, by, said))


@router.post("/files", max_body_size=10 * FILE_LIMIT)
async def files(
    request: Request,
    who: Caller,
    x_visit: Annotated[VisitId, Header()],
    kind: AttachmentKind,
    x_message: Annotated[MessageId | None, Header()] = None,
) -> JSONResponse:
    """Take a voice note, a photo or a paper of the visitor: the raw bytes are the body."""
    by = await run_in_threadpool(_on_visit, request, who, x_visit)
    return await _with_receipt(request, by, await take_file(request, by, kind, x_message))


@router.post("/end", status_code=204)
def end(request: Request, who: Caller, ended: Visit) -> None:
    """End a visit. What was told and not sent is destroyed: nobody could come back to it."""
    site, conversation = site_of(request), writer(who, ended.visit).pseudonym(site_of(request))
    with site.store.writing() as session:
        if assisted.helper_of(session, conversation) != who.member_id:
            return
        unsent = draft.find(session, conversation)
        if unsent is not None:
            draft.discard(session, site, unsent)
        assisted.end(session, conversation)


# ---- what is printed


async def _with_receipt(request: Request, by: Writer, answer: JSONResponse) -> JSONResponse:
    """Say beside the replies what of them belongs on her paper."""
    if answer.status_code != 200:
        return answer
    told: dict[str, Any] = json.loads(bytes(answer.body))
    texts = [str(reply["text"]) for reply in told["replies"]]
    receipt = await run_in_threadpool(_receipt, site_of(request), by, texts)
    return JSONResponse({**told, "receipt": dict(receipt)}) if receipt else answer


def _receipt(site: Site, by: Writer, texts: list[str]) -> Mapping[str, str]:
    """Give code and one-time secret when these replies show both; empty when they do not."""
    with site.store.reading() as session:
        codes = [spoken(code) for code in _codes(session, by.pseudonym(site))]
    return receipt_in(codes, texts)


def _codes(session: Session, conversation: str) -> list[str]:
    lodged = select(Case.code).where(Case.conversation == conversation)
    return list(session.exec(lodged.order_by(col(Case.lodged_at).desc())))


def receipt_in(codes: list[str], texts: list[str]) -> Mapping[str, str]:
    """Find `code` and `secret` in what the chat shows; `codes` are the visit's own, as they are
    said. Empty when one of the two is not there: half a paper gets nobody's case back.
    """
    for code in codes:
        # The bubble with the code first: the secret stands there, or in one after it.
        for text in sorted(texts, key=lambda text: code not in text):
            found = HANDOVER_SECRET.search(text.replace(code, ""))
            if found and any(code in each for each in texts):
                return {"code": code, "secret": found.group()}
    return {}
