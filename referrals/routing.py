"""Routing: which partners get a case, by home province, topic and consent, with reasons. A pure
rule.

Sources: complaints go to the provincial department of any province, or through an MRC (facts:
Prakas 249, seed S3 item 9.5); legal assistance is given by LSCW (seed S3 line 2581); crimes are not
conciliated (seed S3 line 2711).
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from referrals.geography import UNSAID
from referrals.taxonomy import CRIMES, PHASE_OF, RED, Category, PartnerType, Phase


class Reason(StrEnum):
    """Why an organisation was chosen. Labels for people are content."""

    HOME_PROVINCE = "home_province"
    NATIONAL = "national"
    NO_PROVINCE_FEWEST_CASES = "no_province_fewest_cases"
    LEGAL_TOPIC = "legal_topic"
    CRIME_NEEDS_LAWYER = "crime_needs_lawyer"
    AGENCY_DISPUTE = "agency_dispute"
    ONLY_ONE_CONSENTED = "only_one_consented"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An organisation that can receive cases, as routing sees it."""

    organisation_id: str
    partner_type: PartnerType
    province: str | None = None
    national: bool = False
    open_cases: int = 0


@dataclass(frozen=True, slots=True)
class Route:
    """One chosen organisation and why."""

    organisation_id: str
    partner_type: PartnerType
    reasons: tuple[Reason, ...]


LEGAL_TOPICS = RED | {
    Category.DISMISSAL,
    Category.NO_JOB_NO_REFUND,
    Category.DECEPTION,
    Category.UNLICENSED_BROKER,
}
"""Topics for which a lawyer looks from the start, when the migrant agreed."""


def route(
    category: Category,
    province: str | None,
    consented: Collection[PartnerType],
    directory: Collection[Candidate],
) -> list[Route]:
    """Choose at most one organisation of each consented kind; the first one leads.

    - A Migrant Worker Resource Centre or provincial department: that of the home province; when no
      province was said, or it has none, a national one, else the one with the fewest open cases.
    - Legal aid: for LEGAL_TOPICS, or when nobody else was agreed to.
    - A crime goes to a provincial department, which conciliates, only when nobody else was agreed
      to.
    Gives an empty list when nobody who was agreed to can receive.
    """
    found: dict[PartnerType, Route] = {}
    for kind in (PartnerType.MRC, PartnerType.PDOLVT, PartnerType.LEGAL_AID):
        chosen = _nearest(kind, province, directory) if kind in consented else None
        if chosen is not None:
            found[kind] = chosen
    reachable = set(found)
    if category in CRIMES and reachable - {PartnerType.PDOLVT}:
        found.pop(PartnerType.PDOLVT, None)
    if (
        PartnerType.LEGAL_AID in found
        and category not in LEGAL_TOPICS
        and reachable - {PartnerType.LEGAL_AID}
    ):
        found.pop(PartnerType.LEGAL_AID)
    only = len(reachable) == 1
    routes = [_with_topic(r, category, only=only) for r in found.values()]
    return sorted(routes, key=lambda r: leads(category).index(r.partner_type))


def _nearest(
    kind: PartnerType, province: str | None, directory: Collection[Candidate]
) -> Route | None:
    of_kind = [c for c in directory if c.partner_type is kind]
    home = [c for c in of_kind if province not in (None, UNSAID) and c.province == province]
    national = [c for c in of_kind if c.national]
    for group, reason in (
        (home, Reason.HOME_PROVINCE),
        (national, Reason.NATIONAL),
        (of_kind, Reason.NO_PROVINCE_FEWEST_CASES),
    ):
        if group:
            first = min(group, key=lambda c: (c.open_cases, c.organisation_id))
            return Route(first.organisation_id, kind, (reason,))
    return None


def _with_topic(found: Route, category: Category, *, only: bool) -> Route:
    why = list(found.reasons)
    if found.partner_type is PartnerType.LEGAL_AID and category in CRIMES:
        why.append(Reason.CRIME_NEEDS_LAWYER)
    elif found.partner_type is PartnerType.LEGAL_AID and category in LEGAL_TOPICS:
        why.append(Reason.LEGAL_TOPIC)
    if found.partner_type is PartnerType.PDOLVT and PHASE_OF[category] is Phase.RECRUITMENT:
        why.append(Reason.AGENCY_DISPUTE)
    if only:
        why.append(Reason.ONLY_ONE_CONSENTED)
    return Route(found.organisation_id, found.partner_type, tuple(why))


def leads(category: Category) -> tuple[PartnerType, ...]:
    """Give the kinds of partner in the order in which they lead: the department for disputes with
    an agency, otherwise the resource centre.
    """
    if PHASE_OF[category] is Phase.RECRUITMENT:
        return (PartnerType.PDOLVT, PartnerType.MRC, PartnerType.LEGAL_AID)
    return (PartnerType.MRC, PartnerType.LEGAL_AID, PartnerType.PDOLVT)
