"""What the pages of signing in and of the own account share: cookies, who asks for a passkey, and
the judgement of a second factor.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from fastapi import Request
from sqlmodel import Session
from starlette.responses import Response

from api import limits, sessions, tries
from api.factors import Shown, trace
from api.pages.shell import site_of
from api.parts import parts_of
from api.passkeys import Party, Purpose, ask_to_show, party
from api.policy import NotSignedIn
from api.staff_session import StaffSession
from referrals.audit import Act
from referrals.directory import Member

Judge = Callable[[Session, StaffSession, Member], Shown | None]
"""Says what was shown, in the caller's transaction; None when it was wrong."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What was shown, None when it was wrong. `spent`: too often, and the session has ended."""

    shown: Shown | None
    spent: bool = False


def party_of(request: Request) -> Party:
    """Say who asks for passkeys here."""
    listens = cast(tuple[str, int | None] | None, request.scope.get("server"))
    settings = parts_of(request).settings
    return party(settings.public_url, (listens and listens[1]) or settings.port)


def place_of(request: Request, session: Session, email: str) -> str:
    """Say from where somebody tries this account (tries.py)."""
    device = request.cookies.get(tries.DEVICE_COOKIE, "")
    return tries.place_of(session, site_of(request), email, limits.address_of(request), device)


def judge(
    request: Request,
    session: Session,
    row: StaffSession,
    member: Member,
    what: Judge,
    failed: Act,
) -> Judged:
    """Judge a second factor. A wrong one is counted and leaves a trace (`failed`); after
    tries.CODES of them the session ends, and half a session is not heard at all when there were
    too many in other ones. The caller's transaction must be committed all the same.
    """
    site, place = site_of(request), place_of(request, session, member.email)
    if row.factor_at is not None or not tries.waits(session, site, member.email, place):
        shown = what(session, row, member)
        if shown is not None:
            return Judged(shown)
        trace(session, site, failed, member)
        if not tries.wrong_code(session, site, row.id, member.email, place):
            return Judged(None)
    trace(session, site, Act.SESSION_ENDED, member, row.id[:16])
    session.delete(row)
    session.flush()
    return Judged(None, spent=True)


def row_of(session: Session, session_id: str) -> tuple[StaffSession, Member]:
    """Give a session's row and whose it is, locked against others who judge at the same moment.

    Raises policy.NotSignedIn when it ended meanwhile.
    """
    row = session.get(StaffSession, session_id, with_for_update=True)
    if row is None:
        raise NotSignedIn
    return row, session.get_one(Member, row.member_id, with_for_update=True)


def hand_cookie(request: Request, answer: Response, value: str) -> None:
    """Give the browser the session's cookie."""
    answer.set_cookie(
        sessions.COOKIE,
        value,
        httponly=True,
        samesite="lax",
        secure=parts_of(request).settings.secure_cookies,
    )


def device_of(request: Request) -> str:
    """Give the token of this browser: the one it holds, else a new one."""
    held = request.cookies.get(tries.DEVICE_COOKIE, "")
    return held if 32 <= len(held) <= 64 else tries.new_device()


def hand_device(request: Request, answer: Response, device: str) -> None:
    """Give the browser the cookie by which it is known after a full sign-in."""
    answer.set_cookie(
        tries.DEVICE_COOKIE,
        device,
        max_age=int(tries.DEVICE_KEPT.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=parts_of(request).settings.secure_cookies,
    )


def challenge(request: Request, session_id: str, purpose: Purpose) -> Response:
    """Give what the browser needs to show a passkey for a purpose."""
    site = site_of(request)
    with site.store.writing() as session:
        row, _ = row_of(session, session_id)
        made = ask_to_show(session, row, party_of(request), purpose, site.clock())
    return Response(made, media_type="application/json")
