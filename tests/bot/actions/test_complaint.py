import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.actions import Answer
from bot.actions.complaint_ask import ASKS
from bot.actions.steps import CONSENTS, SHARES, STEPS, accepts, of_group, to_undo
from bot.buttons import parse
from bot.content import content
from bot.message import Language
from referrals import draft
from referrals.taxonomy import Category, Phase
from tests.bot.actions.talk import HER, Talk, ask, keys, payloads

# ---- opening


def test_a_category_that_was_said_at_once_is_named_and_not_asked(talk: Talk) -> None:
    answer = talk("action_open_complaint", "complaint", {"category": "unpaid_wages"})
    assert keys(answer) == ["begun", "category_heard"]
    assert talk.slots["category"] == talk.answers()["category"] == "unpaid_wages"


def test_a_grave_category_shows_the_way_to_help_at_once(talk: Talk) -> None:
    answer = talk("action_open_complaint", "complaint", {"category": "violence_harassment"})
    assert keys(answer)[-1] == "red_category"


def test_an_unknown_category_or_country_is_not_taken(talk: Talk) -> None:
    talk("action_open_complaint", "complaint", {"category": "murder", "country": "XX"})
    assert not talk.answers()


def test_a_draft_is_taken_up_whatever_rasa_remembers(talk: Talk) -> None:
    talk("action_open_complaint", "complaint", {"category": "dismissal", "country": "MY"})
    talk.slots = {"category": "other", "country": None, "store": "yes"}
    answer = talk("action_open_complaint", "resume")
    assert keys(answer) == ["resumed"]
    assert (talk.slots["category"], talk.slots["country"]) == ("dismissal", "MY")
    assert talk.slots["store"] is None


def test_a_new_grievance_does_not_rename_a_story_that_was_told(talk: Talk) -> None:
    talk("action_open_complaint", "complaint", {"category": "dismissal"})
    talk.tell("story", "ខ្ញុំត្រូវគេបញ្ឈប់")
    talk("action_open_complaint", "complaint", {"category": "other"})
    assert talk.answers()["category"] == "dismissal"


def test_a_story_told_before_the_complaint_was_opened_begins_it_all_the_same(talk: Talk) -> None:
    talk.tell("story", "ថៅកែអត់បើកប្រាក់ខែឱ្យខ្ញុំ ៣ ខែហើយ")
    with talk.site.store.writing() as session:
        begun = draft.open_(session, talk.site, HER, talk.channel)
        draft.answer(session, talk.site, begun, "danger", "yes")
    answer = talk("action_open_complaint", "complaint", {"category": "unpaid_wages"})
    assert keys(answer) == ["begun", "category_heard"]
    assert talk.answers()["category"] == "unpaid_wages"


# ---- asking


def test_every_question_has_buttons_the_bot_understands_and_messenger_can_show(talk: Talk) -> None:
    known = content()
    for name in ASKS:
        for said in talk(name, "inform").says:
            buttons = said.buttons if said.buttons is not None else known.says[said.key].buttons
            assert 1 <= len(buttons) <= 13
            for button in buttons:
                parse(
                    known.buttons[button].payload if isinstance(button, str) else button["payload"]
                )


def test_the_category_is_asked_in_six_groups_then_in_one(talk: Talk) -> None:
    talk.ask_for("category")
    assert len(payloads(ask(talk, "category"))) == 6
    talk.say("inform", group="abuse")
    shown = payloads(ask(talk, "category"))
    assert "inform:category=violence_harassment" in shown
    assert shown[-1] == "inform:category=other"
    talk("action_back", "back")
    assert len(payloads(ask(talk, "category"))) == 6


def test_every_category_is_in_a_group_and_other_in_all() -> None:
    found = [set(of_group(phase)) for phase in Phase]
    assert set().union(*found) == set(Category)
    assert all(Category.OTHER in group for group in found)


def test_provinces_come_ten_at_a_time_and_start_again(talk: Talk) -> None:
    talk.ask_for("province")
    seen: list[str] = []
    for expected in (10, 10, 5):
        shown = [p for p in payloads(ask(talk, "province")) if p != "inform:province=unsaid"]
        assert len(shown) == expected
        seen += shown
        talk.say("more")
    assert len(set(seen)) == 25
    assert "inform:province=KH-1" in payloads(ask(talk, "province"))


def test_the_same_page_turned_twice_by_a_repeat_is_turned_once(talk: Talk) -> None:
    talk.ask_for("province")
    before = dict(talk.slots)
    first = talk("validate_complaint_form", "more", update="u")
    talk.slots = before
    assert talk("validate_complaint_form", "more", update="u") == first


# ---- answering


@pytest.mark.parametrize(
    ("step", "value"), [("category", "murder"), ("province", "KH-26"), ("country", "XX")]
)
def test_what_is_no_code_is_refused_and_asked_again(talk: Talk, step: str, value: str) -> None:
    talk.ask_for(step)
    answer = talk("validate_complaint_form", "inform", {step: value}, candidates={step: value})
    assert keys(answer) == ["not_in_list"]
    assert talk.slots[step] is None
    assert step not in talk.answers()


def test_an_answer_is_in_the_draft_at_once(talk: Talk) -> None:
    talk.ask_for("province")
    talk.say("inform", province="KH-14")
    assert talk.answers()["province"] == talk.slots["province"] == "KH-14"


@pytest.mark.parametrize("step", CONSENTS)
def test_a_plain_yes_and_any_no_can_be_typed(talk: Talk, step: str) -> None:
    talk.ask_for(step)
    talk.say("affirm", surely="yes")
    assert talk.slots[step] == talk.answers()[step] == "yes"
    talk.say("deny")
    assert talk.slots[step] == talk.answers()[step] == "no"


@pytest.mark.parametrize("step", CONSENTS)
def test_a_yes_that_is_only_guessed_agrees_to_nothing(talk: Talk, step: str) -> None:
    """ "Wait" and "why" may be taken for a yes; the domain then fills the slot with it."""
    talk("action_open_complaint", "complaint")
    talk.ask_for(step)
    answer = talk("validate_complaint_form", "affirm", candidates={step: "yes"})
    assert keys(answer) == ["press_to_agree"]
    assert talk.slots[step] is None
    assert step not in talk.answers()
    assert not talk.query(lambda s: draft.consents(talk.site, draft.find(s, HER)))
    assert payloads(ask(talk, step, "affirm")) == [f"inform:{step}=yes", f"inform:{step}=no"]


@pytest.mark.parametrize("intent", ["complaint", "nlu_fallback", "inform"])
def test_a_plain_yes_counts_only_as_a_yes(talk: Talk, intent: str) -> None:
    talk.ask_for("store")
    talk("validate_complaint_form", intent, {"surely": "yes"}, candidates={"store": "yes"})
    assert talk.slots["store"] is None
    assert "store" not in talk.answers()


def test_a_question_in_between_is_left_to_the_rules(talk: Talk) -> None:
    talk.ask_for("province")
    for intent in ("faq", "privacy", "back", "danger", "nlu_fallback", "thank"):
        assert talk("validate_complaint_form", intent, {"country": "TH"}) == Answer()


def test_a_province_that_was_typed_counts_even_in_a_sentence_nobody_understood(talk: Talk) -> None:
    talk.ask_for("province")
    talk("validate_complaint_form", "nlu_fallback", candidates={"province": "KH-2"})
    assert talk.answers()["province"] == "KH-2"


def test_an_answer_that_fits_nothing_is_said_to_be_missed_and_then_a_person_is_offered(
    talk: Talk,
) -> None:
    talk.ask_for("complainant")
    assert keys(talk.say("affirm")) == ["not_understood_here"]
    assert keys(talk.say("affirm")) == ["not_understood_twice"]
    talk.say("inform", complainant="self")
    talk.ask_for("country")
    assert keys(talk.say("deny")) == ["not_understood_here"]


def test_an_old_button_of_a_consent_fills_nothing_behind_her_back(talk: Talk) -> None:
    talk("action_open_complaint", "complaint")
    talk.ask_for("province")
    pressed = {"share_mrc": "yes"}
    talk("validate_complaint_form", "inform", pressed, candidates=dict(pressed))
    assert talk.slots["share_mrc"] is None
    assert "share_mrc" not in talk.answers()


def test_a_sentence_does_not_change_the_category_and_a_button_does(talk: Talk) -> None:
    talk("action_open_complaint", "complaint", {"category": "dismissal"})
    talk.ask_for("country")
    talk.say("complaint", category="unpaid_wages")
    assert talk.answers()["category"] == "dismissal"
    talk.say("inform", category="unpaid_wages")
    assert talk.answers()["category"] == talk.slots["category"] == "unpaid_wages"


def test_the_story_ends_with_done_and_only_when_something_was_told(talk: Talk) -> None:
    talk("action_open_complaint", "complaint")
    talk.ask_for("story")
    talk.say("done")
    assert talk.slots["story"] is None
    assert keys(ask(talk, "story", "done")) == ["story_empty"]
    talk.tell("story", "រឿងរបស់ខ្ញុំ")
    talk.say("told", told="story")
    assert talk.slots["story"] is None
    assert keys(ask(talk, "story", "told", told="story")) == ["story_kept"]
    talk.say("done")
    assert talk.slots["story"] == "done"


def test_done_fills_the_story_although_rasa_filled_it_for_a_told_part(talk: Talk) -> None:
    """The domain maps `told` onto the slot; the question must come again all the same."""
    talk("action_open_complaint", "complaint")
    talk.ask_for("story")
    talk.tell("story", "មួយ")
    talk("validate_complaint_form", "told", {"told": "story"}, candidates={"story": "told"})
    assert talk.slots["story"] is None


def test_a_name_that_was_told_ends_its_question(talk: Talk) -> None:
    talk.ask_for("name")
    talk.say("told", told="name")
    assert talk.slots["name"] == talk.answers()["name"] == "told"


def test_without_a_name_the_name_is_neither_asked_nor_kept(talk: Talk) -> None:
    talk.tell("name", "ឈ្មោះ")
    talk.ask_for("identity")
    talk.say("inform", identity="anonymous")
    assert talk.slots["name"] == "withheld"
    assert not talk.query(lambda s: draft.parts(s, draft.find(s, HER), "name"))


# ---- consent


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("code", CONSENTS)
def test_a_consent_is_recorded_in_the_words_that_were_shown(
    talk: Talk, code: str, language: Language
) -> None:
    talk.language = language
    talk.ask_for(code)
    talk.say("affirm", surely="yes")
    recorded = talk.query(lambda s: draft.consents(talk.site, draft.find(s, HER)))
    version, words = content().consent_words(code, language)
    assert [(c.code, c.granted, c.version, c.language, c.words) for c in recorded] == [
        (code, True, version, language, words)
    ]


def test_a_repeat_records_a_consent_once(talk: Talk) -> None:
    talk.ask_for("store")
    for _ in range(2):
        talk("validate_complaint_form", "affirm", {"surely": "yes"}, update="same")
    assert len(talk.query(lambda s: draft.consents(talk.site, draft.find(s, HER)))) == 1


def test_who_agrees_to_nothing_gets_numbers_and_a_way_back(talk: Talk) -> None:
    talk("action_open_complaint", "complaint", {"country": "TH"})
    talk.ask_for("store")
    talk.say("deny")
    talk.ask_for("share_mrc")
    answer = ask(talk, "share_mrc", "deny")
    assert keys(answer) == ["store_refused"]
    assert answer.says[0].values == {"country": "TH"}
    assert not talk.say("affirm", surely="yes").says
    assert talk.slots["share_mrc"] is None
    talk("action_back", "back")
    assert talk.slots["store"] is None


def test_who_refuses_every_partner_is_told_that_nobody_could_act(talk: Talk) -> None:
    talk("action_open_complaint", "complaint")
    for step in SHARES:
        talk.ask_for(step, store="yes")
        talk.say("deny")
    talk.ask_for("contact_me")
    assert keys(ask(talk, "contact_me", "deny")) == ["nobody_can_act"]
    talk("action_back", "back")
    assert [talk.slots[step] for step in SHARES] == [None, None, None]
    assert not set(SHARES) & set(talk.answers())


# ---- back, cancel, discard


def test_back_takes_the_last_answer_out_of_the_draft(talk: Talk) -> None:
    talk("action_open_complaint", "complaint")
    for step, value in (("complainant", "self"), ("category", "dismissal")):
        talk.ask_for(step)
        talk.say("inform", **{step: value})
    talk.ask_for("country")
    assert keys(talk("action_back", "back")) == ["gone_back"]
    assert talk.slots["category"] is None
    assert talk.answers() == {"complainant": "self"}


def test_back_from_a_group_shows_the_groups(talk: Talk) -> None:
    talk.ask_for("category", group="work", complainant="self")
    talk("action_back", "back")
    assert (talk.slots["group"], talk.slots["complainant"]) == (None, "self")


def test_back_at_the_first_question_says_so(talk: Talk) -> None:
    talk.ask_for("complainant")
    assert keys(talk("action_back", "back")) == ["cannot_go_back"]


def test_back_over_a_withheld_name_asks_for_the_identity_again(talk: Talk) -> None:
    slots: dict[str, str | None] = {"identity": "anonymous", "name": "withheld"}
    assert to_undo("store", slots) == ("name", "identity")


@given(
    st.sampled_from(STEPS),
    st.dictionaries(st.sampled_from(STEPS), st.sampled_from(["yes", "no", "told", "done"])),
)
def test_one_step_back_never_touches_what_comes_later(step: str, slots: dict[str, str]) -> None:
    undone = to_undo(step, slots)
    assert all(STEPS.index(u) < STEPS.index(step) or u == "name" for u in undone)


def test_cancel_keeps_the_draft_and_discard_destroys_it(talk: Talk) -> None:
    talk("action_open_complaint", "complaint", {"category": "dismissal"})
    assert keys(talk("action_cancel", "cancel")) == ["cancelled"]
    assert talk.answers()
    assert keys(talk("action_discard", "discard")) == ["discarded"]
    assert not talk.query(draft.find, HER)
    assert not [step for step in STEPS if talk.slots.get(step)]
    assert keys(talk("action_discard", "discard")) == ["nothing_to_discard"]


def test_a_repeat_of_discard_says_the_same(talk: Talk) -> None:
    talk("action_open_complaint", "complaint", {"category": "dismissal"})
    before = dict(talk.slots)
    first = talk("action_discard", "discard", update="same")
    talk.slots = before
    assert talk("action_discard", "discard", update="same") == first


def test_only_codes_answer() -> None:
    assert accepts("story", "done")
    assert not accepts("story", "ខ្ញុំ")
    assert not accepts("name", "សុខា")
    assert not accepts("nothing", "yes")
