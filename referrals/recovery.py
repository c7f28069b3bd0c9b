"""Getting a case back on another phone: its code, and a second thing only she knows.

The second thing is kept as its Argon2id digest alone. Wrong answers are limited for each case and
for each conversation, and an unknown code is answered like a wrong secret.
"""

import hmac
import secrets
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

from sqlalchemy import ColumnElement, delete, update
from sqlalchemy.exc import NoResultFound
from sqlmodel import Field, Session, SQLModel, col, select

from referrals import audit, keys
from referrals import code as case_code
from referrals.case import Case
from referrals.notice import Letter
from referrals.site import Site
from referrals.store import UtcDateTime

FEWEST_SIGNS, MOST_SIGNS = 4, 64
"""Of a secret, once it is normalised."""

HANDOVER_DIGITS = 8
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WRONG_IN_AN_HOUR = 5
WRONG_IN_A_DAY = 10
"""Wrong answers of one conversation, after which it is asked to come back later."""

WRONG_OF_A_CASE = 10
"""Wrong answers to one case, after which it is closed to claims for HOUR."""

WRONG_WHILE_LOCKED = 10
"""Wrong answers to a locked case, by conversations that may try all the same (`_may_still_try`)."""

COSTLY_CHANNELS = frozenset({"telegram", "messenger"})
"""Where a conversation is an account of somebody: a new one costs a phone number. A page of the web
costs nothing.
"""

_LEFT_OUT = frozenset({"Pd", "Cf", "Cc"})
"""Dashes, and what cannot be seen: Khmer keyboards put such signs between words."""


class TooWeak(Exception):
    """The secret is too short or too long, easy to guess, or the code itself."""


class OwnSecret(Exception):
    """She has set a secret of her own, or has claimed the case; nobody can hand over another."""


class Recovery(SQLModel, table=True):
    """The second thing of one case. `handover`: a counsellor lodged it and made this one; it holds
    until she sets her own.
    """

    __tablename__ = "recovery"

    case_id: str = Field(primary_key=True, foreign_key="case.id", max_length=32, ondelete="CASCADE")
    salt: bytes
    digest: bytes
    handover: bool = False
    set_at: datetime = Field(sa_type=UtcDateTime)
    wrong: int = 0
    locked_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RecoveryAttempt(SQLModel, table=True):
    """One wrong answer of one conversation, kept for a day."""

    __tablename__ = "recovery_attempt"

    id: int | None = Field(default=None, primary_key=True)
    conversation: str = Field(index=True, max_length=64)
    at: datetime = Field(sa_type=UtcDateTime, index=True)


@dataclass(frozen=True, slots=True)
class Claimed:
    """The case is hers here now. `must_set_secret`: what she used is void, or she has none."""

    case_id: str
    code: str
    must_set_secret: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """Not given. "wrong": code or secret, nobody says which. "later": nothing was looked at, and
    nothing will be before `until` (UTC).
    """

    kind: Literal["wrong", "later"]
    until: datetime | None = None


def normalised(secret: str) -> str:
    """Give the form in which a secret is kept and compared: what another keyboard may change is
    gone.

    NFC, one case, all digits ASCII; no white space, dashes or signs that cannot be seen.
    """
    for _ in range(2):  # what was parted by a sign that went may now be one letter
        folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", secret).casefold())
        secret = "".join(
            sign if (digit := unicodedata.decimal(sign, None)) is None else str(digit)
            for sign in folded
            if not sign.isspace() and unicodedata.category(sign) not in _LEFT_OUT
        )
    return secret


def set_secret(session: Session, site: Site, case_id: str, secret: str) -> None:
    """Keep her second thing; it takes the place of the one before, or of a counsellor's.

    The caller has seen that the case is hers. Raises TooWeak; sqlalchemy.exc.NoResultFound when
    there is no such case.
    """
    case = _case(session, case_id)
    plain = normalised(secret)
    _check(plain, case.code)
    _keep(session, site, case.id, plain, handover=False)


def has_secret(session: Session, case_id: str) -> bool:
    """Say whether she set a second thing of her own; a counsellor's does not count."""
    held = session.get(Recovery, case_id)
    return held is not None and not held.handover


def hand_over(session: Session, site: Site, case_id: str) -> str:
    """Draw the one-time secret (HANDOVER_DIGITS digits) of a case that a counsellor lodged.

    Given in clear this once; asked again, another is drawn and this one is void. It is void as well
    once it was used. Raises OwnSecret when she has set hers, or the case was claimed: whoever
    helped her cannot fetch it back; NoResultFound like `set_secret`.
    """
    case = _case(session, case_id)
    held = _held(session, case_id)
    taken = any(row.act == audit.Act.CLAIMED for row in audit.of_case(session, case_id))
    if taken or (held is not None and not held.handover):
        raise OwnSecret("she has the case, or a secret of her own")
    while True:
        drawn = f"{secrets.randbelow(10**HANDOVER_DIGITS):0{HANDOVER_DIGITS}d}"
        with suppress(TooWeak):
            _check(drawn, case.code)
            break
    _keep(session, site, case_id, drawn, handover=True)
    return drawn


def claim(
    session: Session, site: Site, conversation: str, channel: str, code: str, secret: str
) -> Claimed | Refused:
    """Give the case with this code to the conversation that knows its secret, letters and all.

    A refusal is returned, not raised: the caller's transaction must keep the counting. Unknown and
    locked codes, and cases without a secret, are answered like a wrong secret, after the same work.
    Whoever knows a code can lock the case by wrong answers; so that he cannot keep its owner out,
    the right secret opens it all the same to an account of her own that was not wrong lately.
    A case that is hers already stays hers, whatever the secret. Takes about 0.2 s and 64 MiB.
    """
    now = site.clock()
    until = may_try(session, conversation, now)
    if until is not None:
        return Refused("later", until)
    case = _locked(session, col(Case.code) == _as_kept(code))
    if case is not None and case.conversation == conversation:
        must_set = case.assisted_by is not None and not has_secret(session, case.id)
        return Claimed(case.id, case.code, must_set)
    held = None if case is None else _held(session, case.id)
    given = _digest(site, "" if held is None else held.case_id, normalised(secret), _salt(held))
    fits = hmac.compare_digest(given, bytes(len(given)) if held is None else held.digest)
    shut = _is_locked(held, now) and not _may_still_try(session, held, conversation, channel, now)
    if case is None or held is None or shut or not fits:
        if not shut:
            _count(session, held, now)
        note_wrong(session, conversation, now)
        return Refused("wrong")
    handed_over = held.handover
    if handed_over:
        session.delete(held)
    else:
        held.wrong, held.locked_until = 0, None
        session.add(held)
    _move(session, case, conversation, channel)
    audit.add(session, now, audit.Act.CLAIMED, case_id=case.id)
    session.flush()
    return Claimed(case.id, case.code, handed_over)


def may_try(session: Session, conversation: str, now: datetime) -> datetime | None:
    """Give when (UTC) the conversation may try again; None when it may now.

    For whatever is found by guessing: claiming a case, joining a group, linking a phone.
    """
    times = session.exec(
        select(RecoveryAttempt.at)
        .where(RecoveryAttempt.conversation == conversation, RecoveryAttempt.at > now - DAY)
        .order_by(col(RecoveryAttempt.at).desc())
        .limit(WRONG_IN_A_DAY)
    ).all()
    free = [
        times[most - 1] + span
        for most, span in ((WRONG_IN_AN_HOUR, HOUR), (WRONG_IN_A_DAY, DAY))
        if len(times) >= most
    ]
    return max((moment for moment in free if moment > now), default=None)


def note_wrong(session: Session, conversation: str, now: datetime) -> None:
    """Count one wrong answer of the conversation."""
    session.add(RecoveryAttempt(conversation=conversation, at=now))
    session.flush()


def sweep(session: Session, now: datetime) -> None:
    """Forget wrong answers older than a day."""
    session.exec(delete(RecoveryAttempt).where(col(RecoveryAttempt.at) <= now - DAY))


def _locked(session: Session, which: ColumnElement[bool]) -> Case | None:
    """Give a case as it is now, held for this transaction: of two claims one waits."""
    return session.exec(
        select(Case).where(which).with_for_update().execution_options(populate_existing=True)
    ).one_or_none()


def _case(session: Session, case_id: str) -> Case:
    case = _locked(session, col(Case.id) == case_id)
    if case is None:
        raise NoResultFound("there is no such case")
    return case


def _held(session: Session, case_id: str) -> Recovery | None:
    """Give the secret's row as it is now, which may be newer than what the session remembers."""
    return session.get(Recovery, case_id, populate_existing=True)


def _as_kept(code: str) -> str:
    """Give the code as it is kept; what is none is no case's."""
    try:
        return case_code.read(code)
    except case_code.WrongCode:
        return ""


def _check(plain: str, code: str) -> None:
    """Raise TooWeak. `plain` is normalised."""
    if not FEWEST_SIGNS <= len(plain) <= MOST_SIGNS:
        raise TooWeak(f"a secret has {FEWEST_SIGNS} to {MOST_SIGNS} signs")
    if len(set(plain)) == 1 or _is_row(plain):
        raise TooWeak("one sign again and again, or a row, is guessed first")
    if plain in code or code in plain:
        raise TooWeak("who has the code would have the secret")


def _is_row(plain: str) -> bool:
    """Say whether each sign follows the one before, upwards or downwards; after 9 comes 0."""
    if plain.isdigit():
        steps = {(int(b) - int(a)) % 10 for a, b in pairwise(plain)}
        return steps in ({1}, {9})
    return {ord(b) - ord(a) for a, b in pairwise(plain)} in ({1}, {-1})


def _salt(held: Recovery | None) -> bytes:
    return bytes(keys.SALT_BYTES) if held is None else held.salt


def _digest(site: Site, case_id: str, plain: str, salt: bytes) -> bytes:
    """Derive what is kept: Argon2id over an HMAC under the server key.

    A secret may have four digits only: whoever holds the database and not the server key must not
    be able to try them all.
    """
    return keys.password_key(site.server_key.pseudonym("recovery", case_id, plain), salt)


def _keep(session: Session, site: Site, case_id: str, plain: str, *, handover: bool) -> None:
    salt = keys.new_salt()
    kept = Recovery(
        case_id=case_id,
        salt=salt,
        digest=_digest(site, case_id, plain, salt),
        handover=handover,
        set_at=site.clock(),
    )
    session.merge(kept)
    session.flush()


def _is_locked(held: Recovery | None, now: datetime) -> bool:
    return held is not None and held.locked_until is not None and held.locked_until > now


def _may_still_try(
    session: Session, held: Recovery | None, conversation: str, channel: str, now: datetime
) -> bool:
    """Say whether a locked case listens to this conversation: once a day each, and to no more
    than WRONG_WHILE_LOCKED wrong ones in all.
    """
    if held is None or channel not in COSTLY_CHANNELS:
        return False
    if held.wrong >= WRONG_OF_A_CASE + WRONG_WHILE_LOCKED:
        return False
    lately = select(RecoveryAttempt.id).where(
        RecoveryAttempt.conversation == conversation, RecoveryAttempt.at > now - DAY
    )
    return session.exec(lately.limit(1)).first() is None


def _count(session: Session, held: Recovery | None, now: datetime) -> None:
    """Count a wrong answer to a case. After WRONG_OF_A_CASE each further one closes it again; one
    to a case that is closed does not make that longer.
    """
    if held is None:
        return
    held.wrong += 1
    if held.wrong >= WRONG_OF_A_CASE and not _is_locked(held, now):
        held.locked_until = now + HOUR
    session.add(held)


def _move(session: Session, case: Case, conversation: str, channel: str) -> None:
    """Give the case and its letters to another conversation; the one before hears no more of it."""
    case.conversation, case.channel = conversation, channel
    session.add(case)
    session.exec(
        update(Letter).where(col(Letter.case_id) == case.id).values(conversation=conversation)
    )
