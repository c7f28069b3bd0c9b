"""A case: one complaint, lodged. Its words open only for organisations that hold a wrap of its
key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import ForeignKeyConstraint, UniqueConstraint, func
from sqlmodel import Field, Session, SQLModel, col, select

from referrals import code as case_code
from referrals import consent, draft, keys, routing
from referrals.directory import Organisation
from referrals.files import new_file_id
from referrals.notice import Letter, LetterState
from referrals.sealing import SealedField, new_key, seal
from referrals.site import Site
from referrals.store import UtcDateTime, after_commit
from referrals.taxonomy import (
    CONSENT_FOR,
    Category,
    Confidentiality,
    ConsentCode,
    Country,
    PartnerType,
    Status,
)

FIELD = SealedField("case_field", "sealed", "case")
FILE_KEY = SealedField("case_file", "sealed_key", "case")
CASE_PRIVATE_KEY = SealedField("case", "sealed_private_key", "case")

TOLD_FIELDS = ("story", "name")
"""What the intake tells in words, voice or pictures."""


class NobodyCanReceive(Exception):
    """No organisation that the migrant agreed to has a key yet; nothing was lodged, the draft
    stays.
    """


class Case(SQLModel, table=True):
    """One lodged complaint. Columns in clear hold codes and times only.

    `conversation` is a pseudonym. `lodged_by` is the delivery that lodged it, so that a repeat
    makes no second case. Additions are sealed to `public_key`, whose private half is sealed under
    the case key: the bot can add and cannot read.
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
    status: str = Field(default=Status.LODGED, max_length=16)
    public_key: bytes
    sealed_private_key: bytes
    lodged_at: datetime = Field(sa_type=UtcDateTime)
    first_opened: datetime | None = Field(default=None, sa_type=UtcDateTime)
    handler_id: str | None = Field(default=None, foreign_key="member.id", max_length=32)


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


def lodge(
    session: Session, site: Site, draft_: draft.Draft, update: str, *, language: str
) -> Lodged:
    """Turn a draft into a case, in the caller's transaction; the draft is destroyed with it.

    `update` is the delivery that said yes. Raises ConsentMissing without the consent `store` or
    without any consent to share; NobodyCanReceive when nobody who was agreed to has a key.
    """
    answers = draft.answers(site, draft_)
    asked = draft.consents(site, draft_)
    confidentiality = (
        Confidentiality.ANONYMOUS
        if answers.get("identity") == "anonymous"
        else Confidentiality.STANDARD
    )
    case, case_key = _begin(
        session,
        site,
        conversation=draft_.conversation,
        channel=draft_.channel,
        update=update,
        language=language,
        answers=answers,
        confidentiality=confidentiality,
        asked=asked,
    )
    for part in draft.parts(session, draft_):
        if part.field in TOLD_FIELDS and not (
            part.field == "name" and confidentiality is Confidentiality.ANONYMOUS
        ):
            _reseal(session, site, case, case_key, part)
    draft.discard(session, site, draft_)
    return receipt(session, case)


def request_callback(
    session: Session,
    site: Site,
    *,
    conversation: str,
    channel: str,
    update: str,
    category: Category,
    country: Country,
    province: str | None,
    language: str,
    danger: bool,
    asked: Sequence[consent.Asked],
) -> Lodged:
    """Lodge a small case that says only: please write to me. Raises like `lodge`."""
    known = lodged_by(session, update)
    if known is not None:
        return known
    answers = {
        "category": category.value,
        "country": country.value,
        "province": province or "",
        "danger": "yes" if danger else "",
    }
    case, _ = _begin(
        session,
        site,
        conversation=conversation,
        channel=channel,
        update=update,
        language=language,
        answers=answers,
        confidentiality=Confidentiality.ANONYMOUS,
        asked=asked,
    )
    return receipt(session, case)


def _begin(
    session: Session,
    site: Site,
    *,
    conversation: str,
    channel: str,
    update: str,
    language: str,
    answers: dict[str, str],
    confidentiality: Confidentiality,
    asked: Sequence[consent.Asked],
) -> tuple[Case, bytes]:
    agreed = {a.code: a.granted for a in asked}
    if not agreed.get(ConsentCode.STORE):
        raise consent.ConsentMissing("nobody agreed that this is kept")
    category = Category(answers.get("category") or Category.OTHER)
    province = answers.get("province") or None
    consented = {kind for kind, code in CONSENT_FOR.items() if agreed.get(code)}
    if not consented:
        raise consent.ConsentMissing("nobody agreed that this is shared with anybody")
    routes = routing.route(category, province, consented, candidates(session))
    if not routes:
        raise NobodyCanReceive("no office that was agreed to can receive cases yet")

    case_key, pair = new_key(), keys.PrivateKey.new()
    case = Case(
        code=_free_code(session),
        conversation=conversation,
        lodged_by=update,
        channel=channel,
        language=language,
        complainant=answers.get("complainant", "self"),
        category=category,
        country=Country(answers.get("country") or Country.OTHER),
        province=province,
        confidentiality=confidentiality,
        danger=bool(answers.get("danger")),
        public_key=pair.public,
        sealed_private_key=b"",
        lodged_at=site.clock(),
    )
    case.sealed_private_key = seal(case_key, CASE_PRIVATE_KEY, case.id, pair.raw)
    session.add(case)
    session.flush()
    for each in asked:
        consent.record(session, case.id, each)
    for place, chosen in enumerate(routes):
        _refer(session, site, case, case_key, chosen, place)
    return case, case_key


def _free_code(session: Session) -> str:
    while True:
        drawn = case_code.new_code()
        if session.exec(select(Case.id).where(Case.code == drawn)).first() is None:
            return drawn


def _refer(
    session: Session, site: Site, case: Case, case_key: bytes, chosen: routing.Route, place: int
) -> None:
    """Offer the case to an organisation and wrap its key for it. The database checks the
    consent.
    """
    organisation = session.get_one(Organisation, chosen.organisation_id)
    if organisation.public_key is None:
        raise NobodyCanReceive("this office has no key yet")
    purpose = keys.case_key_purpose(case.id, organisation.id)
    session.add(
        Wrap(
            case_id=case.id,
            organisation_id=organisation.id,
            partner_type=chosen.partner_type,
            wrapped=keys.seal_to(organisation.public_key, case_key, purpose),
        )
    )
    session.add(
        Referral(
            case_id=case.id,
            organisation_id=organisation.id,
            place=place,
            reasons=" ".join(chosen.reasons),
            offered_at=site.clock(),
        )
    )
    session.flush()


def _reseal(
    session: Session, site: Site, case: Case, case_key: bytes, part: draft.DraftPart
) -> None:
    """Seal one told thing again, under the case key; its file is written anew under a new key."""
    told = draft.opened(site, part)
    if told.text is not None:
        row = CaseField(case_id=case.id, name=part.field, at=part.at, sealed=b"")
        row.sealed = seal(case_key, FIELD, row.id, told.text.encode())
        session.add(row)
    if told.file is not None:
        file_id, file_key = new_file_id(), new_key()
        site.files.seal(file_id, file_key, site.files.open_(told.file.file_id, told.file.key))
        session.add(
            CaseFile(
                id=file_id,
                case_id=case.id,
                update=part.update,
                number=part.number,
                name=part.field,
                kind=part.kind,
                media_type=told.file.media_type,
                size=told.file.size,
                at=part.at,
                sealed_key=seal(case_key, FILE_KEY, file_id, file_key + told.file.digest),
            )
        )
    session.flush()


def candidates(session: Session) -> list[routing.Candidate]:
    """Give the organisations that can receive cases now, with how many open ones they have."""
    loads = dict(
        session.exec(
            select(Referral.organisation_id, func.count())
            .join(Case, col(Case.id) == Referral.case_id)
            .where(Case.status != Status.CLOSED)
            .group_by(col(Referral.organisation_id))
        ).all()
    )
    found = session.exec(select(Organisation).where(col(Organisation.public_key).is_not(None)))
    return [
        routing.Candidate(
            organisation_id=o.id,
            partner_type=PartnerType(o.partner_type),
            province=o.province,
            national=o.national,
            open_cases=loads.get(o.id, 0),
        )
        for o in found
    ]


def lodged_by(session: Session, update: str) -> Lodged | None:
    """Give the receipt of the case that this delivery lodged, when it did."""
    case = session.exec(select(Case).where(Case.lodged_by == update)).one_or_none()
    return None if case is None else receipt(session, case)


def by_code(session: Session, code: str) -> Case:
    """Give the case with this code. Raises sqlalchemy.exc.NoResultFound."""
    return session.exec(select(Case).where(Case.code == code)).one()


def receipt(session: Session, case: Case) -> Lodged:
    """Give the receipt of a case."""
    rows = session.exec(
        select(Referral, Organisation)
        .join(Organisation, col(Organisation.id) == Referral.organisation_id)
        .where(Referral.case_id == case.id)
        .order_by(col(Referral.place))
    )
    return Lodged(
        code=case.code,
        lodged_at=case.lodged_at,
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


def for_conversation(session: Session, conversation: str) -> list[CaseSummary]:
    """Give the conversation's cases, newest first."""
    found = session.exec(
        select(Case).where(Case.conversation == conversation).order_by(col(Case.lodged_at).desc())
    )
    return [_summary(session, case) for case in found]


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
    )


def remove_orphans(session: Session, site: Site, older_than: datetime) -> int:
    """Delete sealed files that no row names (left by a crash); gives how many."""
    known = set(session.exec(select(CaseFile.id)))
    known |= {f for f in session.exec(select(draft.DraftPart.file_id)) if f is not None}
    stray = [
        file_id
        for file_id, changed in site.files.ids()
        if file_id not in known and changed < older_than.timestamp()
    ]
    for file_id in stray:
        after_commit(session, lambda file_id=file_id: site.files.remove(file_id))  # type: ignore[misc]
    return len(stray)
