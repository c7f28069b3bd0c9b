"""Routing by place, topic and consent."""

from hypothesis import given
from hypothesis import strategies as st

from referrals.geography import PROVINCES, UNSAID
from referrals.routing import Candidate, Reason, Route, route
from referrals.taxonomy import CRIMES, Category, PartnerType

MRC, PDOLVT, LEGAL = PartnerType.MRC, PartnerType.PDOLVT, PartnerType.LEGAL_AID
ALL = frozenset({MRC, PDOLVT, LEGAL})
DIRECTORY = [
    Candidate("mrc-14", MRC, "KH-14", open_cases=9),
    Candidate("mrc-7", MRC, "KH-7", open_cases=2),
    Candidate("pdolvt-14", PDOLVT, "KH-14"),
    Candidate("lscw", LEGAL, national=True),
]


def chosen(routes: list[Route]) -> list[str]:
    return [r.organisation_id for r in routes]


def test_wages_go_to_the_centre_and_the_department_of_the_home_province() -> None:
    routes = route(Category.UNPAID_WAGES, "KH-14", ALL, DIRECTORY)
    assert chosen(routes) == ["mrc-14", "pdolvt-14"]
    assert all(Reason.HOME_PROVINCE in r.reasons for r in routes)


def test_a_dispute_with_an_agency_is_led_by_the_department() -> None:
    routes = route(Category.OVERCHARGED_FEES, "KH-14", ALL, DIRECTORY)
    assert chosen(routes)[0] == "pdolvt-14"
    assert Reason.AGENCY_DISPUTE in routes[0].reasons


def test_a_crime_is_not_conciliated() -> None:
    routes = route(Category.TRAFFICKING_FORCED_LABOUR, "KH-14", ALL, DIRECTORY)
    assert chosen(routes) == ["mrc-14", "lscw"]
    assert Reason.CRIME_NEEDS_LAWYER in routes[1].reasons


def test_a_crime_reaches_the_department_when_nobody_else_was_agreed_to() -> None:
    routes = route(Category.VIOLENCE_HARASSMENT, "KH-14", {PDOLVT}, DIRECTORY)
    assert chosen(routes) == ["pdolvt-14"]
    assert Reason.ONLY_ONE_CONSENTED in routes[0].reasons


def test_who_says_no_province_is_helped_by_the_centre_with_the_fewest_cases() -> None:
    routes = route(Category.UNPAID_WAGES, UNSAID, {MRC}, DIRECTORY)
    assert chosen(routes) == ["mrc-7"]
    assert Reason.NO_PROVINCE_FEWEST_CASES in routes[0].reasons


def test_a_lawyer_agreed_to_alone_gets_any_topic() -> None:
    assert chosen(route(Category.UNPAID_WAGES, "KH-14", {LEGAL}, DIRECTORY)) == ["lscw"]


def test_nobody_can_receive_where_nobody_is() -> None:
    assert route(Category.UNPAID_WAGES, "KH-14", ALL, []) == []


places = st.sampled_from([*PROVINCES, UNSAID, None])
consents = st.frozensets(st.sampled_from(sorted(ALL)))
candidates = st.lists(
    st.builds(
        Candidate,
        organisation_id=st.uuids().map(str),
        partner_type=st.sampled_from(list(PartnerType)),
        province=st.sampled_from([*PROVINCES, None]),
        national=st.booleans(),
        open_cases=st.integers(0, 50),
    ),
    max_size=12,
)


@given(st.sampled_from(Category), places, consents, candidates)
def test_only_consented_kinds_are_chosen_once_each_and_with_a_reason(
    category: Category,
    place: str | None,
    agreed: frozenset[PartnerType],
    directory: list[Candidate],
) -> None:
    routes = route(category, place, agreed, directory)
    kinds = [r.partner_type for r in routes]
    assert set(kinds) <= agreed
    assert len(kinds) == len(set(kinds))
    assert all(r.reasons for r in routes)
    known = {c.organisation_id: c for c in directory}
    assert all(known[r.organisation_id].partner_type is r.partner_type for r in routes)


@given(st.sampled_from(Category), places, consents, candidates)
def test_somebody_is_chosen_whenever_somebody_agreed_to_can_receive(
    category: Category,
    place: str | None,
    agreed: frozenset[PartnerType],
    directory: list[Candidate],
) -> None:
    possible = {c.partner_type for c in directory} & agreed
    assert bool(route(category, place, agreed, directory)) == bool(possible)


@given(st.sampled_from(sorted(CRIMES)), places, candidates)
def test_no_crime_reaches_a_department_beside_somebody_else(
    category: Category, place: str | None, directory: list[Candidate]
) -> None:
    kinds = {r.partner_type for r in route(category, place, ALL, directory)}
    assert PDOLVT not in kinds or kinds == {PDOLVT}
