"""What may be added, never has to be, and what follows from it: a child, who must not see it."""

import pytest

from bot.actions.journey import (
    SHARES,
    Standing,
    detail_of,
    shares,
)
from bot.content import content
from referrals.intake import CHOICES, GROUPS, Detail, DetailGroup
from referrals.taxonomy import Category, Complainant, PartnerType
from tests.bot.actions.conftest import opens_office
from tests.bot.actions.talk import (
    Talk,
    keys,
    names,
    payloads,
    ticked,
)

# ---- what may be added


@pytest.mark.usefixtures("offices")
def test_the_menu_has_pages_and_a_page_has_details(talk: Talk) -> None:
    talk.gets_to("lodge")
    assert "details" in names(talk.asks())
    talk.hears("details")
    assert payloads(talk.asks()) == [f"details:of={group}" for group in DetailGroup]
    talk.hears("details", of="what")
    assert payloads(talk.asks()) == [f"detail:detail={d}" for d in GROUPS[DetailGroup.WHAT]]


@pytest.mark.usefixtures("offices")
def test_a_detail_that_was_told_is_ticked_and_nothing_is_before(talk: Talk) -> None:
    talk.gets_to("lodge")
    talk.hears("details", of="who")
    assert not ticked(talk.asks())
    talk.hears("detail", detail="employer")
    assert (talk.at, keys(talk.asks())) == ("detail", ["detail_employer"])
    update = talk.tells("employer")
    talk.hears("told", update, told="detail")
    assert keys(talk.asks("told")) == ["detail_kept"]
    talk.hears("done")
    assert ticked(talk.asks()) == ["detail:detail=employer"]
    talk.hears("done")
    assert talk.at == "lodge"
    assert "detail.employer" in talk.asks().says[-1].values["extras"]


def test_of_the_papers_only_those_are_shown_that_help_in_this_case(talk: Talk) -> None:
    talk.opens()
    for category in Category:
        talk.answers_with(category=category)
        talk.hears("details", of="papers")
        asked = talk.asks()
        helping = [each for each in content().evidence[category] if each != Detail.WITNESSES]
        assert payloads(asked) == [f"detail:detail={each}" for each in helping]
        assert asked.says[-1].values["missing"] == ",".join(helping)
        assert asked.says[-1].values["have"] == ""


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize("complainant", Complainant)
def test_the_person_concerned_is_asked_for_when_it_is_not_herself(
    talk: Talk, complainant: str
) -> None:
    talk.gets_to("lodge")
    talk.answers_with(complainant=complainant)
    talk.hears("details", of="who")
    offered = "detail:detail=person" in payloads(talk.asks())
    assert offered == (complainant != Complainant.SELF)


def test_no_two_details_share_a_choice() -> None:
    for detail, choices in CHOICES.items():
        assert [detail_of(choice) for choice in choices] == [detail] * len(choices)
    assert detail_of("murder") is None


@pytest.mark.usefixtures("offices")
def test_a_choice_pressed_again_is_taken_back(talk: Talk) -> None:
    talk.gets_to("lodge")
    talk.hears("detail", detail="wants")
    for choice, held in (("passport", "passport"), ("money", "money,passport"), ("money", None)):
        talk.answers_with(choice=choice)
        assert talk.answers().get("wants") == (held or "passport")
        assert talk.at == "detail"
    assert ticked(talk.asks("inform", choice="money")) == ["inform:choice=passport"]
    talk.answers_with(choice="passport")
    assert "wants" not in talk.answers()


@pytest.mark.usefixtures("offices")
def test_a_choice_that_comes_twice_by_a_repeat_counts_once(talk: Talk) -> None:
    talk.gets_to("lodge")
    talk.hears("detail", detail="wants")
    before = dict(talk.slots)
    first = talk.hears("inform", "same", choice="money")
    talk.slots = before
    assert talk.hears("inform", "same", choice="money") == first
    assert talk.answers()["wants"] == "money"


@pytest.mark.usefixtures("offices")
def test_of_a_detail_with_one_answer_the_last_counts_and_its_question_ends(talk: Talk) -> None:
    talk.gets_to("lodge")
    talk.hears("detail", detail="counsellor")
    talk.answers_with(choice="woman")
    assert (talk.at, talk.answers()["counsellor"]) == ("details", "woman")
    talk.hears("detail", detail="counsellor")
    assert ticked(talk.asks()) == ["inform:choice=woman"]
    talk.answers_with(choice="either")
    assert talk.answers()["counsellor"] == "either"


@pytest.mark.usefixtures("offices")
def test_a_choice_from_an_older_message_still_means_what_it_says(talk: Talk) -> None:
    talk.gets_to("lodge")
    talk.hears("detail", detail="wants")
    talk.answers_with(choice="sight")
    assert talk.answers()["support"] == "sight"
    assert "wants" not in talk.answers()
    assert talk.answers()["detail"] == "support"


def test_who_adds_something_before_the_least_is_told_comes_back_to_it(talk: Talk) -> None:
    talk.gets_to("country")
    talk.hears("detail", detail="employer")
    assert talk.at == "detail"
    talk.hears("done")
    assert talk.at == "details"
    talk.hears("done")
    assert talk.at == "country"


@pytest.mark.usefixtures("offices")
def test_no_to_a_detail_or_a_menu_means_that_this_is_all(talk: Talk) -> None:
    talk.gets_to("lodge")
    talk.hears("detail", detail="name")
    talk.hears("deny")
    assert talk.at == "details"
    talk.hears("deny")
    assert (talk.at, keys(talk.asks("deny"))) == ("lodge", ["summary"])


# ---- a child


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize("age", ["under_15", "aged_15_17"])
def test_to_somebody_under_eighteen_it_is_said_that_she_did_nothing_wrong(
    talk: Talk, age: str
) -> None:
    talk.gets_to("lodge")
    talk.hears("detail", detail="age")
    before = dict(talk.slots)
    first = talk.hears("inform", "same", choice=age)
    assert keys(first) == ["minor"]
    talk.slots = before
    assert talk.hears("inform", "same", choice=age) == first  # a repeat


@pytest.mark.usefixtures("offices")
def test_to_a_grown_up_nothing_is_said_of_her_age(talk: Talk) -> None:
    talk.gets_to("lodge")
    talk.hears("detail", detail="age")
    assert not keys(talk.answers_with(choice="adult"))


@pytest.mark.parametrize("category", Category)
@pytest.mark.parametrize("child", [{"age": "under_15"}, {"age": "aged_15_17"}, {"minor": "yes"}])
def test_a_child_is_asked_for_the_labour_office_last(
    category: Category, child: dict[str, str]
) -> None:
    now = Standing({"category": category, **child}, frozenset())
    assert shares(now)[-1] == "share_pdolvt"
    assert set(shares(now)) == set(SHARES)


@pytest.mark.usefixtures("offices")
def test_a_child_that_says_so_before_is_not_asked_for_the_labour_office_first(talk: Talk) -> None:
    talk.gets_to("story", category="overcharged_fees")
    talk.answers_with(choice="aged_15_17")
    talk.tells_the_story()
    talk.answers_with(store="yes")
    assert talk.at == "share_mrc"


# ---- who must not see it


@pytest.mark.usefixtures("offices")
def test_the_labour_office_that_must_not_see_it_is_never_asked_for(talk: Talk) -> None:
    talk.gets_to("story", category="overcharged_fees")
    talk.answers_with(choice="labour_office")
    talk.hears("done")
    talk.hears("done")
    talk.tells_the_story()
    talk.answers_with(store="yes")
    seen = []
    while talk.at in SHARES:
        seen.append(talk.at)
        talk.answers_with(**{str(talk.at): "no"})
    assert seen == ["share_mrc", "share_legal_aid"]
    assert talk.at == "nobody"


@pytest.mark.usefixtures("offices")
def test_an_old_button_asks_for_no_office_that_must_not_see_it(talk: Talk) -> None:
    talk.gets_to("lodge")
    talk.answers_with(choice="labour_office")
    talk.hears("change", step="share_pdolvt")
    assert talk.at != "share_pdolvt"


@pytest.mark.usefixtures("site")
def test_when_only_an_office_at_home_could_read_it_and_must_not_it_is_not_asked_for(
    talk: Talk,
) -> None:
    opens_office(talk.site, PartnerType.MRC, "MRC Prey Veng", "KH-14")
    opens_office(talk.site, PartnerType.LEGAL_AID, "Legal aid", None)
    talk.gets_to("story")
    talk.answers_with(choice="home_offices")
    talk.hears("done")
    talk.hears("done")
    talk.tells_the_story()
    talk.answers_with(store="yes")
    assert talk.at == "share_legal_aid"


@pytest.mark.usefixtures("site")
def test_when_nobody_is_left_who_may_read_it_back_leads_on(talk: Talk) -> None:
    opens_office(talk.site, PartnerType.PDOLVT, "PDOLVT Prey Veng", "KH-14")
    talk.gets_to("story")
    talk.answers_with(choice="labour_office")
    talk.hears("done")
    talk.hears("done")
    talk.tells_the_story()
    talk.answers_with(store="yes")
    assert talk.at == "nobody"
    talk.goes_back()
    assert talk.at != "nobody"
