"""The second factor at sign-in: asking for it, setting up the first one, and the recovery codes.

Whoever is here showed the password and sees nothing else. Each route serves one stage and sends
those who are at another one there: a second tab, a page that waited, a button pressed twice.
"""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from sqlmodel import Session, col, delete
from starlette.responses import Response

from api import devices, factors, passkeys, sessions, tries
from api.pages import entering
from api.pages.entering import Judge
from api.pages.page import page
from api.pages.second_factor_views import AskView, CodesView, SetUpView, grouped
from api.pages.shell import LANGUAGE_COOKIE, home_of, shell_of, site_of
from api.pages.verify import drawn
from api.pages.views import Shell
from api.policy import PAGE_EXPIRED, NotSignedIn, from_own_site, half_signed_in
from api.sessions import HalfSignedIn
from api.staff_session import StaffSession
from api.words import mark
from referrals.audit import Act
from referrals.directory import Member

ASK, NEW = "/second-factor", "/second-factor/new"

WRONG_CODE = mark("This code is not right, or it was used already. Wait for the next one.")
WRONG_PASSKEY = mark("That did not work. Please try again, or use another way.")
TOO_MANY_PASSKEYS = mark("There are ten passkeys already. Please remove one first.")
NOT_WRITTEN = mark("Please write the codes down first, and say so.")


class _Elsewhere(Exception):
    """This is not the stage where somebody is. `to` is the path of that."""

    def __init__(self, to: str) -> None:
        super().__init__(to)
        self.to = to


class _Sent(APIRoute):
    """A route that sends who is at another stage there."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Give what answers a request."""
        answers = super().get_route_handler()

        async def sent(request: Request) -> Response:
            try:
                return await answers(request)
            except _Elsewhere as elsewhere:
                return RedirectResponse(elsewhere.to, status_code=303)

        return sent


router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False, route_class=_Sent)


class Stage(Enum):
    """How far a sign-in is after the password."""

    ASKED = "asked"
    SETS_UP = "sets up"
    WRITES_CODES = "writes codes"
    DONE = "done"


def stage_of(half: HalfSignedIn) -> Stage:
    """Say how far somebody is."""
    if half.whole:
        return Stage.DONE
    if not half.has_factor:
        return Stage.SETS_UP
    return Stage.WRITES_CODES if half.factor_shown else Stage.ASKED


_PATHS = {Stage.ASKED: ASK, Stage.SETS_UP: NEW, Stage.WRITES_CODES: ASK, Stage.DONE: "/home"}


@dataclass(frozen=True, slots=True)
class _At:
    """Gives who is at one stage; everybody else is sent to hers."""

    stage: Stage

    def __call__(self, half: Annotated[HalfSignedIn, Depends(half_signed_in)]) -> HalfSignedIn:
        if stage_of(half) is not self.stage:
            raise _Elsewhere(_PATHS[stage_of(half)])
        return half


Asked = Annotated[HalfSignedIn, Depends(_At(Stage.ASKED))]
SetsUp = Annotated[HalfSignedIn, Depends(_At(Stage.SETS_UP))]
WritesCodes = Annotated[HalfSignedIn, Depends(_At(Stage.WRITES_CODES))]
Anybody = Annotated[HalfSignedIn, Depends(half_signed_in)]


async def half_form(request: Request, half: Anybody) -> dict[str, str]:
    """Give the fields of a form, as policy.checked_form does for who is signed in."""
    from_own_site(request)
    if half.whole:
        raise _Elsewhere(_PATHS[Stage.DONE])
    form = await request.form(max_files=0, max_fields=20)
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    if not sessions.csrf_fits(half, fields.get("csrf", "")):
        raise HTTPException(PAGE_EXPIRED)
    return fields


Form = Annotated[Mapping[str, str], Depends(half_form)]


def _shell(request: Request, half: HalfSignedIn) -> Shell:
    language = request.cookies.get(LANGUAGE_COOKIE) or half.language
    return replace(shell_of(request, language=language), csrf=half.csrf)


# ---- asking


@router.get(ASK)
def ask(request: Request, half: Anybody) -> Response:
    """Ask for the second factor, or go where it is set up. Who left before the recovery codes were
    written down is offered new ones.
    """
    stage = stage_of(half)
    if stage is Stage.ASKED:
        return _asked(request, half)
    if stage is Stage.WRITES_CODES:
        return _codes(request, half, ())
    return RedirectResponse(_PATHS[stage], status_code=303)


def _asked(request: Request, half: HalfSignedIn, problem: str = "") -> HTMLResponse:
    with site_of(request).store.reading() as session:
        view = AskView(
            at=ASK,
            origin=entering.party_of(request).origin,
            totp=factors.has_totp(session, half.member_id),
            passkeys=bool(factors.passkeys_of(session, half.member_id)),
            problem=problem,
        )
    return page("second_factor.html", _shell(request, half), view, 401 if problem else 200)


@router.post(ASK)
def show_code(request: Request, half: Asked, form: Form) -> Response:
    """Take a code of the authenticator, or a recovery code."""
    site, typed = site_of(request), form.get("code", "")
    return _judged(
        request,
        half,
        lambda session, _row, member: factors.shows_code(session, site, member, typed),
        WRONG_CODE,
    )


@router.post(f"{ASK}/challenge")
def challenge(request: Request, half: Asked, form: Form) -> Response:  # noqa: ARG001 guarded
    """Give what the browser needs to show a passkey."""
    return entering.challenge(request, half.session, passkeys.Purpose.SIGN_IN)


@router.post(f"{ASK}/passkey")
def show_passkey(request: Request, half: Asked, form: Form) -> Response:
    """Take a passkey."""
    site, party, answer = site_of(request), entering.party_of(request), form.get("answer", "")
    return _judged(
        request,
        half,
        lambda session, row, _member: passkeys.shows_passkey(
            session, site, row, party, passkeys.Purpose.SIGN_IN, answer
        ),
        WRONG_PASSKEY,
    )


def _judged(request: Request, half: HalfSignedIn, what: Judge, problem: str) -> Response:
    site, cookie = site_of(request), request.cookies.get(sessions.COOKIE)
    device = entering.device_of(request)
    with site.store.writing() as session:
        row, member = entering.row_of(session, half.session)
        judged = entering.judge(request, session, row, member, what, Act.FACTOR_FAILED)
        if judged.shown is not None:
            made = sessions.renew(session, site, cookie, whole=True)
            tries.know(session, site, member.id, device)
    if judged.spent:
        return _out()
    if judged.shown is None:
        return _asked(request, half, problem)
    # Who used a recovery code has lost her phone, and sets up another on that page.
    lost = judged.shown is factors.Shown.RECOVERY_CODE
    return _in(request, made, device, "/account" if lost else "")


# ---- setting up the first one


@router.get(NEW)
def offer(request: Request, half: SetsUp) -> HTMLResponse:
    """Show the secret to scan, and the button for a passkey."""
    return _offered(request, half)


def set_up_view(
    request: Request,
    session_id: str,
    email: str,
    *,
    at: str = NEW,
    passkeys_at: str = NEW,
    first: bool = True,
    problem: str = "",
) -> SetUpView:
    """Give what the page shows on which a second factor is set up, in this session."""
    secret = factors.offered_secret(site_of(request), session_id)
    return SetUpView(
        at=at,
        passkeys_at=passkeys_at,
        origin=entering.party_of(request).origin,
        qr=drawn(factors.address_of(secret, email)),
        secret=tuple(grouped(secret)),
        device=devices.label(request.headers.get("user-agent", "")),
        first=first,
        problem=problem,
    )


def _offered(request: Request, half: HalfSignedIn, problem: str = "") -> HTMLResponse:
    view = set_up_view(request, half.session, half.email, problem=problem)
    return page("set_up_factor.html", _shell(request, half), view, 422 if problem else 200)


@router.post(NEW)
def confirm(request: Request, half: SetsUp, form: Form) -> Response:
    """Take the first code of a new authenticator, and show the recovery codes."""
    site = site_of(request)
    try:
        with site.store.writing() as session:
            row, member = _without_any(session, half)
            secret = factors.offered_secret(site, row.id)
            factors.set_totp(session, site, member, secret, form.get("code", ""))
            made, codes = first_set(request, session, row, member, whole=False)
    except factors.WrongCode:
        return _offered(request, half, WRONG_CODE)
    return _shown_codes(request, made, codes)


@router.post(f"{NEW}/challenge")
def new_challenge(request: Request, half: SetsUp, form: Form) -> Response:  # noqa: ARG001 guarded
    """Give what the browser needs to make a passkey."""
    site, party = site_of(request), entering.party_of(request)
    with site.store.writing() as session:
        row, member = _without_any(session, half)
        made = passkeys.ask_to_add(session, row, member, party, site.clock())
    return Response(made, media_type="application/json")


@router.post(f"{NEW}/passkey")
def new_passkey(request: Request, half: SetsUp, form: Form) -> Response:
    """Keep the passkey that the browser made, and show the recovery codes."""
    site, party = site_of(request), entering.party_of(request)
    made = ""
    codes: tuple[str, ...] = ()
    with site.store.writing() as session:
        row, member = _without_any(session, half)
        try:
            passkeys.add(
                session, site, row, member, party, form.get("answer", ""), form.get("name", "")
            )
        except passkeys.WrongPasskey:
            pass  # the challenge is used up all the same
        else:
            made, codes = first_set(request, session, row, member, whole=False)
    return _shown_codes(request, made, codes) if made else _offered(request, half, WRONG_PASSKEY)


def _without_any(session: Session, half: HalfSignedIn) -> tuple[StaffSession, Member]:
    """Give the session's row, once it is sure that no other tab was faster."""
    row, member = entering.row_of(session, half.session)
    if factors.has_any(session, member.id):
        raise _Elsewhere(ASK)
    return row, member


def first_set(
    request: Request, session: Session, row: StaffSession, member: Member, *, whole: bool
) -> tuple[str, tuple[str, ...]]:
    """Go on after the first second factor was set up; gives the new cookie and recovery codes.

    All other sessions end, for they were begun with the password alone.
    """
    site = site_of(request)
    others = delete(StaffSession).where(
        col(StaffSession.member_id) == member.id, col(StaffSession.id) != row.id
    )
    session.exec(others)
    codes = factors.new_codes(session, site, member)
    cookie = request.cookies.get(sessions.COOKIE)
    return sessions.renew(session, site, cookie, whole=whole), codes


def _shown_codes(request: Request, cookie: str, codes: tuple[str, ...]) -> Response:
    half = sessions.half(site_of(request), cookie)
    if half is None:
        raise NotSignedIn
    answer = _codes(request, half, codes)
    entering.hand_cookie(request, answer, cookie)
    return answer


# ---- the recovery codes


def _codes(
    request: Request, half: HalfSignedIn, codes: tuple[str, ...], problem: str = ""
) -> HTMLResponse:
    view = CodesView(codes, f"{ASK}/written", half=True, problem=problem)
    return page("recovery_codes.html", _shell(request, half), view, 422 if problem else 200)


@router.post(f"{ASK}/codes")
def new_codes(request: Request, half: WritesCodes, form: Form) -> Response:  # noqa: ARG001 guarded
    """Show new recovery codes to who left before she had written them down."""
    site = site_of(request)
    with site.store.writing() as session:
        _, member = entering.row_of(session, half.session)
        codes = factors.new_codes(session, site, member)
    return _codes(request, half, codes)


@router.post(f"{ASK}/written")
def written(request: Request, half: WritesCodes, form: Form) -> Response:
    """Believe that the codes were written down; with that the sign-in is complete."""
    if form.get("written") != "yes":
        return _codes(request, half, (), NOT_WRITTEN)
    site, device = site_of(request), entering.device_of(request)
    with site.store.writing() as session:
        _, member = entering.row_of(session, half.session)
        made = sessions.renew(session, site, request.cookies.get(sessions.COOKIE), whole=True)
        tries.know(session, site, member.id, device)
    return _in(request, made, device)


# ---- in, or out


def _in(request: Request, cookie: str, device: str, to: str = "") -> Response:
    """Bring a member who showed both to her first page."""
    who = sessions.current(site_of(request), cookie, factor_needed=True)
    answer = RedirectResponse(to or (home_of(who) if who else "/sign-in"), status_code=303)
    entering.hand_cookie(request, answer, cookie)
    entering.hand_device(request, answer, device)
    return answer


@router.post(f"{ASK}/leave")
def leave(request: Request, half: Anybody, form: Form) -> Response:  # noqa: ARG001 guarded
    """End the half session: she wants to begin anew, or another person sits here."""
    sessions.sign_out(site_of(request), request.cookies.get(sessions.COOKIE))
    return _out()


def _out() -> Response:
    answer = RedirectResponse("/sign-in", status_code=303)
    answer.delete_cookie(sessions.COOKIE)
    return answer
