"""Consent: what was asked, in which words, and what was answered; and the consents in force.

`Consent` rows are history and never change. `StandingConsent` is what holds now; a wrapped case key
refers to it by foreign key (case.py), so that without it the database refuses the key, and taking
it away takes the key with it. The database lets nothing stand but a yes, of that very case, to the
question for that very kind of partner.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache

import sqlalchemy as sql
from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlmodel import Field, Session, SQLModel, select

from referrals import rows
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
    session.flush()
    last = {each.code: each.granted for each in asked}
    refused = [kind for kind, code in CONSENT_FOR.items() if last.get(code) is False]
    session.connection().execute(_FALL, {"case": case_id, "kinds": refused})
    begin(session, case_id, asked)


def begin(session: Session, case_id: str, asked: Sequence[Asked]) -> None:
    """Write answers down, like `record`, when there is nothing that a refusal could take away: for
    a case that is just being lodged.
    """
    rows.insert(session, Consent, [{"case_id": case_id, **_columns(each)} for each in asked])
    last = {each.code: each.granted for each in asked}
    agreed = [
        {"case": case_id, "kind": kind, "code": code}
        for kind, code in CONSENT_FOR.items()
        if last.get(code)
    ]
    if agreed:
        connection = session.connection()
        connection.execute(_stand(connection.dialect.name), agreed)


def _columns(asked: Asked) -> rows.Row:
    return {each.name: getattr(asked, each.name) for each in fields(asked)}


_STANDING, _GIVEN = rows.table(StandingConsent), rows.table(Consent)
_FALL = _STANDING.delete().where(
    _STANDING.c.case_id == sql.bindparam("case"),
    _STANDING.c.partner_type.in_(sql.bindparam("kinds", expanding=True)),
)


@cache
def _stand(dialect: str) -> sql.Executable:
    """Let the last answer to a question stand for a kind of partner."""
    last = (
        sql.select(
            _GIVEN.c.case_id,
            sql.bindparam("kind", type_=sql.String),
            _GIVEN.c.id,
            _GIVEN.c.code,
            _GIVEN.c.granted,
        )
        .where(_GIVEN.c.case_id == sql.bindparam("case"), _GIVEN.c.code == sql.bindparam("code"))
        .order_by(_GIVEN.c.id.desc())
        .limit(1)
    )
    columns = ["case_id", "partner_type", "consent_id", "code", "granted"]
    into = rows.dialect_insert(StandingConsent, dialect).from_select(columns, last)
    return into.on_conflict_do_update(
        index_elements=["case_id", "partner_type"],
        set_={"consent_id": into.excluded.consent_id},
    )


def history(session: Session, case_id: str) -> list[Consent]:
    """Give every answer, oldest first."""
    return list(session.exec(select(Consent).where(Consent.case_id == case_id).order_by("id")))


def latest(session: Session, case_id: str, code: ConsentCode) -> bool:
    """Say whether the last answer to this question was yes; False when it was never asked."""
    rows = [row for row in history(session, case_id) if row.code == code]
    return bool(rows) and rows[-1].granted
