"""The second thing a member signs in with: a code from a phone (TOTP, RFC 6238), a passkey
(WebAuthn, passkeys.py), or a recovery code.
"""

import hmac
import secrets
from base64 import b32encode
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

import pyotp
from sqlalchemy import CursorResult
from sqlmodel import Field, Session, SQLModel, col, delete, func, select, update

from api import tries
from api.staff_session import StaffSession
from referrals import audit
from referrals.directory import Member, SignedIn
from referrals.sealing import CannotOpen, SealedField
from referrals.site import Site
from referrals.store import UtcDateTime
from referrals.taxonomy import Role

TOTP_SECRET = SealedField("totp", "sealed_secret", "server")
SECRET_BYTES = 20
"""As long as HMAC-SHA1's output (RFC 4226, R6: at least 16, 20 recommended)."""
STEP = 30
"""Seconds of one code (RFC 6238's default, the only one that every phone program knows)."""
SKEW = 1
"""Steps that a phone's clock may be early or late."""
DIGITS = 6
ISSUER = "Samleng"

CODE_COUNT = 10
CODE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's Base32: no I, L, O or U, which are misread. A code of CODE_LENGTH has 50 bits."""
CODE_LENGTH = 10

_SPOKEN = str.maketrans("០១២៣៤៥៦៧៨៩OoIiLl", "0123456789001111")


class Shown(StrEnum):
    """What was shown as the second factor."""

    TOTP = "totp"
    PASSKEY = "passkey"
    RECOVERY_CODE = "recovery_code"
    PASSWORD = "password"  # noqa: S105 a kind of proof; for the demo, where nobody needs a factor


class WrongCode(Exception):
    """The code is not the authenticator's."""


class LastFactor(Exception):
    """It is the only second factor: without it the account would be open to the password alone."""


class Totp(SQLModel, table=True):
    """A member's authenticator. `last_step` is the last 30 seconds whose code was used."""

    __tablename__ = "totp"

    member_id: str = Field(primary_key=True, foreign_key="member.id", max_length=32)
    sealed_secret: bytes
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_step: int = 0


class Passkey(SQLModel, table=True):
    """A WebAuthn credential of a member."""

    __tablename__ = "passkey"

    credential: bytes = Field(primary_key=True)
    member_id: str = Field(foreign_key="member.id", index=True, max_length=32)
    public_key: bytes
    sign_count: int
    name: str = Field(max_length=60)
    made_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RecoveryCode(SQLModel, table=True):
    """One of a member's codes for the day the phone is lost; used once. HMAC under the server
    key.
    """

    __tablename__ = "recovery_code"

    member_id: str = Field(primary_key=True, foreign_key="member.id", max_length=32)
    digest: str = Field(primary_key=True, max_length=64)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


def has_any(session: Session, member_id: str) -> bool:
    """Say whether a member has a second factor. Recovery codes alone are none."""
    return has_totp(session, member_id) or bool(passkeys_of(session, member_id))


def has_totp(session: Session, member_id: str) -> bool:
    """Say whether a member has an authenticator."""
    found = session.get(Totp, member_id)
    return found is not None and found.confirmed_at is not None


def passkeys_of(session: Session, member_id: str) -> list[Passkey]:
    """Give a member's passkeys, the oldest first."""
    return list(
        session.exec(
            select(Passkey)
            .where(Passkey.member_id == member_id)
            .order_by(col(Passkey.made_at), col(Passkey.name))
        )
    )


def changed(session: Session, statement: Any) -> bool:
    """Run an update that at most one of several at once can win; says whether this one did."""
    return cast(CursorResult[Any], session.execute(statement)).rowcount == 1


# ---- the authenticator


def offered_secret(site: Site, session_id: str) -> str:
    """Give the secret to put into an authenticator, in Base32, of this session.

    The same for as long as the session is: who looks away from the page, or changes its language,
    need not scan again. Nothing is kept until a code confirms it.
    """
    whole = site.server_key.derived(f"totp offered {session_id}")
    return b32encode(whole[:SECRET_BYTES]).decode()


def address_of(secret: str, email: str) -> str:
    """Give the otpauth: address of a secret, which a phone scans."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def set_totp(session: Session, site: Site, member: Member, secret: str, typed: str) -> None:
    """Make this secret the member's authenticator, in place of another. Raises WrongCode when the
    typed code does not come from it.
    """
    now = site.clock()
    step = _step(secret, _digits(typed), now)
    if step is None:
        raise WrongCode
    sealed = site.server_key.seal(TOTP_SECRET, member.id, secret.encode())
    session.merge(Totp(member_id=member.id, sealed_secret=sealed, confirmed_at=now, last_step=step))
    trace(session, site, audit.Act.FACTOR_SET, member, Shown.TOTP)
    session.flush()


def _digits(typed: str) -> str:
    return "".join(typed.translate(_SPOKEN).split())


def _step(secret: str, code: str, now: datetime) -> int | None:
    """Give the step whose code this is, of those that a phone may be in."""
    totp, present = pyotp.TOTP(secret, digits=DIGITS, interval=STEP), int(now.timestamp()) // STEP
    found = None
    for step in range(present - SKEW, present + SKEW + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode(errors="replace")):
            found = step
    return found


def shows_code(session: Session, site: Site, member: Member, typed: str) -> Shown | None:
    """Say what a typed code is: of the authenticator, a recovery code, or (None) nothing.

    Either is used up by it. A code of the authenticator also uses up those of the steps before.
    """
    if len(_digits(typed)) != DIGITS:
        return Shown.RECOVERY_CODE if _use_recovery(session, site, member, typed) else None
    totp = session.get(Totp, member.id)
    if totp is None or totp.confirmed_at is None:
        return None
    try:
        secret = site.server_key.open_(TOTP_SECRET, member.id, totp.sealed_secret).decode()
    except CannotOpen:  # from an old backup, whose server key was dropped since
        return None
    step = _step(secret, _digits(typed), site.clock())
    if step is None:
        return None
    later = update(Totp).where(col(Totp.member_id) == member.id, col(Totp.last_step) < step)
    return Shown.TOTP if changed(session, later.values(last_step=step)) else None


# ---- recovery codes


def new_codes(session: Session, site: Site, member: Member) -> tuple[str, ...]:
    """Make a member's recovery codes anew; those before are void. Only this answer shows them."""
    session.exec(delete(RecoveryCode).where(col(RecoveryCode.member_id) == member.id))
    made = [
        "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH)) for _ in range(CODE_COUNT)
    ]
    session.add_all(
        RecoveryCode(member_id=member.id, digest=_digest(site, member.id, code)) for code in made
    )
    trace(session, site, audit.Act.FACTOR_SET, member, "recovery_codes")
    session.flush()
    return tuple(f"{code[:5]}-{code[5:]}" for code in made)


def codes_left(session: Session, member_id: str) -> int:
    """Count the recovery codes that were not used yet."""
    return session.exec(
        select(func.count())
        .select_from(RecoveryCode)
        .where(RecoveryCode.member_id == member_id, col(RecoveryCode.used_at).is_(None))
    ).one()


def _digest(site: Site, member_id: str, code: str) -> str:
    return site.server_key.pseudonym("recovery code", member_id, code)


def _use_recovery(session: Session, site: Site, member: Member, typed: str) -> bool:
    code = "".join(c for c in typed.translate(_SPOKEN).upper() if c in CODE_LETTERS)
    unused = update(RecoveryCode).where(
        col(RecoveryCode.member_id) == member.id,
        col(RecoveryCode.digest) == _digest(site, member.id, code),
        col(RecoveryCode.used_at).is_(None),
    )
    if not changed(session, unused.values(used_at=site.clock())):
        return False
    trace(session, site, audit.Act.CODE_USED, member)
    return True


# ---- taking away


def remove_totp(session: Session, site: Site, member: Member, *, may_be_last: bool) -> None:
    """Take the authenticator away. Raises LastFactor."""
    totp = session.get(Totp, member.id)
    if totp is None:
        return
    session.delete(totp)
    session.flush()
    _removed(session, site, member, Shown.TOTP, may_be_last=may_be_last)


def remove_passkey(
    session: Session, site: Site, member: Member, credential: bytes, *, may_be_last: bool
) -> None:
    """Take one of the member's passkeys away; one of another's is let be. Raises LastFactor."""
    found = session.get(Passkey, credential)
    if found is None or found.member_id != member.id:
        return
    session.delete(found)
    session.flush()
    _removed(session, site, member, Shown.PASSKEY, may_be_last=may_be_last)


def _removed(
    session: Session, site: Site, member: Member, what: Shown, *, may_be_last: bool
) -> None:
    """Raises LastFactor, with which the caller's transaction ends."""
    if not has_any(session, member.id):
        if not may_be_last:
            raise LastFactor
        session.exec(delete(RecoveryCode).where(col(RecoveryCode.member_id) == member.id))
    trace(session, site, audit.Act.FACTOR_REMOVED, member, what)


def reset(session: Session, site: Site, by: SignedIn | None, member: Member) -> None:
    """Take a member's second factors, codes, sessions and known devices away: she lost her phone.

    At her next sign-in she sets up another, which needs her password. `by` is her supervisor; for
    who belongs to no office an administrator; None for the operator at the command line. Raises
    PermissionError for anybody else, and for oneself.
    """
    if by is not None and not _may_reset(by, member):
        raise PermissionError("only another person who is responsible for this one")
    for table in (Totp, Passkey, RecoveryCode, StaffSession):
        session.exec(delete(table).where(col(table.member_id) == member.id))
    tries.forget_devices(session, member.id)
    audit.add(
        session,
        site.clock(),
        audit.Act.FACTOR_REMOVED,
        member_id=by.member_id if by else None,
        organisation_id=member.organisation_id,
        subject=member.id,
    )


def _may_reset(by: SignedIn, member: Member) -> bool:
    if by.member_id == member.id:
        return False
    if member.organisation_id is None:
        return by.role is Role.ADMINISTRATOR
    return by.role is Role.SUPERVISOR and by.organisation_id == member.organisation_id


def trace(
    session: Session, site: Site, act: audit.Act, member: Member, subject: str | None = None
) -> None:
    """Write an act of a member on her own account."""
    audit.add(
        session,
        site.clock(),
        act,
        member_id=member.id,
        organisation_id=member.organisation_id,
        subject=subject,
    )
