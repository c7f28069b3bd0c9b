"""A case on another phone, a secret of her own, a group: what is typed, and what is asked next."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import select

from bot import claims, conversation
from bot.claims import CODE, GROUP_CODE, NEW_SECRET, SECRET, Result
from bot.message import ChannelName, Message
from referrals import assisted, case, directory, group, recovery
from referrals.code import new_code, new_group_code, spoken
from referrals.directory import Organisation
from referrals.recovery import DAY, WRONG_IN_AN_HOUR
from referrals.taxonomy import Role
from tests.bot.actions.talk import Clock, Talk, all_payloads, keys

HERS, WRONG, WEAK = "មាន់ពណ៌ក្រហម", "ឆ្មាពណ៌ស", "1234"


class Phone:
    """A conversation whose typed codes and secrets are read, as the turn reads them."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.results: list[str] = []

    def opens(self, intent: str, **said: str) -> list[str]:
        """Press the button that asks for a code; gives what is said, and the form's question."""
        begun = self.talk("action_begin_claim", intent, said)
        if any(event["event"] == "followup" for event in begun.events):
            return keys(begun)
        self.talk.loop = "claim_form"
        self.talk("validate_claim_form", intent, said)
        return [*keys(begun), *self.asked(intent)]

    def asked(self, intent: str = "told", **said: str) -> list[str]:
        """Give what the form asks."""
        return keys(self.talk(f"action_ask_claim_form_{self.talk.at}", intent, said))

    def types(self, text: str) -> list[str]:
        """Type a code or a secret; gives all that is said."""
        asked = str(self.talk.at)
        message = Message(
            channel=ChannelName.TELEGRAM,
            conversation=self.talk.conversation,
            update=f"telegram:{self.talk.count}",
            address="1",
            received=self.talk.site.clock(),
            text=text,
        )
        with self.talk.site.store.writing() as session:
            result = claims.heard(session, self.talk.site, message, asked, text)
        self.results.append(result)
        said = {"told": asked, "result": result.value}
        heard = self.talk("validate_claim_form", "told", said)
        if self.talk.at is not None:
            return [*keys(heard), *self.asked("told", **said)]
        self.talk.loop = None
        return [*keys(heard), *keys(self.talk("action_end_claim", "told", said))]


@pytest.fixture
def phone(talk: Talk) -> Phone:
    return Phone(talk)


@pytest.fixture
def new_phone(other: Talk) -> Phone:
    return Phone(other)


def of(talk: Talk) -> list[str]:
    """Give the codes of her cases."""
    return [each.code for each in talk.cases()]


def secured(phone: Phone) -> str:
    """Lodge a case and set its secret; gives its code."""
    code = phone.talk.lodges()
    phone.opens("secret", case=code)
    assert phone.types(HERS) == ["secret_set"]
    return code


# ---- a secret of her own


@pytest.mark.usefixtures("offices")
def test_a_secret_is_set_for_the_case_that_the_button_names(phone: Phone) -> None:
    first = phone.talk.lodges()
    phone.talk.lodges()
    assert phone.opens("secret", case=first) == ["ask_new_secret"]
    assert phone.types(HERS) == ["secret_set"]
    has = [phone.talk.query(recovery.has_secret, phone.talk.case(c).id) for c in of(phone.talk)]
    assert dict(zip(of(phone.talk), has, strict=True))[first]
    assert sum(has) == 1


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize("weak", [WEAK, "ក", "1111", "4321"])
def test_a_secret_that_is_easily_guessed_is_asked_for_again(phone: Phone, weak: str) -> None:
    code = phone.talk.lodges()
    phone.opens("secret", case=code)
    assert phone.types(weak) == ["secret_weak", "ask_new_secret"]
    assert phone.types(code) == ["secret_weak", "ask_new_secret"]  # the code itself
    assert phone.types(HERS) == ["secret_set"]


def test_without_a_case_there_is_nothing_to_set_a_secret_for(phone: Phone) -> None:
    assert phone.opens("secret") == ["no_case_for_secret"]


@pytest.mark.usefixtures("offices")
def test_no_secret_is_set_for_a_case_of_somebody_else(phone: Phone, other: Talk) -> None:
    phone.talk.lodges()
    assert phone.opens("secret", case=other.lodges()) == ["no_case_for_secret"]


@pytest.mark.usefixtures("offices")
def test_a_secret_for_a_case_that_is_gone_meanwhile_is_said_to_be_for_none(phone: Phone) -> None:
    code = phone.talk.lodges()
    phone.opens("secret", case=code)
    with phone.talk.site.store.writing() as session:
        session.delete(case.by_code(session, code))
    assert phone.types(HERS) == ["no_case_for_secret"]


# ---- on another phone


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize("write", [str, spoken])
def test_with_code_and_secret_the_case_is_hers_on_another_phone(
    phone: Phone, new_phone: Phone, write: Callable[[str], str]
) -> None:
    code = secured(phone)
    assert new_phone.opens("claim") == ["ask_code"]
    assert new_phone.types(write(code)) == ["ask_secret"]
    assert new_phone.types(f" {HERS} ") == ["claim_done"]
    assert (of(phone.talk), of(new_phone.talk)) == ([], [code])


@pytest.mark.usefixtures("offices")
def test_a_wrong_secret_and_an_unknown_code_are_answered_alike(
    phone: Phone, new_phone: Phone
) -> None:
    code = secured(phone)
    new_phone.opens("claim")
    for typed in (code, new_code()):
        assert new_phone.types(typed) == ["ask_secret"]
        assert new_phone.types(WRONG) == ["claim_wrong", "ask_code"]
    assert of(phone.talk) == [code]


@pytest.mark.parametrize("typed", ["123", "ខ្ញុំភ្លេច", "123456789012", "one digit wrong"])
def test_what_is_no_code_is_asked_for_again(phone: Phone, typed: str) -> None:
    phone.opens("claim")
    if typed == "one digit wrong":
        right = new_code()
        typed = right[:-1] + str((int(right[-1]) + 1) % 10)
    assert phone.types(typed) == ["code_malformed", "ask_code"]


@pytest.mark.usefixtures("offices")
def test_who_was_wrong_too_often_is_asked_to_come_back_later(
    phone: Phone, new_phone: Phone, clock: Clock
) -> None:
    code = secured(phone)
    new_phone.opens("claim")
    for _ in range(WRONG_IN_AN_HOUR):
        new_phone.types(code)
        assert new_phone.types(WRONG) == ["claim_wrong", "ask_code"]
    new_phone.types(code)
    assert new_phone.types(HERS) == ["claim_later"]  # even the right one
    assert of(new_phone.talk) == []
    clock.pass_(hours=2)
    new_phone.opens("claim")
    new_phone.types(code)
    assert new_phone.types(HERS) == ["claim_done"]


@pytest.mark.usefixtures("offices")
def test_what_a_counsellor_handed_over_is_void_once_used_and_she_sets_her_own(
    phone: Phone, new_phone: Phone
) -> None:
    site = phone.talk.site
    with site.store.writing() as session:
        office = session.exec(select(Organisation)).first()
        assert office is not None
        secret = directory.invite(
            session, "a@example.org", Role.SUPERVISOR, office.id, site.clock()
        )
        member = directory.invited(session, secret, site.clock())
        assisted.begin(session, phone.talk.conversation, member.id, site.clock())
    code = phone.talk.lodges()
    with site.store.writing() as session:
        handed = recovery.hand_over(session, site, case.by_code(session, code).id)
    new_phone.opens("claim")
    new_phone.types(code)
    assert new_phone.types(handed) == ["ask_new_secret_first"]
    assert new_phone.results[-1] == Result.MUST_SET
    assert new_phone.types(HERS) == ["secret_set"]
    phone.opens("claim")
    phone.types(code)
    assert phone.types(handed) == ["claim_wrong", "ask_code"]
    assert of(new_phone.talk) == [code]


def test_every_question_for_a_code_can_be_left(phone: Phone) -> None:
    for step in (CODE, SECRET, NEW_SECRET, GROUP_CODE):
        assert "cancel" in all_payloads(phone.talk(f"action_ask_claim_form_{step}", "claim"))


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize(
    ("first", "then", "asked"),
    [("claim", "join", "ask_group_code"), ("join", "claim", "ask_code"), ("claim", "secret", "")],
)
def test_another_button_while_a_code_is_asked_for_counts(
    phone: Phone, first: str, then: str, asked: str
) -> None:
    phone.talk.lodges()
    phone.opens(first)
    assert phone.opens(then) == [asked or "ask_new_secret"]


def test_what_is_no_typed_answer_is_left_to_the_rules(phone: Phone) -> None:
    phone.opens("claim")
    for intent in ("faq", "nlu_fallback", "inform", "back", "told"):
        answer = phone.talk("validate_claim_form", intent, {"told": "story"})
        assert (keys(answer), phone.talk.at, phone.talk.slots["claim"]) == ([], CODE, None)


# ---- a group


def begun(phone: Phone) -> str:
    """Lodge a group's first case; gives the group's code."""
    phone.talk.gets_to("lodge")
    phone.talk.answers_with(complainant="group")
    receipt = phone.talk.sends()
    return str(receipt.says[2].values["group_code"])


@pytest.mark.usefixtures("offices")
def test_who_joins_a_group_learns_its_topic_and_country_and_tells_her_own(
    phone: Phone, new_phone: Phone
) -> None:
    code = begun(phone)
    talk = new_phone.talk
    talk.opens("change", step="complainant")  # "for someone else", then "group code"
    assert new_phone.opens("join") == ["ask_group_code"]
    assert new_phone.types(code) == ["group_joined"]
    assert keys(talk.opens("resume")) == ["resumed"]
    assert talk.at == "province"  # topic and country are known, and the question is not asked again
    held = talk.answers()
    assert (held["category"], held["country"], held["complainant"]) == (
        "unpaid_wages",
        "TH",
        "group",
    )
    assert (talk.told(), talk.consents()) == ([], {})
    talk.answers_with(province="KH-14")
    talk.tells_the_story()
    for step in ("store", "share_mrc", "contact_me"):
        talk.answers_with(**{step: "yes"})
    receipt = talk.sends()
    assert receipt.says[2].values["group_code"] == code
    hers, first = talk.case(of(talk)[0]), talk.case(of(phone.talk)[0])
    assert hers.code != first.code
    assert hers.group_id == first.group_id
    assert talk.query(group.size, hers.group_id) == 2


@pytest.mark.usefixtures("offices")
def test_an_unknown_group_is_said_to_be_unknown_and_guessing_ends(
    phone: Phone, new_phone: Phone, clock: Clock
) -> None:
    code = begun(phone)
    unknown = next(c for c in iter(new_group_code, "") if c != code.replace("-", ""))
    new_phone.opens("join")
    for _ in range(WRONG_IN_AN_HOUR):
        assert new_phone.types(unknown) == ["group_unknown", "ask_group_code"]
    assert new_phone.types(code) == ["claim_later"]
    assert not new_phone.talk.answers()
    clock.pass_(seconds=(DAY + timedelta(hours=1)).total_seconds())
    new_phone.opens("join")
    assert new_phone.types(code) == ["group_joined"]


def test_what_is_no_group_code_is_asked_for_again(phone: Phone) -> None:
    phone.opens("join")
    assert phone.types("1234") == ["code_malformed", "ask_group_code"]


# ---- what the dialogue hears


@pytest.mark.usefixtures("offices")
def test_no_typed_word_is_in_a_slot(phone: Phone, new_phone: Phone) -> None:
    code = secured(phone)
    new_phone.opens("claim")
    new_phone.types(code)
    new_phone.types(HERS)
    held = {*phone.talk.slots.values(), *new_phone.talk.slots.values()}
    assert not {HERS, code} & held
    assert new_phone.talk.query(conversation.state, new_phone.talk.conversation).about_case == code
