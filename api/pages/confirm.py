"""The second factor once more, before an act that asks for it (permission.NEEDS_STEP_UP)."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from api import factors, passkeys, sessions
from api.factors import Shown
from api.pages import entering
from api.pages.entering import Judge
from api.pages.page import page
from api.pages.second_factor import WRONG_CODE, WRONG_PASSKEY
from api.pages.second_factor_views import AskView
from api.pages.shell import demo_of, shell_of, site_of
from api.policy import allowed, checked_form, page_open_now
from api.words import mark
from referrals import keyring
from referrals.audit import Act
from referrals.directory import Member, SignedIn
from referrals.permission import Permission
from referrals.sealing import CannotOpen

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

Who = Annotated[SignedIn, Depends(allowed(Permission.OWN_ACCOUNT))]
Form = Annotated[Mapping[str, str], Depends(checked_form)]

AT = "/confirm"
WRONG_PASSWORD = mark("The password is not right.")
LONGEST_PATH = 500


def own_path(back: str) -> str:
    """Give a path of ours as it came, and `/home` for everything else: nobody is sent elsewhere.

    A browser reads a backslash as a slash, and drops tabs and line ends; so neither may be in it.
    """
    if not back.startswith("/") or "\\" in back or not back.isprintable():
        return "/home"
    try:
        parts = urlsplit(back)
    except ValueError:
        return "/home"
    foreign = parts.scheme or parts.netloc or back.startswith("//") or len(back) > LONGEST_PATH
    return "/home" if foreign or parts.path == AT else back


@router.get(AT)
def ask(request: Request, who: Who, back: str = "") -> HTMLResponse:
    """Ask for the second factor; in the demo, who has none is asked for the password."""
    return _asked(request, who, back)


def _asked(request: Request, who: SignedIn, back: str, problem: str = "") -> HTMLResponse:
    with site_of(request).store.reading() as session:
        totp = factors.has_totp(session, who.member_id)
        held = bool(factors.passkeys_of(session, who.member_id))
    view = AskView(
        at=AT,
        origin=entering.party_of(request).origin,
        totp=totp,
        passkeys=held,
        by_password=demo_of(request) and not totp and not held,
        again=True,
        back=own_path(back),
        leave=page_open_now(request, urlsplit(own_path(back)).path),
        problem=problem,
    )
    return page("second_factor.html", shell_of(request, who), view, 401 if problem else 200)


@router.post(AT)
def show(request: Request, who: Who, form: Form) -> Response:
    """Take a code; in the demo the password of who has no second factor."""
    site, typed = site_of(request), form.get("code", "")
    with site.store.reading() as session:
        member = session.get_one(Member, who.member_id)
        by_password = demo_of(request) and not factors.has_any(session, who.member_id)
    if by_password:
        # Before the transaction: it takes long on purpose.
        right = _opens(member, form.get("password", ""))
        shown = Shown.PASSWORD if right else None
        return _judged(request, who, form, lambda _s, _r, _m: shown, WRONG_PASSWORD)
    return _judged(
        request,
        who,
        form,
        lambda session, _row, member: factors.shows_code(session, site, member, typed),
        WRONG_CODE,
    )


def _opens(member: Member, password: str) -> bool:
    try:
        keyring.unlock(member, password)
    except CannotOpen:
        return False
    return True


@router.post(f"{AT}/challenge")
def challenge(request: Request, who: Who, form: Form) -> Response:  # noqa: ARG001 guarded
    """Give what the browser needs to show a passkey."""
    return entering.challenge(request, who.session, passkeys.Purpose.STEP_UP)


@router.post(f"{AT}/passkey")
def show_passkey(request: Request, who: Who, form: Form) -> Response:
    """Take a passkey."""
    site, party, answer = site_of(request), entering.party_of(request), form.get("answer", "")
    return _judged(
        request,
        who,
        form,
        lambda session, row, _member: passkeys.shows_passkey(
            session, site, row, party, passkeys.Purpose.STEP_UP, answer
        ),
        WRONG_PASSKEY,
    )


def _judged(
    request: Request, who: SignedIn, form: Mapping[str, str], what: Judge, problem: str
) -> Response:
    site, back = site_of(request), form.get("back", "")
    with site.store.writing() as session:
        row, member = entering.row_of(session, who.session)
        judged = entering.judge(request, session, row, member, what, Act.STEP_UP_FAILED)
        if judged.shown is not None:
            row.stepped_up_at = site.clock()
            session.add(row)
            factors.trace(session, site, Act.STEPPED_UP, member, judged.shown)
    if judged.spent:
        answer = RedirectResponse("/sign-in", status_code=303)
        answer.delete_cookie(sessions.COOKIE)
        return answer
    if judged.shown is None:
        return _asked(request, who, back, problem)
    return RedirectResponse(own_path(back), status_code=303)
