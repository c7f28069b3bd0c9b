"""An office's recovery key: written on paper, kept in a safe, for the day when nobody who holds the
office's key is left.

It is shown once and in force once it was typed back. The server keeps what it opens, never the key.
"""

import base64
import hashlib
import os
from datetime import datetime

from sqlmodel import Session

from referrals import audit, keyring, keys
from referrals.directory import Member, Organisation, OrganisationGeneration, SignedIn
from referrals.sealing import CannotOpen, SealedField, derived, open_, seal
from referrals.taxonomy import Role

RECOVERY_KEY = SealedField("organisation", "sealed_recovery", "recovery")
RECOVERY_BYTES = 20
"""Random bytes of a recovery key: 160 bits, 32 letters and digits (base 32, RFC 4648)."""

_CHECK = 4
"""Letters at the end of a written recovery key that show a slip: 20 bits of its SHA-256."""

_GROUP = 4


class WrongRecoveryKey(ValueError):
    """What was typed is no recovery key, or not this office's."""


def new_recovery_key() -> str:
    """Draw a recovery key, as it is written down: groups of four letters and digits.

    It is in force once it was typed back (`set_recovery_key`); until then nothing is kept of it.
    """
    secret = os.urandom(RECOVERY_BYTES)
    text = base64.b32encode(secret).decode() + _check_of(secret)
    return "-".join(text[i : i + _GROUP] for i in range(0, len(text), _GROUP))


def _check_of(secret: bytes) -> str:
    return base64.b32encode(hashlib.sha256(b"samleng recovery" + secret).digest())[:_CHECK].decode()


def read_recovery_key(typed: str) -> bytes:
    """Read a recovery key as somebody types it: any case, spaces and dashes, 0 for O and 1 for I.

    Raises WrongRecoveryKey for anything with a slip in it.
    """
    letters = "".join(sign for sign in typed.upper() if sign.isalnum())
    letters = letters.replace("0", "O").replace("1", "I")
    try:
        secret = base64.b32decode(letters[:-_CHECK])
    except ValueError:
        secret = b""
    if len(secret) != RECOVERY_BYTES or _check_of(secret) != letters[-_CHECK:]:
        raise WrongRecoveryKey("this is not a recovery key, or there is a slip in it")
    return secret


def set_recovery_key(session: Session, who: SignedIn, typed: str, now: datetime) -> None:
    """Let this recovery key open the office's key from now on; the one before opens nothing more.

    Raises WrongRecoveryKey, NoKey, PermissionError.
    """
    secret = read_recovery_key(typed)
    organisation, held = keyring.locked(session, who)
    pair = keys.PrivateKey.new()
    organisation.recovery_public = pair.public
    organisation.sealed_recovery = seal(_under(secret), RECOVERY_KEY, organisation.id, pair.raw)
    session.add(organisation)
    present = (organisation.id, organisation.generation)
    generation = session.get_one(OrganisationGeneration, present)
    generation.wrapped_to_recovery = keyring.for_recovery(organisation, held)
    session.add(generation)
    audit.add(
        session,
        now,
        audit.Act.RECOVERY_SET,
        member_id=who.member_id,
        organisation_id=organisation.id,
    )
    session.flush()


def recover(session: Session, member: Member, typed: str, now: datetime) -> None:
    """Give the office's key to one of its supervisors by the recovery key, when nobody else can.

    Raises WrongRecoveryKey, also when the office has none, or it is another office's;
    PermissionError for who is no supervisor, left, or has no key of her own.
    """
    secret = read_recovery_key(typed)
    if member.organisation_id is None or member.role != Role.SUPERVISOR:
        raise PermissionError("only a supervisor, who can admit the others then")
    organisation = session.get_one(
        Organisation, member.organisation_id, populate_existing=True, with_for_update=True
    )
    session.refresh(member)  # she may have been let go while this waited
    if member.public_key is None or member.left_at is not None:
        raise PermissionError("this person has not come yet, or left")
    present = session.get(OrganisationGeneration, (organisation.id, organisation.generation))
    sealed = organisation.sealed_recovery
    if sealed is None or present is None or present.wrapped_to_recovery is None:
        raise WrongRecoveryKey("this organisation has no recovery key")
    try:
        pair = keys.PrivateKey(open_(_under(secret), RECOVERY_KEY, organisation.id, sealed))
    except CannotOpen as error:
        raise WrongRecoveryKey("this is not this organisation's recovery key") from error
    purpose = keys.recovery_purpose(organisation.id)
    private = keys.PrivateKey(pair.open_(present.wrapped_to_recovery, purpose))
    keyring.wrap_for(session, organisation, private, member)
    audit.add(
        session,
        now,
        audit.Act.RECOVERED,
        member_id=member.id,
        organisation_id=organisation.id,
    )


def _under(secret: bytes) -> bytes:
    return derived(secret, "recovery")
