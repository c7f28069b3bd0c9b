"""The order of the questions: the least first, all else from a menu, and nobody is trapped."""

import pytest

from bot.actions.complaint_ask import ASKS
from bot.actions.journey import (
    ANSWERS_TO_CHANGE,
    SHARES,
    STEPS,
    Standing,
    accepts,
    detail_of,
    next_step,
    of_group,
    shares,
)
from bot.content import content
from referrals import draft
from referrals.intake import CHOICES, GROUPS, Detail, DetailGroup
from referrals.taxonomy import Category, Complainant, PartnerType, Phase
from tests.bot.actions.conftest import opens_office
from tests.bot.actions.talk import (
    Clock,
    Talk,
    all_payloads,
    keys,
    names,
    payloads,
    ticked,
)

SAMPLE = {
    Phase.RECRUITMENT: "overcharged_fees",
    Phase.WORK: "unpaid_wages",
    Phase.ABUSE: "violence_harassment",
    Phase.STATUS: "detention_deportation",
    Phase.RETURN: "no_help_to_return",
    Phase.MONEY: "debt_remittance",
}
STEERING = {"at", "detail", "menu", "delivery"}


def said(talk: Talk) -> dict[str, str]:
    """Give what the draft holds of answers alone."""
    return {name: value for name, value in talk.answers().items() if name not in STEERING}


# ---- the least


class Finger:
    """Somebody who presses buttons that are shown, and counts."""

    def __init__(self, talk: Talk) -> None:
        self.talk, self.taps, self.messages = talk, 1, 0  # the first tap opens the complaint
        talk.opens()

    def presses(self, payload: str) -> None:
        assert payload in all_payloads(self.talk.asks())
        intent, _, rest = payload.partition(":")
        entities = dict(pair.split("=") for pair in rest.split(";") if pair)
        self.taps += 1
        self.talk.hears(intent, **entities)

    def tells(self) -> None:
        self.messages += 1
        self.talk.tells_the_story()

    def gets_it_sent(self, category: str, group: str) -> None:
        """Take the shortest way."""
        self.presses(f"inform:group={group}")
        self.presses(f"inform:category={category}")
        self.presses("inform:country=TH")
        self.presses("inform:province=KH-8")
        self.tells()
        self.presses("inform:store=yes")
        share = self.talk.at
        self.presses(f"inform:{share}=yes")
        self.presses("inform:contact_me=yes")
        assert self.talk.at == "lodge"
        assert "inform:lodge=yes" in all_payloads(self.talk.asks())
        self.taps += 1


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize(("group", "category"), SAMPLE.items())
def test_a_complaint_of_every_group_takes_nine_taps_and_one_message(
    talk: Talk, group: str, category: str
) -> None:
    finger = Finger(talk)
    finger.gets_it_sent(category, group)
    assert (finger.taps, finger.messages) == (9, 1)
    assert keys(talk.sends())[0] == "receipt"


@pytest.mark.usefixtures("offices")
def test_for_somebody_else_it_takes_two_taps_more(talk: Talk) -> None:
    finger = Finger(talk)
    finger.presses("change:step=complainant")
    finger.presses("inform:complainant=family")
    finger.gets_it_sent("unpaid_wages", "work")
    assert (finger.taps, finger.messages) == (11, 1)


@pytest.mark.usefixtures("offices")
def test_the_app_says_which_question_is_next(talk: Talk) -> None:
    talk.opens()
    seen = [talk.at]
    for step, value in {"category": "unpaid_wages", "country": "TH", "province": "KH-14"}.items():
        talk.answers_with(**{step: value})
        seen.append(talk.at)
    talk.tells_the_story()
    seen.append(talk.at)
    for step in ("store", "share_mrc", "contact_me"):
        talk.answers_with(**{step: "yes"})
        seen.append(talk.at)
    assert seen == [
        "category",
        "country",
        "province",
        "story",
        "story",  # the question whether it may be kept stands under what was told
        "share_mrc",
        "contact_me",
        "lodge",
    ]


@pytest.mark.usefixtures("offices")
def test_the_draft_decides_and_not_what_rasa_remembers(talk: Talk) -> None:
    talk.gets_to("province")
    talk.slots = {"requested_slot": "lodge", "answer": "contact_me", "group": None}
    talk.hears("faq")
    assert talk.at == "province"


def test_every_question_has_its_ask() -> None:
    assert {name.removeprefix("action_ask_complaint_form_") for name in ASKS} == STEPS


def test_only_codes_answer() -> None:
    assert accepts("store", "yes")
    assert not accepts("story", "ខ្ញុំ")
    assert not accepts("detail", "សុខា")
    assert not accepts("nothing", "yes")


# ---- the questions


def test_the_category_is_asked_in_six_groups_then_in_one(talk: Talk) -> None:
    talk.opens()
    assert payloads(talk.asks()) == [f"inform:group={phase}" for phase in Phase]
    talk.answers_with(group="abuse")
    assert talk.at == "category"
    shown = payloads(talk.asks())
    assert "inform:category=violence_harassment" in shown
    assert shown[-1] == "inform:category=other"
    talk.goes_back()
    assert len(payloads(talk.asks())) == len(Phase)


def test_every_category_is_in_a_group_and_other_in_all() -> None:
    found = [set(of_group(phase)) for phase in Phase]
    assert set().union(*found) == set(Category)
    assert all(Category.OTHER in group for group in found)


def test_provinces_come_ten_at_a_time_and_start_again(talk: Talk) -> None:
    talk.gets_to("province")
    seen: list[str] = []
    for expected in (10, 10, 5):
        shown = [p for p in payloads(talk.asks()) if p != "inform:province=unsaid"]
        assert len(shown) == expected
        seen += shown
        talk.hears("more")
    assert len(set(seen)) == 25
    assert "inform:province=KH-1" in payloads(talk.asks())


def test_a_page_turned_by_a_repeat_is_turned_once(talk: Talk) -> None:
    talk.gets_to("province")
    before = dict(talk.slots)
    first = talk.hears("more", "same")
    talk.slots = before
    assert talk.hears("more", "same") == first


def test_the_question_of_the_story_has_no_button_that_ends_it(talk: Talk) -> None:
    """Whoever has more just sends it; under what was told stands whether it may be kept."""
    talk.gets_to("story")
    assert keys(talk.asks()) == ["ask_story"]
    talk.hears("done")
    assert keys(talk.asks("done")) == ["story_empty"]
    talk.tells_the_story()
    asked = talk.asks("told")
    assert keys(asked) == ["story_kept_ask", "ask_consent"]
    assert payloads(asked) == ["inform:store=yes", "inform:store=no"]


def test_a_second_part_of_the_story_asks_no_second_time_at_length(talk: Talk) -> None:
    talk.gets_to("story")
    talk.tells_the_story()
    assert keys(talk.asks("told")) == ["story_kept_ask", "ask_consent"]
    talk.tells_the_story()
    asked = talk.asks("told")
    assert keys(asked) == ["story_kept_ask"]
    assert payloads(asked) == ["inform:store=yes", "inform:store=no"]
    assert talk.told() == ["story", "story"]


def test_who_ends_a_menu_before_she_told_her_story_is_asked_for_it_as_ever(talk: Talk) -> None:
    talk.gets_to("story")
    talk.hears("details")
    talk.hears("done")
    assert (talk.at, keys(talk.asks("done"))) == ("story", ["ask_story"])


@pytest.mark.usefixtures("offices")
def test_no_question_has_more_buttons_than_messenger_shows(talk: Talk) -> None:
    talk.gets_to("lodge")
    for step in STEPS - {"detail"}:
        _few_enough(all_payloads(talk(f"action_ask_complaint_form_{step}", "resume")))
    for detail in Detail:
        talk.hears("detail", detail=detail)
        _few_enough(all_payloads(talk.asks()))


def _few_enough(shown: list[str]) -> None:
    assert 1 <= len(shown) <= 13
    assert len(set(shown)) == len(shown)


def test_every_page_of_the_menu_fits_whatever_the_problem(talk: Talk) -> None:
    for category in Category:
        talk.opens("resume")
        talk.answers_with(category=category)
        for group in DetailGroup:
            talk.hears("details", of=group)
            assert 3 <= len(all_payloads(talk.asks())) <= 13


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


# ---- back


@pytest.mark.usefixtures("offices")
def test_back_undoes_one_answer_after_the_other(talk: Talk) -> None:
    talk.gets_to("lodge")
    seen = []
    for _ in range(6):
        assert keys(talk.goes_back()) == ["gone_back"]
        seen.append(talk.at)
    assert seen == ["contact_me", "share_mrc", "story", "province", "country", "category"]
    assert said(talk) == {}
    assert talk.told() == ["story"]
    assert keys(talk.goes_back()) == ["cannot_go_back"]


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize("step", ["country", "province", "story", "share_mrc", "contact_me"])
def test_a_repeated_back_undoes_one_answer(talk: Talk, step: str) -> None:
    talk.gets_to(step)
    before = dict(talk.slots)
    first = talk("action_back", "back", update="same")
    after = said(talk)
    talk.slots = before
    assert talk("action_back", "back", update="same") == first
    assert said(talk) == after


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize(
    "went",
    [
        ("details", {}),
        ("details", {"of": "who"}),
        ("detail", {"detail": "employer"}),
        ("change", {}),
        ("change", {"step": "country"}),
        ("change", {"step": "story"}),
        ("change", {"step": "category"}),
        ("change", {"step": "complainant"}),
    ],
)
def test_back_comes_back_from_where_she_went_and_undoes_nothing(
    talk: Talk, went: tuple[str, dict[str, str]]
) -> None:
    talk.gets_to("lodge")
    before = said(talk)
    intent, entities = went
    talk.hears(intent, **entities)
    assert talk.at != "lodge"
    slots = dict(talk.slots)
    first = talk("action_back", "back", update="same")
    assert keys(first) == []
    talk.slots = slots
    assert talk("action_back", "back", update="same") == first  # a repeat
    talk.hears("back")
    assert said(talk) == before
    for _ in range(2):  # from a detail to its page, from a page to the pages, from there out
        if talk.at != "lodge":
            talk.goes_back()
    assert talk.at == "lodge"
    assert said(talk) == before


@pytest.mark.usefixtures("offices")
def test_back_at_the_first_question_says_so(talk: Talk) -> None:
    talk.opens()
    assert keys(talk.goes_back()) == ["cannot_go_back"]


# ---- answers changed


@pytest.mark.usefixtures("offices")
def test_the_menu_of_changes_offers_what_was_answered(talk: Talk) -> None:
    talk.gets_to("lodge")
    talk.hears("change")
    assert payloads(talk.asks()) == [
        f"change:step={step}"
        for step in ANSWERS_TO_CHANGE
        if step not in {"complainant", "share_pdolvt", "share_legal_aid"}
    ]
    talk.hears("done")
    assert talk.at == "lodge"


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize(
    ("step", "value"),
    [
        ("category", "dismissal"),
        ("country", "MY"),
        ("province", "KH-1"),
        ("contact_me", "no"),
        ("complainant", "family"),
        ("share_legal_aid", "yes"),
        ("share_legal_aid", "no"),
    ],
)
def test_an_answer_changed_from_the_summary_leads_back_to_it(
    talk: Talk, step: str, value: str
) -> None:
    talk.gets_to("lodge")
    before = said(talk)
    talk.hears("change", step=step)
    assert talk.at == step
    talk.answers_with(**{step: value})
    assert talk.at == "lodge"
    assert said(talk) == {**before, step: value}


@pytest.mark.usefixtures("offices")
def test_the_story_is_added_to_from_the_summary(talk: Talk) -> None:
    talk.gets_to("lodge")
    talk.hears("change", step="story")
    talk.tells_the_story()
    assert keys(talk.asks("told")) == ["story_more"]
    talk.hears("done")
    assert talk.at == "lodge"
    assert talk.told() == ["story", "story"]


@pytest.mark.usefixtures("offices")
def test_no_to_the_only_reader_asks_for_another(talk: Talk) -> None:
    talk.gets_to("lodge")
    talk.hears("change", step="share_mrc")
    talk.answers_with(share_mrc="no")
    assert talk.at == "share_legal_aid"


@pytest.mark.usefixtures("offices")
def test_a_further_helper_is_offered_under_the_summary_and_asked_for_in_its_words(
    talk: Talk,
) -> None:
    talk.gets_to("lodge")
    assert payloads(talk.asks()) == ["change:step=share_legal_aid", "change:step=share_pdolvt"]
    talk.hears("change", step="share_legal_aid")
    asked = talk.asks()
    assert (keys(asked), asked.says[0].values) == (["ask_consent"], {"consent": "share_legal_aid"})
    talk.answers_with(share_legal_aid="yes")
    assert payloads(talk.asks()) == ["change:step=share_pdolvt"]


# ---- stopping, coming back


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize(
    "step", ["category", "country", "province", "story", "share_mrc", "contact_me", "lodge"]
)
def test_days_later_she_stands_where_she_stopped(talk: Talk, clock: Clock, step: str) -> None:
    talk.gets_to(step)
    before = talk.answers()
    assert keys(talk("action_cancel", "cancel")) == ["cancelled"]
    clock.pass_(days=6)
    talk.slots, talk.loop = {}, None
    answer = talk.opens("resume")
    assert keys(answer) == (["begun"] if step == "category" else ["resumed"])
    assert (talk.at, talk.answers()) == (step, before)


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize(
    ("intent", "entities", "step"),
    [
        ("detail", {"detail": "dates"}, "detail"),
        ("details", {"of": "safe"}, "details"),
        ("change", {}, "change"),
        ("change", {"step": "province"}, "province"),
    ],
)
def test_days_later_she_stands_in_the_menu_where_she_was(
    talk: Talk, intent: str, entities: dict[str, str], step: str
) -> None:
    talk.gets_to("lodge")
    talk.hears(intent, **entities)
    asked = talk.asks()
    talk.slots, talk.loop = {}, None
    talk.opens("resume")
    assert talk.at == step
    assert talk.asks() == asked


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize(
    ("intent", "entities", "step"),
    [
        ("details", {}, "details"),
        ("detail", {"detail": "wants"}, "detail"),
        ("change", {"step": "country"}, "country"),
    ],
)
def test_a_button_of_the_journey_leads_into_it_from_outside(
    talk: Talk, intent: str, entities: dict[str, str], step: str
) -> None:
    talk.gets_to("lodge")
    talk.slots, talk.loop = {}, None
    talk.opens(intent, **entities)
    assert talk.at == step


def test_cancel_keeps_the_draft_and_discard_destroys_it(talk: Talk) -> None:
    talk.opens(category="dismissal")
    talk.tells()
    assert keys(talk("action_cancel", "cancel")) == ["cancelled"]
    assert talk.told() == ["story"]
    assert keys(talk("action_discard", "discard")) == ["discarded"]
    assert not talk.query(draft.find, talk.conversation)
    assert not [name for name in ("answer", "group", "page") if talk.slots.get(name)]
    assert keys(talk("action_discard", "discard")) == ["nothing_to_discard"]
    assert keys(talk("action_cancel", "cancel")) == ["nothing_to_cancel"]


def test_a_repeat_of_discard_says_the_same(talk: Talk) -> None:
    talk.gets_to("country")
    before = dict(talk.slots)
    first = talk("action_discard", "discard", update="same")
    talk.slots = before
    assert talk("action_discard", "discard", update="same") == first


def test_where_she_went_comes_before_the_least_and_the_detail_before_its_menu() -> None:
    answers = {"menu": "who"}
    assert next_step(Standing(answers, frozenset())) == "details"
    answers |= {"detail": "name"}
    assert next_step(Standing(answers, frozenset())) == "detail"
    answers |= {"at": "country"}
    assert next_step(Standing(answers, frozenset())) == "country"
    assert next_step(Standing({"menu": "change"}, frozenset())) == "change"
    assert next_step(Standing({}, frozenset())) == "category"
