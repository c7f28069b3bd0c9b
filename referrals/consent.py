"""Consent: what was asked, in which words, and what was answered; and the consents in force.

`Consent` rows are history and never change. `StandingConsent` is what holds now; a wrapped case key
refers to it by foreign key (case.py), so that without it the database refuses the key, and taking
it away takes the key with it. The database lets nothing stand but a yes, of that very case, to the
question for that very kind of partner.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlmodel import Field, Session, SQLModel, select

from referrals.store import UtcDateTime
from referrals.taxonomy import CONSENT_FOR, ConsentCode


class ConsentMissing(Exception):
    """Something was about to be kept or shared that nobody agreed to."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One consent as it was asked and answered. `words` are the exact words shown."""

    code: ConsentCode
    granted: bool
    version: int
    language: str
    words: str
    at: datetime


class Consent(SQLModel, table=True):
    """One answer to one question of consent, as asked. Never changed, never deleted before the
    case.
    """

    __tablename__ = "consent"
    __table_args__ = (UniqueConstraint("id", "case_id", "code", "granted"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: str = Field(foreign_key="case.id", max_length=32, index=True, ondelete="CASCADE")
    code: str = Field(max_length=32)
    granted: bool
    version: int
    language: str = Field(max_length=2)
    words: str
    at: datetime = Field(sa_type=UtcDateTime)


FITS = " OR ".join(
    f"partner_type = '{kind}' AND code = '{code}'" for kind, code in CONSENT_FOR.items()
)
"""CONSENT_FOR in SQL: which question's answer lets which kind of partner read."""


class StandingConsent(SQLModel, table=True):
    """A kind of partner that may read the case now. No row, no key.

    `code` and `granted` repeat the answer's, so that the database itself sees what it says: it must
    be this case's, to the question for this kind of partner, and a yes.
    """

    __tablename__ = "standing_consent"
    __table_args__ = (
        ForeignKeyConstraint(
            ["consent_id", "case_id", "code", "granted"],
            ["consent.id", "consent.case_id", "consent.code", "consent.granted"],
            ondelete="CASCADE",
        ),
        CheckConstraint("granted", name="standing_consent_is_a_yes"),
        CheckConstraint(FITS, name="standing_consent_is_for_this_partner"),
    )

    case_id: str = Field(primary_key=True, foreign_key="case.id", max_length=32, ondelete="CASCADE")
    partner_type: str = Field(primary_key=True, max_length=32)
    consent_id: int
    code: str = Field(max_length=32)
    granted: bool


def record(session: Session, case_id: str, *asked: Asked) -> None:
    """Write answers down, in their order, and make the consents in force follow the last of each.

    A refusal deletes the standing consent; the database deletes the wrapped keys that hung on it. A
    second yes takes the place of the first and deletes nothing.
    """
    rows = [
        Consent(
            case_id=case_id,
            code=each.code,
            granted=each.granted,
            version=each.version,
            language=each.language,
            words=each.words,
            at=each.at,
        )
        for each in asked
    ]
    session.add_all(rows)
    session.flush()
    last = {row.code: row for row in rows}
    standing = select(StandingConsent).where(StandingConsent.case_id == case_id)
    held = {each.partner_type: each for each in session.exec(standing)}
    for kind, code in CONSENT_FOR.items():
        row, before = last.get(code), held.get(kind)
        if row is None or row.id is None:
            continue
        if not row.granted:
            if before is not None:
                session.delete(before)
        elif before is not None:
            before.consent_id = row.id
        else:
            session.add(
                StandingConsent(
                    case_id=case_id,
                    partner_type=kind,
                    consent_id=row.id,
                    code=code,
                    granted=True,
                )
            )
    session.flush()


def history(session: Session, case_id: str) -> list[Consent]:
    """Give every answer, oldest first."""
    return list(session.exec(select(Consent).where(Consent.case_id == case_id).order_by("id")))


def latest(session: Session, case_id: str, code: ConsentCode) -> bool:
    """Say whether the last answer to this question was yes; False when it was never asked."""
    rows = [row for row in history(session, case_id) if row.code == code]
    return bool(rows) and rows[-1].granted
