"""Wrong sign-ins, counted by account and by address, so that strangers cannot lock staff out.

Everything is counted under the name that was typed, whether an account has it or not: who must
wait learns nothing about who has an account. A browser in which a member signed in before
(`KnownDevice`) is counted by itself: whatever others try, elsewhere or behind the same address, she
can sign in.
"""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel import Field, Session, SQLModel, col, delete, func, select

from referrals.directory import Member
from referrals.site import Site
from referrals.store import UtcDateTime

WINDOW = timedelta(minutes=15)
PER_PAIR = 6
"""Wrong tries within WINDOW for one account from one address, or from one known device."""

PER_ADDRESS = 60
"""Wrong tries within WINDOW from one address for all accounts (an office shares one)."""

STRANGERS = 30
"""Wrong tries within KEPT for one account from everywhere but known devices. From then on unknown
devices wait FIRST_DELAY after each further try, then twice as long, up to LONGEST_DELAY.
"""
FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(hours=1)
KEPT = timedelta(days=1)

CODES = 5
"""Wrong second factors (or passwords shown again) within KEPT, after which a session ends."""

DEVICE_COOKIE = "samleng-device"
DEVICE_KEPT = timedelta(days=90)
"""How long after its last sign-in a device is known."""

_KNOWN = "d:"
_NO_ADDRESS = "-"


class SignInTry(SQLModel, table=True):
    """One wrong sign-in. Account and address are HMACs under the server key.

    For a wrong second factor there is another row, with the session in place of the account.
    """

    __tablename__ = "sign_in_try"

    id: int | None = Field(default=None, primary_key=True)
    account: str = Field(index=True, max_length=64)
    address: str = Field(index=True, max_length=64)
    at: datetime = Field(sa_type=UtcDateTime, index=True)


class KnownDevice(SQLModel, table=True):
    """A browser in which a member signed in before: it holds a token, we its HMAC.

    The member is in the HMAC: several members who share a computer share its token.
    """

    __tablename__ = "known_device"

    token: str = Field(primary_key=True, max_length=64)
    member_id: str = Field(foreign_key="member.id", index=True, max_length=32)
    seen: datetime = Field(sa_type=UtcDateTime)


class MustWait(Exception):
    """There were too many wrong tries; `wait` says how long no more are heard."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("too many wrong tries")
        self.wait = wait


def _account(site: Site, email: str) -> str:
    return site.server_key.pseudonym("sign-in account", email)


def _session_mark(site: Site, session_id: str) -> str:
    return site.server_key.pseudonym("sign-in session", session_id)


def place_of(session: Session, site: Site, email: str, address: str, device: str) -> str:
    """Say from where somebody tries this account: from a device that is known for it, else from
    this address.
    """
    member = session.exec(select(Member.id).where(Member.email == email)).one_or_none()
    known = session.get(KnownDevice, _token(site, device, member)) if device and member else None
    if known is not None and site.clock() - known.seen <= DEVICE_KEPT:
        return _KNOWN + known.token[: 64 - len(_KNOWN)]
    return site.server_key.pseudonym("sign-in address", address)


def begin(session: Session, site: Site, email: str, place: str) -> int:
    """Count a try before it is judged, so that many at once are not more; gives its number, for
    `right`. Raises MustWait.
    """
    account, now = _account(site, email), site.clock()
    if session.get_bind().dialect.name == "postgresql":
        # One after the other for one account; SQLite has one writer anyway.
        session.execute(
            text("SELECT pg_advisory_xact_lock(hashtext(:account))"), {"account": account}
        )
    session.exec(delete(SignInTry).where(col(SignInTry.at) < now - KEPT))
    wait = _wait(session, account, place, now)
    if wait > timedelta(0):
        raise MustWait(wait)
    tried = SignInTry(account=account, address=place, at=now)
    session.add(tried)
    session.flush()
    return tried.id or 0


def _wait(session: Session, account: str, place: str, now: datetime) -> timedelta:
    tries = select(SignInTry.at).order_by(col(SignInTry.at).desc())
    here = tries.where(SignInTry.address == place, col(SignInTry.at) > now - WINDOW)
    pair = session.exec(here.where(SignInTry.account == account).limit(PER_PAIR)).all()
    waits: list[timedelta] = [pair[-1] + WINDOW - now] if len(pair) >= PER_PAIR else []
    if not place.startswith(_KNOWN):
        shared = session.exec(here.limit(PER_ADDRESS)).all()
        waits += [shared[-1] + WINDOW - now] if len(shared) >= PER_ADDRESS else []
        strange = session.exec(
            tries.where(
                SignInTry.account == account,
                col(SignInTry.address).not_like(f"{_KNOWN}%"),
                col(SignInTry.at) > now - KEPT,
            )
        ).all()
        if len(strange) >= STRANGERS:
            waits.append(strange[0] + _delay(len(strange) - STRANGERS) - now)
    return max(waits, default=timedelta(0))


def _delay(beyond: int) -> timedelta:
    """How long unknown devices wait after a try, when there were so many beyond STRANGERS."""
    return min(FIRST_DELAY * (1 << min(beyond, 20)), LONGEST_DELAY)


def waits(session: Session, site: Site, email: str, place: str) -> bool:
    """Say whether a second factor must wait as a password must: half sessions can be stocked up
    with right passwords, which are not counted.
    """
    return _wait(session, _account(site, email), place, site.clock()) > timedelta(0)


def right(session: Session, number: int) -> None:
    """Forget a try that turned out right."""
    session.exec(delete(SignInTry).where(col(SignInTry.id) == number))


def wrong_code(session: Session, site: Site, session_id: str, email: str, place: str) -> bool:
    """Count a wrong second factor of a session, for its account as well; says whether there were
    too many, and the session must end.
    """
    mark, now = _session_mark(site, session_id), site.clock()
    session.add(SignInTry(account=mark, address=_NO_ADDRESS, at=now))
    session.add(SignInTry(account=_account(site, email), address=place, at=now))
    session.flush()
    counted = select(func.count()).select_from(SignInTry).where(SignInTry.account == mark)
    return session.exec(counted).one() >= CODES


# ---- known devices


def _token(site: Site, device: str, member_id: str) -> str:
    return site.server_key.pseudonym("device", device, member_id)


def new_device() -> str:
    """Make the value of the cookie that a known device holds."""
    return secrets.token_urlsafe(32)


def know(session: Session, site: Site, member_id: str, device: str) -> None:
    """Remember that a member signed in on this device, and forget those of long ago."""
    now = site.clock()
    session.exec(delete(KnownDevice).where(col(KnownDevice.seen) < now - DEVICE_KEPT))
    session.merge(KnownDevice(token=_token(site, device, member_id), member_id=member_id, seen=now))
    session.flush()


def forget_devices(session: Session, member_id: str) -> None:
    """Know no device of this member any more."""
    session.exec(delete(KnownDevice).where(col(KnownDevice.member_id) == member_id))
