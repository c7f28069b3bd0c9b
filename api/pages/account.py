"""The own account: password, second factor, recovery codes, sessions."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlmodel import Session
from starlette.responses import Response
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from api import devices, factors, passkeys, sessions
from api.factors import LastFactor, Passkey, Totp
from api.pages import entering
from api.pages.account_views import AccountPageView, PasskeyLine, SessionLine
from api.pages.confirm import WRONG_PASSWORD
from api.pages.page import page
from api.pages.second_factor import (
    TOO_MANY_PASSKEYS,
    WRONG_CODE,
    WRONG_PASSKEY,
    first_set,
    set_up_view,
)
from api.pages.second_factor_views import CodesView
from api.pages.shell import demo_of, shell_of, site_of
from api.policy import StepUpNeeded, allowed, checked_form, stepped_up
from api.words import mark
from referrals import keyring
from referrals.audit import Act
from referrals.directory import Member, SignedIn
from referrals.keyring import PASSWORD_LENGTH, WeakPassword
from referrals.permission import Permission
from referrals.sealing import CannotOpen

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

Who = Annotated[SignedIn, Depends(allowed(Permission.OWN_ACCOUNT))]
Form = Annotated[Mapping[str, str], Depends(checked_form)]

AT = "/account"
AUTHENTICATOR = f"{AT}/authenticator"
PASSKEYS = f"{AT}/passkeys"

DIFFERENT = mark("The two passwords are not the same.")
WEAK = mark("The password is too short or too long.")
LAST = mark("This is your only second factor. Please add another one first.")
DONE: Mapping[str, str] = {
    "password": mark("The password is changed. All other sessions have ended."),
    "authenticator": mark("The new code program is set up. The old one no longer works."),
    "passkey": mark("The passkey is added."),
    "removed": mark("It is removed."),
    "ended": mark("Ended."),
}
"""What is said after an act, by the word that stands in the address."""


def step_up(request: Request, who: Who) -> SignedIn:
    """Give who is signed in and showed a second factor just now. Raises StepUpNeeded; not for who
    has none, which only the demo lets in.
    """
    with site_of(request).store.reading() as session:
        has_factor = factors.has_any(session, who.member_id)
    if has_factor and not stepped_up(request, who):
        raise StepUpNeeded(AT)
    return who


Sure = Annotated[SignedIn, Depends(step_up)]


def _view(
    request: Request, session: Session, who: SignedIn, *, problem: str = "", done: str = ""
) -> AccountPageView:
    totp = session.get(Totp, who.member_id)
    held = factors.passkeys_of(session, who.member_id)
    return AccountPageView(
        email=session.get_one(Member, who.member_id).email,
        origin=entering.party_of(request).origin,
        totp_since=totp.confirmed_at if totp else None,
        passkeys=tuple(_passkey_line(each) for each in held),
        codes_left=factors.codes_left(session, who.member_id),
        sessions=tuple(
            SessionLine(each.id, each.device, each.begun, each.seen, here=each.id == who.session)
            for each in sessions.of_member(session, who.member_id, site_of(request).clock())
        ),
        removable=demo_of(request) or len(held) + (totp is not None) > 1,
        least=PASSWORD_LENGTH[0],
        device=devices.label(request.headers.get("user-agent", "")),
        problem=problem,
        done=done,
    )


def _passkey_line(held: Passkey) -> PasskeyLine:
    return PasskeyLine(bytes_to_base64url(held.credential), held.name, held.made_at, held.used_at)


@router.get(AT)
def account(request: Request, who: Who, done: str = "") -> HTMLResponse:
    """Show the own account."""
    with site_of(request).store.reading() as session:
        view = _view(request, session, who, done=DONE.get(done, ""))
    return page("account.html", shell_of(request, who), view)


def _refused(request: Request, who: SignedIn, problem: str) -> HTMLResponse:
    with site_of(request).store.reading() as session:
        view = _view(request, session, who, problem=problem)
    return page("account.html", shell_of(request, who), view, 422)


def _back(done: str) -> Response:
    return RedirectResponse(f"{AT}?done={done}", status_code=303)


# ---- the password


@router.post(f"{AT}/password")
def change_password(request: Request, who: Sure, form: Form) -> Response:
    """Change the password; the old one is asked for, and every other session ends."""
    site, new = site_of(request), form.get("password", "")
    if new != form.get("again", ""):
        return _refused(request, who, DIFFERENT)
    # What takes long on purpose is done before the transaction.
    with site.store.reading() as session:
        member = session.get_one(Member, who.member_id)
    old = member.sealed_private_key
    try:
        keyring.lock(member, keyring.unlock(member, form.get("old", "")), new)
    except WeakPassword:
        return _refused(request, who, WEAK)
    except CannotOpen:
        return _wrong_password(request, who)
    with site.store.writing() as session:
        _, kept = entering.row_of(session, who.session)
        if kept.sealed_private_key != old or kept.left_at is not None:
            return _refused(request, who, WRONG_PASSWORD)  # changed elsewhere at this moment
        kept.salt, kept.sealed_private_key = member.salt, member.sealed_private_key
        session.add(kept)
        sessions.end(session, site, who)
        factors.trace(session, site, Act.PASSWORD_CHANGED, kept)
        cookie = request.cookies.get(sessions.COOKIE)
        made = sessions.renew(session, site, cookie, whole=False, shown=False)
    answer = _back("password")
    entering.hand_cookie(request, answer, made)
    return answer


def _wrong_password(request: Request, who: SignedIn) -> Response:
    with site_of(request).store.writing() as session:
        row, member = entering.row_of(session, who.session)
        judged = entering.judge(
            request, session, row, member, lambda _s, _r, _m: None, Act.STEP_UP_FAILED
        )
    if not judged.spent:
        return _refused(request, who, WRONG_PASSWORD)
    answer = RedirectResponse("/sign-in", status_code=303)
    answer.delete_cookie(sessions.COOKIE)
    return answer


# ---- the second factor


@router.get(AUTHENTICATOR)
def offer(request: Request, who: Sure) -> HTMLResponse:
    """Show the secret of another authenticator. The old one works until this is confirmed."""
    return _offered(request, who)


def _offered(request: Request, who: SignedIn, problem: str = "") -> HTMLResponse:
    with site_of(request).store.reading() as session:
        email = session.get_one(Member, who.member_id).email
    view = set_up_view(
        request,
        who.session,
        email,
        at=AUTHENTICATOR,
        passkeys_at=PASSKEYS,
        first=False,
        problem=problem,
    )
    return page("set_up_factor.html", shell_of(request, who), view, 422 if problem else 200)


@router.post(AUTHENTICATOR)
def set_authenticator(request: Request, who: Sure, form: Form) -> Response:
    """Take the first code of another authenticator, which replaces the old one."""
    site = site_of(request)
    codes: tuple[str, ...] = ()
    try:
        with site.store.writing() as session:
            row, member = entering.row_of(session, who.session)
            had = factors.has_any(session, member.id)
            secret = factors.offered_secret(site, row.id)
            factors.set_totp(session, site, member, secret, form.get("code", ""))
            if had:
                cookie = request.cookies.get(sessions.COOKIE)
                made = sessions.renew(session, site, cookie, whole=True)
            else:
                made, codes = first_set(request, session, row, member, whole=True)
    except factors.WrongCode:
        return _offered(request, who, WRONG_CODE)
    return _added(request, made, codes, "authenticator")


def _added(request: Request, cookie: str, codes: tuple[str, ...], done: str) -> Response:
    """Go back to the account; with a first factor, by way of the recovery codes."""
    answer = _back(done)
    if codes:
        whole = sessions.current(site_of(request), cookie)
        answer = page("recovery_codes.html", shell_of(request, whole), CodesView(codes, AT, False))
    entering.hand_cookie(request, answer, cookie)
    return answer


@router.post(f"{AUTHENTICATOR}/remove")
def remove_authenticator(request: Request, who: Sure, form: Form) -> Response:  # noqa: ARG001 guarded
    """Take the authenticator away, when there is another factor."""
    return _removed(request, who, None)


@router.post(f"{PASSKEYS}/challenge")
def challenge(request: Request, who: Sure, form: Form) -> Response:  # noqa: ARG001 guarded
    """Give what the browser needs to make a passkey."""
    site, party = site_of(request), entering.party_of(request)
    try:
        with site.store.writing() as session:
            row, member = entering.row_of(session, who.session)
            made = passkeys.ask_to_add(session, row, member, party, site.clock())
    except passkeys.TooMany:
        return Response("{}", 409, media_type="application/json")
    return Response(made, media_type="application/json")


@router.post(f"{PASSKEYS}/passkey")
def add_passkey(request: Request, who: Sure, form: Form) -> Response:
    """Keep a passkey that the browser made."""
    site, party = site_of(request), entering.party_of(request)
    made, problem = "", ""
    codes: tuple[str, ...] = ()
    with site.store.writing() as session:
        row, member = entering.row_of(session, who.session)
        had = factors.has_any(session, member.id)
        try:
            passkeys.add(
                session, site, row, member, party, form.get("answer", ""), form.get("name", "")
            )
        except passkeys.WrongPasskey:
            problem = WRONG_PASSKEY  # the challenge is used up all the same
        except passkeys.TooMany:
            problem = TOO_MANY_PASSKEYS
        else:
            if had:
                cookie = request.cookies.get(sessions.COOKIE)
                made = sessions.renew(session, site, cookie, whole=True, shown=False)
            else:
                made, codes = first_set(request, session, row, member, whole=True)
    return _refused(request, who, problem) if problem else _added(request, made, codes, "passkey")


@router.post(f"{PASSKEYS}/remove")
def remove_passkey(request: Request, who: Sure, form: Form) -> Response:
    """Take a passkey away, when there is another factor."""
    try:
        return _removed(request, who, base64url_to_bytes(form.get("id", "")))
    except ValueError:
        return _back("removed")


def _removed(request: Request, who: SignedIn, credential: bytes | None) -> Response:
    """Take a passkey away, or (None) the authenticator."""
    site, free = site_of(request), demo_of(request)
    try:
        with site.store.writing() as session:
            _, member = entering.row_of(session, who.session)
            if credential is None:
                factors.remove_totp(session, site, member, may_be_last=free)
            else:
                factors.remove_passkey(session, site, member, credential, may_be_last=free)
    except LastFactor:
        return _refused(request, who, LAST)
    return _back("removed")


@router.post(f"{AT}/codes")
def new_codes(request: Request, who: Sure, form: Form) -> HTMLResponse:  # noqa: ARG001 guarded
    """Show new recovery codes, once; the old ones are void."""
    site = site_of(request)
    with site.store.writing() as session:
        _, member = entering.row_of(session, who.session)
        codes = factors.new_codes(session, site, member)
    return page("recovery_codes.html", shell_of(request, who), CodesView(codes, AT, False))


# ---- sessions


@router.post(f"{AT}/sessions/end")
def end_session(request: Request, who: Who, form: Form) -> Response:
    """End one of the own sessions; without a name of one, all but this."""
    site = site_of(request)
    with site.store.writing() as session:
        sessions.end(session, site, who, form.get("session") or None)
    return _back("ended")
