"""Passkeys (WebAuthn, through py_webauthn): a key in a phone or a computer that signs a challenge
of ours, after it knew its owner by a finger, a face or a number.

A challenge lies in the session that asked for it, serves one purpose and one answer, and is good
for CHALLENGE_KEPT.
"""

import secrets
import struct
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from urllib.parse import urlsplit

import webauthn
from sqlmodel import Session, col, update
from webauthn.helpers import options_to_json, parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from api.factors import ISSUER, Passkey, Shown, changed, passkeys_of, trace
from api.staff_session import StaffSession
from referrals import audit
from referrals.directory import Member
from referrals.site import Site

CHALLENGE_KEPT = timedelta(minutes=5)
CHALLENGE_BYTES = 32
MOST = 10
"""Passkeys of one member."""
NAME_LENGTH = 60

_NOT_UNDERSTOOD = (WebAuthnException, ValueError, LookupError, TypeError, RecursionError)
"""What py_webauthn raises for an answer that is none; the last three escape it for a key that is no
map, and for a thousand brackets.
"""

_HEAD = struct.Struct(">BQ")


class Purpose(Enum):
    """What a challenge was made for."""

    ADD = 1
    SIGN_IN = 2
    STEP_UP = 3


class WrongPasskey(Exception):
    """The answer is no passkey of this member, or not an answer to the challenge."""


class TooMany(Exception):
    """A member has MOST passkeys already."""


@dataclass(frozen=True, slots=True)
class Party:
    """Who asks: the domain that passkeys belong to, and the origin at which they are used."""

    id: str
    origin: str


def party(public_url: str | None, port: int) -> Party:
    """Say who asks: the public address, or `localhost` at the port on which this process listens.

    Nothing that came with the request is believed. An address made of numbers can have no passkey.
    """
    if public_url is None:
        return Party("localhost", "http://localhost" + (f":{port}" if port != 80 else ""))
    parts = urlsplit(public_url)
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    host = parts.hostname or ""
    named = host if parts.port in (None, usual) else f"{host}:{parts.port}"
    return Party(host, f"{parts.scheme}://{named}")


def _challenge(row: StaffSession, purpose: Purpose, now: datetime) -> bytes:
    made = _HEAD.pack(purpose.value, int(now.timestamp()))
    row.challenge = made + secrets.token_bytes(CHALLENGE_BYTES)
    return row.challenge


def _taken(session: Session, row: StaffSession, purpose: Purpose, now: datetime) -> bytes:
    """Take the challenge out of its session: whatever the answer is, no other is heard.

    Raises WrongPasskey.
    """
    held = row.challenge
    if held is None:
        raise WrongPasskey
    same = update(StaffSession).where(
        col(StaffSession.id) == row.id, col(StaffSession.challenge) == held
    )
    if not changed(session, same.values(challenge=None)):
        raise WrongPasskey
    session.refresh(row)
    kind, at = _HEAD.unpack_from(held)
    if kind != purpose.value or int(now.timestamp()) - at > CHALLENGE_KEPT.total_seconds():
        raise WrongPasskey
    return held


def _described(held: list[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=each.credential) for each in held]


def ask_to_add(
    session: Session, row: StaffSession, member: Member, who: Party, now: datetime
) -> str:
    """Give what a browser needs to make a passkey, as JSON. Raises TooMany."""
    held = passkeys_of(session, member.id)
    if len(held) >= MOST:
        raise TooMany
    options = webauthn.generate_registration_options(
        rp_id=who.id,
        rp_name=ISSUER,
        user_id=member.id.encode(),
        user_name=member.email,
        user_display_name=member.name or member.email,
        challenge=_challenge(row, Purpose.ADD, now),
        timeout=int(CHALLENGE_KEPT.total_seconds() * 1000),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_described(held),
    )
    session.add(row)
    session.flush()
    return options_to_json(options)


def add(
    session: Session,
    site: Site,
    row: StaffSession,
    member: Member,
    who: Party,
    answer: str,
    name: str,
) -> None:
    """Keep a passkey that a browser made. Raises WrongPasskey, TooMany."""
    now = site.clock()
    challenge = _taken(session, row, Purpose.ADD, now)
    try:
        made = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=who.id,
            expected_origin=who.origin,
            require_user_verification=True,
        )
    except _NOT_UNDERSTOOD as error:
        raise WrongPasskey from error
    if len(passkeys_of(session, member.id)) >= MOST:
        raise TooMany
    if session.get(Passkey, made.credential_id) is not None:
        raise WrongPasskey
    session.add(
        Passkey(
            credential=made.credential_id,
            member_id=member.id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            name=name.strip()[:NAME_LENGTH],
            made_at=now,
        )
    )
    trace(session, site, audit.Act.FACTOR_SET, member, Shown.PASSKEY)
    session.flush()


def ask_to_show(
    session: Session,
    row: StaffSession,
    who: Party,
    purpose: Purpose,
    now: datetime,
) -> str:
    """Give what a browser needs to show a passkey of the session's member, as JSON."""
    options = webauthn.generate_authentication_options(
        rp_id=who.id,
        challenge=_challenge(row, purpose, now),
        timeout=int(CHALLENGE_KEPT.total_seconds() * 1000),
        allow_credentials=_described(passkeys_of(session, row.member_id)),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    session.add(row)
    session.flush()
    return options_to_json(options)


def shows_passkey(
    session: Session, site: Site, row: StaffSession, who: Party, purpose: Purpose, answer: str
) -> Shown | None:
    """Say whether this is a passkey of the session's member, answering its challenge."""
    try:
        challenge = _taken(session, row, purpose, site.clock())
        given = parse_authentication_credential_json(answer)
        held = session.get(Passkey, given.raw_id)
        if held is None or held.member_id != row.member_id:
            return None
        found = webauthn.verify_authentication_response(
            credential=given,
            expected_challenge=challenge,
            expected_rp_id=who.id,
            expected_origin=who.origin,
            credential_public_key=held.public_key,
            credential_current_sign_count=held.sign_count,
            require_user_verification=True,
        )
    except (WrongPasskey, *_NOT_UNDERSTOOD):
        return None
    counted = update(Passkey).where(
        col(Passkey.credential) == held.credential, col(Passkey.sign_count) == held.sign_count
    )
    moved = counted.values(sign_count=found.new_sign_count, used_at=site.clock())
    return Shown.PASSKEY if changed(session, moved) else None
