"""A case: one complaint, lodged. Its words open only for organisations that hold a wrap of its
key.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import ForeignKeyConstraint, UniqueConstraint, func
from sqlmodel import Field, Session, SQLModel, col, select

from referrals import draft, routing
from referrals.directory import Organisation
from referrals.group import CaseGroup
from referrals.intake import Detail
from referrals.notice import Letter, LetterState
from referrals.sealing import SealedField
from referrals.site import Site
from referrals.store import UtcDateTime, after_commit
from referrals.taxonomy import (
    Category,
    PartnerType,
    Status,
)

FIELD = SealedField("case_field", "sealed", "case")
FILE_KEY = SealedField("case_file", "sealed_key", "case")
CASE_PRIVATE_KEY = SealedField("case", "sealed_private_key", "case")

TOLD_FIELDS = frozenset({"story", *Detail})
"""What the intake tells in words, voice or pictures."""

CHOICES_FIELD = "choices"
"""The field that holds what was chosen on buttons: JSON, lists of codes by detail."""


class Case(SQLModel, table=True):
    """One lodged complaint. Columns in clear hold codes and times only.

    `conversation` is a pseudonym. `lodged_by` is the delivery that lodged it, so that a repeat
    makes no second case. `callback` marks one that only asks to be written to. `minor` marks
    somebody under 18, or whose age nobody knows and who may be. `group_id` is one incident told by
    several people. `assisted_by` is the member who helped a visitor to lodge it. `closed_by` is
    "migrant" or "office"; `satisfied` (yes, partly, no) and `money` (all, part, none) are her own
    answers afterwards; `counted` says that statistic.py counted it. `warned_at` is when its office
    was told that it will be erased, `keep_until` how long it asked to keep it (retention.py).
    Additions are sealed to `public_key`, whose private half is sealed under the case key: the bot
    can add and cannot read.
    """

    __tablename__ = "case"

    id: str = Field(default_factory=lambda: uuid4().hex, primary_key=True, max_length=32)
    code: str = Field(unique=True, max_length=9)
    conversation: str = Field(index=True, max_length=64)
    lodged_by: str = Field(unique=True, max_length=96)
    channel: str = Field(max_length=16)
    language: str = Field(max_length=2)
    complainant: str = Field(max_length=16)
    category: str = Field(max_length=32)
    country: str = Field(max_length=8)
    province: str | None = Field(default=None, max_length=8)
    confidentiality: str = Field(max_length=16)
    danger: bool = False
    minor: bool = False
    callback: bool = False
    group_id: str | None = Field(default=None, index=True, max_length=32)
    assisted_by: str | None = Field(default=None, max_length=32)
    status: str = Field(default=Status.LODGED, max_length=16)
    public_key: bytes
    sealed_private_key: bytes
    lodged_at: datetime = Field(sa_type=UtcDateTime)
    first_opened: datetime | None = Field(default=None, sa_type=UtcDateTime)
    handler_id: str | None = Field(default=None, foreign_key="member.id", max_length=32)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_by: str | None = Field(default=None, max_length=16)
    satisfied: str | None = Field(default=None, max_length=16)
    money: str | None = Field(default=None, max_length=16)
    counted: bool = False
    warned_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    keep_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class CaseField(SQLModel, table=True):
    """One told text of the intake, sealed under the case key."""

    __tablename__ = "case_field"

    id: str = Field(default_factory=lambda: uuid4().hex, primary_key=True, max_length=32)
    case_id: str = Field(foreign_key="case.id", index=True, max_length=32, ondelete="CASCADE")
    name: str = Field(max_length=32)
    at: datetime = Field(sa_type=UtcDateTime)
    sealed: bytes


class CaseFile(SQLModel, table=True):
    """One file. `id` names it on disk; its key and SHA-256 are sealed under the case key, or, when
    it was

    added after lodging, to the case's public key.
    """

    __tablename__ = "case_file"
    __table_args__ = (UniqueConstraint("case_id", "update", "number"),)

    id: str = Field(primary_key=True, max_length=32)
    case_id: str = Field(foreign_key="case.id", index=True, max_length=32, ondelete="CASCADE")
    update: str = Field(max_length=96)
    number: int
    name: str = Field(max_length=32)
    kind: str = Field(max_length=16)
    media_type: str = Field(max_length=128)
    size: int
    at: datetime = Field(sa_type=UtcDateTime)
    added_later: bool = False
    sealed_key: bytes


class Wrap(SQLModel, table=True):
    """The case key, wrapped for one organisation.

    Two foreign keys hold promise 4: the kind of partner is the organisation's own, and there is a
    standing consent for that kind. When the consent goes, the database deletes the wrap.
    """

    __tablename__ = "wrap"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "partner_type"], ["organisation.id", "organisation.partner_type"]
        ),
        ForeignKeyConstraint(
            ["case_id", "partner_type"],
            ["standing_consent.case_id", "standing_consent.partner_type"],
            ondelete="CASCADE",
        ),
    )

    case_id: str = Field(primary_key=True, max_length=32)
    organisation_id: str = Field(primary_key=True, max_length=32, index=True)
    partner_type: str = Field(max_length=32)
    generation: int = 1
    wrapped: bytes


class Referral(SQLModel, table=True):
    """A case offered to an organisation, and why."""

    __tablename__ = "referral"

    case_id: str = Field(primary_key=True, foreign_key="case.id", max_length=32, ondelete="CASCADE")
    organisation_id: str = Field(
        primary_key=True, foreign_key="organisation.id", max_length=32, index=True
    )
    place: int
    state: str = Field(default="offered", max_length=16)
    reasons: str = Field(max_length=200)
    offered_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


@dataclass(frozen=True, slots=True)
class Routed:
    """An office that got the case, named in both languages, and why."""

    organisation_name_km: str
    organisation_name_en: str
    partner_type: PartnerType
    reasons: tuple[routing.Reason, ...]


@dataclass(frozen=True, slots=True)
class Lodged:
    """The receipt."""

    code: str
    routes: tuple[Routed, ...]
    lodged_at: datetime
    group_code: str | None = None
    assisted: bool = False


@dataclass(frozen=True, slots=True)
class CaseSummary:
    """What the migrant may be told about her own case without any key."""

    id: str
    code: str
    category: Category
    status: Status
    lodged_at: datetime
    opened_at: datetime | None
    offices: tuple[tuple[str, str], ...]
    letters: int
    satisfied: str | None = None


def lodged_by(session: Session, update: str) -> Lodged | None:
    """Give the receipt of the case that this delivery lodged, when it did."""
    case = session.exec(select(Case).where(Case.lodged_by == update)).one_or_none()
    return None if case is None else receipt(session, case)


def by_code(session: Session, code: str) -> Case:
    """Give the case with this code. Raises sqlalchemy.exc.NoResultFound."""
    return session.exec(select(Case).where(Case.code == code)).one()


def receipt(session: Session, case: Case) -> Lodged:
    """Give the receipt of a case: the offices that can open it."""
    rows = session.exec(
        select(Referral, Organisation)
        .join(Organisation, col(Organisation.id) == Referral.organisation_id)
        .where(
            Referral.case_id == case.id,
            col(Referral.organisation_id).in_(
                select(Wrap.organisation_id).where(Wrap.case_id == case.id)
            ),
        )
        .order_by(col(Referral.place))
    )
    of_group = session.get(CaseGroup, case.group_id) if case.group_id else None
    return Lodged(
        code=case.code,
        lodged_at=case.lodged_at,
        group_code=of_group.code if of_group is not None else None,
        assisted=case.assisted_by is not None,
        routes=tuple(
            Routed(
                o.name_km,
                o.name_en,
                PartnerType(o.partner_type),
                tuple(routing.Reason(r) for r in referral.reasons.split()),
            )
            for referral, o in rows
        ),
    )


def owned(session: Session, conversation: str) -> list[Case]:
    """Give the conversation's cases, newest first."""
    hers = select(Case).where(Case.conversation == conversation)
    return list(session.exec(hers.order_by(col(Case.lodged_at).desc())))


def for_conversation(session: Session, conversation: str) -> list[CaseSummary]:
    """Give what may be told of the conversation's cases, newest first."""
    return [_summary(session, case) for case in owned(session, conversation)]


def _summary(session: Session, case: Case) -> CaseSummary:
    letters = session.exec(
        select(func.count())
        .select_from(Letter)
        .where(Letter.case_id == case.id, Letter.state != LetterState.READ)
    ).one()
    return CaseSummary(
        id=case.id,
        code=case.code,
        category=Category(case.category),
        status=Status(case.status),
        lodged_at=case.lodged_at,
        opened_at=case.first_opened,
        offices=tuple(
            (r.organisation_name_km, r.organisation_name_en) for r in receipt(session, case).routes
        ),
        letters=letters,
        satisfied=case.satisfied,
    )


def names_file(session: Session, file_id: str) -> bool:
    """Tell whether a draft or a case names this file; what nobody names is nobody's."""
    part = session.exec(select(draft.DraftPart.id).where(draft.DraftPart.file_id == file_id))
    return part.first() is not None or session.get(CaseFile, file_id) is not None


def remove_orphans(session: Session, site: Site, older_than: datetime) -> int:
    """Delete sealed files that no row names, and half written ones (left by a crash); gives how
    many.
    """
    partials = site.files.remove_partials(older_than)
    known = set(session.exec(select(CaseFile.id)))
    known |= {f for f in session.exec(select(draft.DraftPart.file_id)) if f is not None}
    stray = [
        file_id
        for file_id, changed in site.files.ids()
        if file_id not in known and changed < older_than.timestamp()
    ]
    for file_id in stray:
        after_commit(session, lambda file_id=file_id: site.files.remove(file_id))  # type: ignore[misc]
    return len(stray) + partials
