"""Signing in. The member's private key lies sealed in the session row, under a secret only the
cookie holds.

The password comes first and begins *half* a session, which opens nothing but the question for the
second factor. With the factor the session is renewed: another cookie, row and token, so that who
knew them before (session fixation) knows nothing.
"""

import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_
from sqlmodel import Session, col, delete, select

from api import factors
from api.staff_session import SESSION_KEY
from api.staff_session import StaffSession as StaffSession
from referrals import audit, keyring, keys
from referrals.directory import Member, Organisation, SignedIn
from referrals.sealing import CannotOpen, derived, open_, seal
from referrals.site import Site
from referrals.taxonomy import Role

COOKIE = "samleng"
IDLE = timedelta(minutes=60)
ABSOLUTE = timedelta(hours=12)
"""A session ends after IDLE without a request, and after ABSOLUTE in any case."""

HALF = timedelta(minutes=10)
"""How long after the password a second factor is waited for. Who sets up her first one has IDLE:
it takes installing a program on a phone.
"""

SECRET_BYTES = 32


class SignInFailed(Exception):
    """The e-mail and the password do not belong together. Never says which of the two is wrong."""


class NobodySignedIn(Exception):
    """The session that is to be renewed has ended."""


@dataclass(frozen=True, slots=True, repr=False)
class HalfSignedIn:
    """Somebody who showed the password. `has_factor`: there is one to ask for, else one must be
    set up. `factor_shown`: it was shown just now, and the recovery codes are still to be written
    down. `whole`: nothing is to come any more, the session opens pages.
    """

    member_id: str
    name: str
    language: str
    csrf: str
    session: str
    email: str
    has_factor: bool
    factor_shown: bool
    whole: bool


@dataclass(frozen=True, slots=True, repr=False)
class _Cookie:
    secret: bytes

    @classmethod
    def new(cls) -> "_Cookie":
        return cls(secrets.token_bytes(SECRET_BYTES))

    @property
    def value(self) -> str:
        return base64.urlsafe_b64encode(self.secret).decode()

    @property
    def row(self) -> str:
        return derived(self.secret, "session-id").hex()

    @property
    def key(self) -> bytes:
        return derived(self.secret, "session-key")


def _read(cookie: str | None) -> _Cookie | None:
    try:
        secret = base64.urlsafe_b64decode(cookie or "")
    except ValueError:
        return None
    return _Cookie(secret) if len(secret) == SECRET_BYTES else None


_NOBODY = Member(id="0" * 32, email="", role=Role.CASE_WORKER, salt=None, sealed_private_key=None)
"""Tried in place of an unknown account, so that it takes as long as a wrong password."""


def account_name(email: str) -> str:
    """Give an e-mail address as accounts are kept under it. PostgreSQL knows no NUL in a text."""
    return email.replace("\0", "").strip().lower()


def sign_in(
    site: Site, email: str, password: str, *, device: str = "", factor_needed: bool = False
) -> str:
    """Open the member's key with the password and begin half a session; gives the cookie's value.

    Without `factor_needed` it is whole for who has no second factor. Raises SignInFailed, with a
    trace. An unknown account takes as long as a wrong password.
    """
    with site.store.reading() as session:
        member = session.exec(
            select(Member).where(Member.email == account_name(email))
        ).one_or_none()
    tried = member or _NOBODY
    try:
        private = keyring.unlock(tried, password)
        if tried.left_at is not None:
            raise CannotOpen("this person left")
    except CannotOpen:
        audit.record(site, audit.Act.SIGN_IN_FAILED, member_id=member.id if member else None)
        raise SignInFailed("e-mail and password do not belong together") from None
    with site.store.writing() as session:
        relocked = keyring.relock_if_cheap(session, tried, private, password)
        still = relocked or _opens_still(session, tried)
        cookie = _begin(session, site, tried, private, device) if still else None
        if cookie and not factor_needed and not factors.has_any(session, tried.id):
            factors.trace(session, site, audit.Act.SIGNED_IN, tried)
    if cookie is None:
        audit.record(site, audit.Act.SIGN_IN_FAILED, member_id=tried.id)
        raise SignInFailed("the password was changed at this moment")
    return cookie.value


def _opens_still(session: Session, tried: Member) -> bool:
    """Say whether the password that was tried is still hers: a change ends every session, and one
    that was just beginning must not outlive it. Her row is locked against it.
    """
    sealed = select(Member.sealed_private_key).where(Member.id == tried.id).with_for_update()
    return session.exec(sealed).one_or_none() == tried.sealed_private_key


def _begin(
    session: Session, site: Site, member: Member, private: keys.PrivateKey, device: str
) -> _Cookie:
    cookie, now = _Cookie.new(), site.clock()
    old = or_(col(StaffSession.seen) < now - IDLE, col(StaffSession.begun) < now - ABSOLUTE)
    session.exec(delete(StaffSession).where(old))
    session.add(
        StaffSession(
            id=cookie.row,
            member_id=member.id,
            sealed_key=seal(cookie.key, SESSION_KEY, cookie.row, private.raw),
            csrf=secrets.token_urlsafe(32),
            begun=now,
            seen=now,
            device=device[:60],
        )
    )
    return cookie


def renew(
    session: Session, site: Site, cookie_value: str | None, *, whole: bool, shown: bool = True
) -> str:
    """Put another session in the place of this one; gives the new cookie's value.

    `shown`: a second factor was shown just now. `whole`: nothing is to come any more, and the
    sign-in is complete. Raises NobodySignedIn.
    """
    cookie, now = _read(cookie_value), site.clock()
    row = session.get(StaffSession, cookie.row) if cookie else None
    if cookie is None or row is None:
        raise NobodySignedIn
    made = _Cookie.new()
    private = open_(cookie.key, SESSION_KEY, cookie.row, row.sealed_key)
    if whole and row.factor_at is None:
        factors.trace(session, site, audit.Act.SIGNED_IN, session.get_one(Member, row.member_id))
    session.add(
        StaffSession(
            id=made.row,
            member_id=row.member_id,
            sealed_key=seal(made.key, SESSION_KEY, made.row, private),
            csrf=secrets.token_urlsafe(32),
            begun=row.begun,
            seen=now,
            device=row.device,
            factor_at=now if whole else row.factor_at,
            stepped_up_at=now if shown else row.stepped_up_at,
        )
    )
    session.delete(row)
    session.flush()
    return made.value


def _alive(session: Session, cookie: _Cookie, now: datetime) -> tuple[StaffSession, Member] | None:
    """Give a session that has not ended, and whose it is; one that has is deleted."""
    row = session.get(StaffSession, cookie.row)
    if row is None:
        return None
    member = session.get_one(Member, row.member_id)
    if now - row.seen > IDLE or now - row.begun > ABSOLUTE or member.left_at is not None:
        session.delete(row)
        return None
    row.seen = now
    session.add(row)
    return row, member


def half(site: Site, cookie_value: str | None) -> HalfSignedIn | None:
    """Give who showed the password with this cookie; None when nobody did, or too long ago."""
    cookie, now = _read(cookie_value), site.clock()
    if cookie is None:
        return None
    with site.store.writing() as session:
        found = _alive(session, cookie, now)
        if found is None:
            return None
        row, member = found
        has_factor = factors.has_any(session, member.id)
        waits_since = row.stepped_up_at or row.begun
        if row.factor_at is None and has_factor and now - waits_since > HALF:
            return None
        return HalfSignedIn(
            member_id=member.id,
            name=member.name,
            language=member.language,
            csrf=row.csrf,
            session=row.id,
            email=member.email,
            has_factor=has_factor,
            factor_shown=row.stepped_up_at is not None,
            whole=row.factor_at is not None,
        )


def current(
    site: Site, cookie_value: str | None, *, factor_needed: bool = False
) -> SignedIn | None:
    """Give who is signed in with this cookie, None when nobody (any more) is.

    Nobody is whose second factor is still to come: whoever has one, and with `factor_needed` who
    has none as well.
    """
    cookie = _read(cookie_value)
    if cookie is None:
        return None
    with site.store.writing() as session:
        found = _alive(session, cookie, site.clock())
        if found is None:
            return None
        row, member = found
        if row.factor_at is None and (factor_needed or factors.has_any(session, member.id)):
            return None
        return _signed_in(session, row, member, cookie)


def _signed_in(session: Session, row: StaffSession, member: Member, cookie: _Cookie) -> SignedIn:
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
    cookie = _read(cookie_value)
    if cookie is None:
        return
    with site.store.writing() as session:
        row = session.get(StaffSession, cookie.row)
        if row is not None:
            member = session.get_one(Member, row.member_id)
            factors.trace(session, site, audit.Act.SIGNED_OUT, member)
            session.delete(row)


def of_member(session: Session, member_id: str, now: datetime) -> list[StaffSession]:
    """Give a member's sessions that have not ended, the last seen first."""
    return list(
        session.exec(
            select(StaffSession)
            .where(
                StaffSession.member_id == member_id,
                col(StaffSession.seen) >= now - IDLE,
                col(StaffSession.begun) >= now - ABSOLUTE,
            )
            .order_by(col(StaffSession.seen).desc(), col(StaffSession.id))
        )
    )


def end(session: Session, site: Site, who: SignedIn, wanted: str | None = None) -> int:
    """End one session of the member's own, or (None) all but the present one; gives how many."""
    hers = select(StaffSession).where(StaffSession.member_id == who.member_id)
    if wanted is None:
        chosen = hers.where(StaffSession.id != who.session)
    else:
        chosen = hers.where(StaffSession.id == wanted)
    ended = session.exec(chosen).all()
    member = session.get_one(Member, who.member_id)
    for row in ended:
        factors.trace(session, site, audit.Act.SESSION_ENDED, member, row.id[:16])
        session.delete(row)
    session.flush()
    return len(ended)


def csrf_fits(who: SignedIn | HalfSignedIn, given: str) -> bool:
    """Compare a form's hidden field with the session's, in constant time."""
    return hmac.compare_digest(who.csrf.encode(), given.encode(errors="replace"))
