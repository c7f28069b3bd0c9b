"""Signing in. The member's private key lies sealed in the session row, under a secret only the
cookie holds.
"""

import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Field, Session, SQLModel, col, delete, select

from referrals import audit, keyring, keys
from referrals.directory import Member, Organisation, SignedIn
from referrals.sealing import CannotOpen, SealedField, derived, open_, seal
from referrals.site import Site
from referrals.store import UtcDateTime
from referrals.taxonomy import Role

COOKIE = "samleng"
IDLE = timedelta(minutes=60)
ABSOLUTE = timedelta(hours=12)
"""A session ends after IDLE without a request, and after ABSOLUTE in any case."""

SESSION_KEY = SealedField("session", "sealed_key", "session")
SECRET_BYTES = 32


class SignInFailed(Exception):
    """The e-mail and the password do not belong together. Never says which of the two is wrong."""


class StaffSession(SQLModel, table=True):
    """One signed-in browser. `id` is derived from the cookie's secret, which is not kept.

    `device` is what the browser calls itself, in a word or two. Until `factor_at` the second factor
    is still missing, and nothing but asking for it is open; `stepped_up_at`: it was shown again.
    """

    __tablename__ = "session"

    id: str = Field(primary_key=True, max_length=64)
    member_id: str = Field(foreign_key="member.id", index=True, max_length=32)
    sealed_key: bytes
    csrf: str = Field(max_length=64)
    begun: datetime = Field(sa_type=UtcDateTime)
    seen: datetime = Field(sa_type=UtcDateTime, index=True)
    device: str = Field(default="", max_length=60)
    factor_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    stepped_up_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    challenge: bytes | None = None


@dataclass(frozen=True, slots=True, repr=False)
class HalfSignedIn:
    """Somebody who showed the password; the second factor is still to come."""

    member_id: str
    name: str
    language: str
    csrf: str
    session: str


@dataclass(frozen=True, slots=True, repr=False)
class _Cookie:
    secret: bytes

    @property
    def row(self) -> str:
        return derived(self.secret, "session-id").hex()

    @property
    def key(self) -> bytes:
        return derived(self.secret, "session-key")


def _read(cookie: str) -> _Cookie | None:
    try:
        secret = base64.urlsafe_b64decode(cookie)
    except ValueError:
        return None
    return _Cookie(secret) if len(secret) == SECRET_BYTES else None


_NOBODY = Member(id="0" * 32, email="", role=Role.CASE_WORKER, salt=None, sealed_private_key=None)
"""Tried in place of an unknown account, so that it takes as long as a wrong password."""


def sign_in(site: Site, email: str, password: str) -> str:
    """Open the member's key with the password and begin a session; gives the cookie's value.

    Raises SignInFailed, with a trace. An unknown account takes as long as a wrong password.
    """
    with site.store.reading() as session:
        member = session.exec(
            select(Member).where(Member.email == email.strip().lower())
        ).one_or_none()
    tried = member or _NOBODY
    try:
        private = keyring.unlock(tried, password)
    except CannotOpen:
        audit.record(site, audit.Act.SIGN_IN_FAILED, member_id=member.id if member else None)
        raise SignInFailed("e-mail and password do not belong together") from None
    return _begin(site, tried, private)


def _begin(site: Site, member: Member, private: keys.PrivateKey) -> str:
    cookie = _Cookie(secrets.token_bytes(SECRET_BYTES))
    now = site.clock()
    with site.store.writing() as session:
        session.exec(delete(StaffSession).where(col(StaffSession.seen) < now - IDLE))
        session.add(
            StaffSession(
                id=cookie.row,
                member_id=member.id,
                sealed_key=seal(cookie.key, SESSION_KEY, cookie.row, private.raw),
                csrf=secrets.token_urlsafe(32),
                begun=now,
                seen=now,
            )
        )
    audit.record(
        site,
        audit.Act.SIGNED_IN,
        member_id=member.id,
        organisation_id=member.organisation_id,
    )
    return base64.urlsafe_b64encode(cookie.secret).decode()


def half(site: Site, cookie_value: str | None) -> HalfSignedIn | None:
    """Give who showed the password with this cookie and not yet the second factor."""
    raise NotImplementedError


def current(
    site: Site, cookie_value: str | None, *, factor_needed: bool = False
) -> SignedIn | None:
    """Give who is signed in with this cookie, None when nobody (any more) is."""
    cookie = _read(cookie_value or "")
    if cookie is None:
        return None
    now = site.clock()
    with site.store.writing() as session:
        row = session.get(StaffSession, cookie.row)
        if row is None:
            return None
        if now - row.seen > IDLE or now - row.begun > ABSOLUTE:
            session.delete(row)
            return None
        row.seen = now
        session.add(row)
        return _signed_in(session, row, cookie)


def _signed_in(session: Session, row: StaffSession, cookie: _Cookie) -> SignedIn:
    member = session.get_one(Member, row.member_id)
    organisation = (
        session.get(Organisation, member.organisation_id) if member.organisation_id else None
    )
    return SignedIn(
        member_id=member.id,
        name=member.name,
        role=Role(member.role),
        organisation_id=member.organisation_id,
        organisation_name_km=organisation.name_km if organisation else "",
        organisation_name_en=organisation.name_en if organisation else "",
        language=member.language,
        csrf=row.csrf,
        key=keys.PrivateKey(open_(cookie.key, SESSION_KEY, cookie.row, row.sealed_key)),
        session=row.id,
        stepped_up_at=row.stepped_up_at,
    )


def sign_out(site: Site, cookie_value: str | None) -> None:
    """End the session; the sealed key is gone with it."""
    cookie = _read(cookie_value or "")
    if cookie is None:
        return
    with site.store.writing() as session:
        row = session.get(StaffSession, cookie.row)
        if row is not None:
            session.delete(row)


def csrf_fits(who: SignedIn, given: str) -> bool:
    """Compare a form's hidden field with the session's, in constant time."""
    return hmac.compare_digest(who.csrf.encode(), given.encode())
