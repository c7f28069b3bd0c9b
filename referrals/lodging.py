"""Lodging: a draft becomes a case in one transaction, its key wrapped for whom she agreed to."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlmodel import Session, col, func, select

from referrals import assisted, consent, draft, group, keys, routing
from referrals import code as case_code
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


def lodge(
    session: Session, site: Site, draft_: draft.Draft, update: str, *, language: str
) -> Lodged:
    """Turn a draft into a case, in the caller's transaction; the draft is destroyed with it.

    `update` is the delivery that said yes. Raises ConsentMissing without the consent `store` or
    without any consent to share; NobodyCanReceive when nobody who was agreed to has a key;
    EnoughToday.
    """
    answers = draft.answers(site, draft_)
    asked = _standing(draft.consents(site, draft_), answers)
    parts = draft.parts(session, draft_)
    case, case_key = _begin(
        session,
        site,
        conversation=draft_.conversation,
        channel=draft_.channel,
        update=update,
        language=language,
        answers=answers,
        confidentiality=_confidentiality(answers, {part.field for part in parts}),
        asked=asked,
    )
    for part in parts:
        if part.field in TOLD_FIELDS:
            _reseal(session, site, case, case_key, part)
    _seal_choices(session, site, case, case_key, answers)
    session.flush()
    draft.discard(session, site, draft_)
    return receipt(session, case)


def _standing(asked: Sequence[consent.Asked], answers: Mapping[str, str]) -> list[consent.Asked]:
    """Leave out every consent whose last answer she took back since: it is asked no more."""
    last = {each.code: "yes" if each.granted else "no" for each in asked}
    return [each for each in asked if answers.get(each.code) == last[each.code]]


def _confidentiality(answers: Mapping[str, str], told: set[str]) -> Confidentiality:
    """Restricted when somebody must not see it; anonymous when no name was told."""
    if answers.get(Detail.NOT_SEE) or Detail.NOT_SEE in told:
        return Confidentiality.RESTRICTED
    return Confidentiality.STANDARD if Detail.NAME in told else Confidentiality.ANONYMOUS


def _seal_choices(
    session: Session, site: Site, case: Case, case_key: bytes, answers: Mapping[str, str]
) -> None:
    """Seal what was chosen on buttons, or understood, as one field."""
    held = {name: answers[name].split(",") for name in (*CHOICES, *_UNDERSTOOD) if name in answers}
    if not held:
        return
    row = CaseField(case_id=case.id, name=CHOICES_FIELD, at=site.clock(), sealed=b"")
    row.sealed = seal(case_key, FIELD, row.id, json.dumps(held, sort_keys=True).encode())
    session.add(row)


_UNDERSTOOD = ("sector", "destination_province")


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
        callback=True,
    )
    return receipt(session, case)


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


def _lodged_today(session: Session, site: Site, conversation: str) -> int:
    return session.exec(
        select(func.count())
        .select_from(Case)
        .where(Case.conversation == conversation, Case.lodged_at > site.clock() - DAY)
    ).one()


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
    callback: bool = False,
) -> tuple[Case, bytes]:
    agreed = {a.code: a.granted for a in asked}
    if not agreed.get(ConsentCode.STORE):
        raise consent.ConsentMissing("nobody agreed that this is kept")
    if _lodged_today(session, site, conversation) >= LODGINGS:
        raise EnoughToday("this conversation lodged enough for one day")
    category = Category(answers.get("category") or Category.OTHER)
    province = answers.get("province") or None
    consented = {kind for kind, code in CONSENT_FOR.items() if agreed.get(code)}
    if not consented:
        raise consent.ConsentMissing("nobody agreed that this is shared with anybody")
    open_to = allowed(candidates(session), answers)
    routes = routing.route(category, province, consented, open_to)
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
        minor=answers.get(Detail.AGE) in MINOR or answers.get("minor") == "yes",
        callback=callback,
        group_id=_group(session, site, answers, category),
        assisted_by=assisted.helper_of(session, conversation),
        public_key=pair.public,
        sealed_private_key=b"",
        lodged_at=site.clock(),
    )
    case.sealed_private_key = seal(case_key, CASE_PRIVATE_KEY, case.id, pair.raw)
    session.add(case)
    session.flush()
    consent.record(session, case.id, *asked)
    for place, chosen in enumerate(routes):
        refer(session, site, case, case_key, chosen, place)
    session.flush()
    return case, case_key


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
) -> str | None:
    """Give the group that she joined, or begin one when she writes for a group."""
    joined = group.by_code(session, answers["group_code"]) if "group_code" in answers else None
    if joined is None and answers.get("complainant") == Complainant.GROUP:
        country = Country(answers.get("country") or Country.OTHER)
        joined = group.begin(session, site, category, country)
    return joined.id if joined is not None else None


def _free_code(session: Session) -> str:
    while True:
        drawn = case_code.new_code()
        if session.exec(select(Case.id).where(Case.code == drawn)).first() is None:
            return drawn


def refer(
    session: Session, site: Site, case: Case, case_key: bytes, chosen: routing.Route, place: int
) -> None:
    """Offer the case to an organisation and wrap its key for it, in rows that the caller flushes.

    The database checks the consent then. Raises NobodyCanReceive.
    """
    # While somebody leaves the office its key changes; whoever lodges waits for it, or it for her.
    organisation = session.get_one(
        Organisation,
        chosen.organisation_id,
        populate_existing=True,
        with_for_update={"read": True},
    )
    if organisation.public_key is None:
        raise NobodyCanReceive("this office has no key yet")
    purpose = keys.case_key_purpose(case.id, organisation.id)
    session.add(
        Wrap(
            case_id=case.id,
            organisation_id=organisation.id,
            partner_type=chosen.partner_type,
            generation=organisation.generation,
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


def candidates(session: Session) -> list[routing.Candidate]:
    """Give the organisations that can receive cases now, with how many open ones they have."""
    loads = dict(
        session.exec(
            select(Referral.organisation_id, func.count())
            .join(Case, col(Case.id) == Referral.case_id)
            .where(Case.status != Status.CLOSED, col(Referral.ended_at).is_(None))
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
