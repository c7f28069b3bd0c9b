"""Lodging: a draft becomes a case in one transaction, its key wrapped for whom she agreed to."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

import sqlalchemy as sql
from sqlmodel import Session, col, func, select

from referrals import code as case_code
from referrals import consent, draft, group, keys, routing, rows
from referrals.assisted import Assisted
from referrals.case import (
    CASE_PRIVATE_KEY,
    CHOICES_FIELD,
    FIELD,
    FILE_KEY,
    TOLD_FIELDS,
    Case,
    CaseField,
    CaseFile,
    Lodged,
    Referral,
    Routed,
    Wrap,
    lodged_by,
    receipt,
)
from referrals.directory import Organisation
from referrals.files import new_file_id
from referrals.intake import CHOICES, MINOR, Detail
from referrals.sealing import new_key, seal
from referrals.site import Site
from referrals.taxonomy import (
    CONSENT_FOR,
    Category,
    Complainant,
    Confidentiality,
    ConsentCode,
    Country,
    PartnerType,
    Status,
)

LODGINGS = 5
"""Cases that one conversation can lodge within DAY."""

DAY = timedelta(hours=24)


class EnoughToday(Exception):
    """This conversation lodged LODGINGS cases within DAY; nothing was lodged, a draft stays."""


class NobodyCanReceive(Exception):
    """No organisation that the migrant agreed to has a key yet; nothing was lodged, the draft
    stays.
    """


@dataclass(frozen=True, slots=True, repr=False)
class _Intake:
    """What a case begins with. `answers` are codes by field; `update` is the delivery that said
    yes.
    """

    conversation: str
    channel: str
    update: str
    language: str
    answers: Mapping[str, str]
    confidentiality: Confidentiality
    asked: Sequence[consent.Asked]
    callback: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class _Begun:
    """A case that is in the database, with its key, which is kept nowhere but in the wraps."""

    id: str
    key: bytes
    receipt: Lodged


def lodge(
    session: Session, site: Site, draft_: draft.Draft, update: str, *, language: str
) -> Lodged:
    """Turn a draft into a case, in the caller's transaction; the draft is destroyed with it.

    `update` is the delivery that said yes. Raises ConsentMissing without the consent `store` or
    without any consent to share; NobodyCanReceive when nobody who was agreed to has a key;
    EnoughToday.
    """
    answers, asked = draft.answers_and_consents(site, draft_)
    parts = draft.parts(session, draft_)
    intake = _Intake(
        conversation=draft_.conversation,
        channel=draft_.channel,
        update=update,
        language=language,
        answers=answers,
        confidentiality=_confidentiality(answers, {part.field for part in parts}),
        asked=_standing(asked, answers),
    )
    case = _begin(session, site, intake)
    _seal_told(session, site, case, answers, parts)
    draft.discard(session, site, draft_)
    return case.receipt


def _standing(asked: Sequence[consent.Asked], answers: Mapping[str, str]) -> list[consent.Asked]:
    """Leave out every consent whose last answer she took back since: it is asked no more."""
    last = {each.code: "yes" if each.granted else "no" for each in asked}
    return [each for each in asked if answers.get(each.code) == last[each.code]]


def _confidentiality(answers: Mapping[str, str], told: set[str]) -> Confidentiality:
    """Restricted when somebody must not see it; anonymous when no name was told."""
    if answers.get(Detail.NOT_SEE) or Detail.NOT_SEE in told:
        return Confidentiality.RESTRICTED
    return Confidentiality.STANDARD if Detail.NAME in told else Confidentiality.ANONYMOUS


def _seal_told(
    session: Session,
    site: Site,
    case: _Begun,
    answers: Mapping[str, str],
    parts: Sequence[draft.DraftPart],
) -> None:
    """Seal under the case key what was told, and, as one field, what was chosen."""
    fields: list[rows.Row] = []
    files: list[rows.Row] = []
    for part in parts:
        if part.field not in TOLD_FIELDS:
            continue
        told = draft.opened(site, part)
        if told.text is not None:
            fields.append(_field(case, part.field, told.text, part.at))
        if told.file is not None:
            files.append(_file(site, case, part, told.file))
    chosen = {each: answers[each].split(",") for each in _CHOSEN if each in answers}
    if chosen:
        fields.append(_field(case, CHOICES_FIELD, json.dumps(chosen, sort_keys=True), site.clock()))
    rows.insert(session, CaseField, fields)
    rows.insert(session, CaseFile, files)


_CHOSEN = (*CHOICES, "sector", "destination_province")
"""What was chosen on buttons, and what was understood."""


def _field(case: _Begun, name: str, text: str, at: datetime) -> rows.Row:
    id_ = uuid4().hex
    sealed = seal(case.key, FIELD, id_, text.encode())
    return {"id": id_, "case_id": case.id, "name": name, "at": at, "sealed": sealed}


def _file(site: Site, case: _Begun, part: draft.DraftPart, told: draft.SealedFile) -> rows.Row:
    """Write a told file anew, under a new key."""
    copy = replace(told, file_id=new_file_id(), key=new_key())
    site.files.seal(copy.file_id, copy.key, site.files.open_(told.file_id, told.key))
    return {
        "id": copy.file_id,
        "case_id": case.id,
        "update": part.update,
        "number": part.number,
        "name": part.field,
        "kind": part.kind,
        "media_type": copy.media_type,
        "size": copy.on_disk,
        "at": part.at,
        "sealed_key": seal(case.key, FILE_KEY, copy.file_id, copy.secret),
    }


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
    minor: bool = False,
    asked: Sequence[consent.Asked],
) -> Lodged:
    """Lodge a small case that says only: please write to me. Raises like `lodge`.

    While one is open, asking again lodges no second one; with `danger` it makes the first urgent.
    """
    known = lodged_by(session, update)
    if known is not None:
        return known
    waiting = _open_callback(session, conversation)
    if waiting is not None:
        waiting.danger = waiting.danger or danger
        session.add(waiting)
        return receipt(session, waiting)
    answers = {
        "category": category.value,
        "country": country.value,
        "province": province or "",
        "danger": "yes" if danger else "",
        "minor": "yes" if minor else "",
    }
    intake = _Intake(
        conversation=conversation,
        channel=channel,
        update=update,
        language=language,
        answers=answers,
        confidentiality=Confidentiality.ANONYMOUS,
        asked=asked,
        callback=True,
    )
    return _begin(session, site, intake).receipt


def _open_callback(session: Session, conversation: str) -> Case | None:
    """Give the conversation's callback case that is not closed and that an office can read."""
    return session.exec(
        select(Case)
        .where(
            Case.conversation == conversation,
            col(Case.callback),
            Case.status != Status.CLOSED,
            col(Case.id).in_(select(Wrap.case_id)),
        )
        .order_by(col(Case.lodged_at).desc())
        .limit(1)
    ).first()


_CASE, _REFERRAL = rows.table(Case), rows.table(Referral)
_OFFICE, _HELP = rows.table(Organisation), rows.table(Assisted)
_WHO = sql.select(
    sql.select(func.count())
    .where(
        _CASE.c.conversation == sql.bindparam("conversation"),
        _CASE.c.lodged_at > sql.bindparam("since"),
    )
    .scalar_subquery(),
    sql.select(_HELP.c.member_id)
    .where(_HELP.c.conversation == sql.bindparam("conversation"))
    .scalar_subquery(),
)
"""How many cases a conversation lodged since then, and the id of the member who helps in it."""


def _begin(session: Session, site: Site, intake: _Intake) -> _Begun:
    """Make a case of nothing but codes, its consents and its wraps, under a new key."""
    answers, now = intake.answers, site.clock()
    agreed = {each.code: each.granted for each in intake.asked}
    if not agreed.get(ConsentCode.STORE):
        raise consent.ConsentMissing("nobody agreed that this is kept")
    asked = {"conversation": intake.conversation, "since": now - DAY}
    lodged_today, helper = session.connection().execute(_WHO, asked).one()
    if lodged_today >= LODGINGS:
        raise EnoughToday("this conversation lodged enough for one day")
    consented = {kind for kind, code in CONSENT_FOR.items() if agreed.get(code)}
    if not consented:
        raise consent.ConsentMissing("nobody agreed that this is shared with anybody")
    category = Category(answers.get("category") or Category.OTHER)
    province = answers.get("province") or None
    open_to = allowed(candidates(session), answers)
    routes = routing.route(category, province, consented, open_to)
    if not routes:
        raise NobodyCanReceive("no office that was agreed to can receive cases yet")

    id_, key, pair = uuid4().hex, new_key(), keys.PrivateKey.new()
    joined = _group(session, site, answers, category)
    code = _insert(
        session,
        {
            "id": id_,
            "conversation": intake.conversation,
            "lodged_by": intake.update,
            "channel": intake.channel,
            "language": intake.language,
            "complainant": answers.get("complainant", "self"),
            "category": category,
            "country": Country(answers.get("country") or Country.OTHER),
            "province": province,
            "confidentiality": intake.confidentiality,
            "danger": bool(answers.get("danger")),
            "minor": answers.get(Detail.AGE) in MINOR or answers.get("minor") == "yes",
            "callback": intake.callback,
            "group_id": joined.id if joined else None,
            "assisted_by": helper,
            "public_key": pair.public,
            "sealed_private_key": seal(key, CASE_PRIVATE_KEY, id_, pair.raw),
            "lodged_at": now,
        },
    )
    consent.begin(session, id_, intake.asked)
    routed = _offer(session, site, id_, key, routes)
    receipt_ = Lodged(
        code=code,
        routes=routed,
        lodged_at=now,
        group_code=joined.code if joined else None,
        assisted=helper is not None,
    )
    return _Begun(id_, key, receipt_)


def _insert(session: Session, row: rows.Row) -> str:
    """Insert a case under a code that is free; gives the code."""
    while True:
        code = case_code.new_code()
        if rows.insert_if_free(session, Case, "code", {**row, "code": code}):
            return code


def allowed(
    found: Sequence[routing.Candidate], answers: Mapping[str, str]
) -> list[routing.Candidate]:
    """Leave out the offices that must not see the case."""
    unseen = answers.get(Detail.NOT_SEE, "").split(",")
    home = answers.get("province") if "home_offices" in unseen else None
    return [
        each
        for each in found
        if not (home is not None and each.province == home)
        and not ("labour_office" in unseen and each.partner_type is PartnerType.PDOLVT)
    ]


def _group(
    session: Session, site: Site, answers: Mapping[str, str], category: Category
) -> group.CaseGroup | None:
    """Give the group that she joined, or begin one when she writes for a group."""
    joined = group.by_code(session, answers["group_code"]) if "group_code" in answers else None
    if joined is None and answers.get("complainant") == Complainant.GROUP:
        country = Country(answers.get("country") or Country.OTHER)
        joined = group.begin(session, site, category, country)
    return joined


def refer(
    session: Session, site: Site, case: Case, case_key: bytes, chosen: routing.Route, place: int
) -> None:
    """Offer a lodged case to one more organisation and wrap its key for it.

    Raises NobodyCanReceive; sqlalchemy.exc.IntegrityError without a consent that stands.
    """
    _offer(session, site, case.id, case_key, [chosen], first=place)


def _offer(
    session: Session,
    site: Site,
    case_id: str,
    case_key: bytes,
    routes: Sequence[routing.Route],
    *,
    first: int = 0,
) -> tuple[Routed, ...]:
    """Write wraps and referrals, in the order of the routes; the database checks the consents.

    Gives what the receipt says of them.
    """
    # While somebody leaves an office its key changes; whoever lodges waits for it, or it for her.
    asked = {"ids": [each.organisation_id for each in routes]}
    offices = {each.id: each for each in session.connection().execute(_OFFICES, asked)}
    wraps: list[rows.Row] = []
    referrals: list[rows.Row] = []
    for place, chosen in enumerate(routes, first):
        office = offices[chosen.organisation_id]
        if office.public_key is None:
            raise NobodyCanReceive("this office has no key yet")
        purpose = keys.case_key_purpose(case_id, office.id)
        row = {"case_id": case_id, "organisation_id": office.id}
        wraps.append(
            {
                **row,
                "partner_type": chosen.partner_type,
                "generation": office.generation,
                "wrapped": keys.seal_to(office.public_key, case_key, purpose),
            }
        )
        referrals.append(
            {
                **row,
                "place": place,
                "reasons": " ".join(chosen.reasons),
                "offered_at": site.clock(),
            }
        )
    rows.insert(session, Wrap, wraps)
    rows.insert(session, Referral, referrals)
    named = [(offices[each.organisation_id], each) for each in routes]
    return tuple(Routed(o.name_km, o.name_en, r.partner_type, r.reasons) for o, r in named)


_OFFICES = (
    sql.select(
        _OFFICE.c.id,
        _OFFICE.c.public_key,
        _OFFICE.c.generation,
        _OFFICE.c.name_km,
        _OFFICE.c.name_en,
    )
    .where(_OFFICE.c.id.in_(sql.bindparam("ids", expanding=True)))
    .order_by(_OFFICE.c.id)
    .with_for_update(read=True)
)


def candidates(session: Session) -> list[routing.Candidate]:
    """Give the organisations that can receive cases now, with how many open ones they have."""
    session.flush()
    return [
        routing.Candidate(id_, PartnerType(kind), province, national, open_cases)
        for id_, kind, province, national, open_cases in session.connection().execute(_CANDIDATES)
    ]


_LOADS = (
    sql.select(_REFERRAL.c.organisation_id, func.count().label("open_cases"))
    .join(_CASE, _CASE.c.id == _REFERRAL.c.case_id)
    .where(_CASE.c.status != Status.CLOSED, _REFERRAL.c.ended_at.is_(None))
    .group_by(_REFERRAL.c.organisation_id)
    .subquery()
)
_CANDIDATES = (
    sql.select(
        _OFFICE.c.id,
        _OFFICE.c.partner_type,
        _OFFICE.c.province,
        _OFFICE.c.national,
        func.coalesce(_LOADS.c.open_cases, 0),
    )
    .join(_LOADS, _LOADS.c.organisation_id == _OFFICE.c.id, isouter=True)
    .where(_OFFICE.c.public_key.is_not(None))
)
