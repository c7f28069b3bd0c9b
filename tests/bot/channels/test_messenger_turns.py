"""Whole turns on Messenger: whatever is said after a button, it can still be pressed."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from bot import durable, outbox, parcel
from bot.actions import Say
from bot.content import content
from bot.content.render import render
from bot.message import Button, ChannelName, Language, Message, Reply
from bot.parcel import Outgoing
from bot.turn import Turns
from bot.when import local_date
from referrals import contact, notice
from tests.bot.actions.conftest import installed, opens_all
from tests.bot.actions.talk import HER, NOW, payloads_of
from tests.bot.actions.test_walks import A_WALK, SENT, WHERE, Step, begins, does
from tests.bot.actions.walker import PRIVATE, Walker
from tests.bot.sending import sending, settings_of, working
from tests.standins.messenger import MessengerPerson, MessengerStandin


@dataclass
class Phone:
    """Somebody's Messenger: what the bot says to a conversation arrives here."""

    turns: Turns
    person: MessengerPerson
    conversation: str = HER

    def belongs_to(self, conversation: str) -> None:
        """Be the phone of this conversation from now on; she has just written."""
        site, self.conversation = self.turns.site, conversation
        self.person.last_heard = time.time()
        with site.store.writing() as session:
            now = site.clock()
            contact.heard_from(session, site, conversation, "messenger", self.person.id, now)

    def shows(self, replies: Sequence[Reply]) -> set[str]:
        """Let a turn's replies arrive; gives the payloads that can be pressed in them."""
        self.person.bubbles.clear()
        outgoing = Outgoing(tuple(replies))
        for number in range(len(outgoing.pieces)):
            assert outbox.leave(self.turns, self.conversation, outgoing, number)
        return {choice.payload for bubble in self.person.sees() for choice in bubble.buttons}

    def rendered(self, says: Sequence[Say]) -> list[Reply]:
        """Make bubbles of what actions say, as the turn does."""
        today = local_date(self.turns.site.clock())
        return [
            reply
            for say in says
            for reply in render(say.as_json(), Language.KM, content(), PRIVATE, today)
        ]

    def reaches_all_of(self, says: Sequence[Say]) -> None:
        """Check that every button of a turn can be pressed."""
        replies = self.rendered(says)
        wanted = {button.payload for reply in replies for button in reply.buttons}
        assert self.shows(replies) == wanted, [say.key for say in says]


@pytest.fixture(scope="module")
def phone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    site = installed(tmp_path_factory.mktemp("phone"))
    opens_all(site)
    with (
        MessengerStandin() as messenger,
        working(site, settings_of(messenger=messenger)) as turns,
    ):
        yield Phone(turns, messenger.person("A"))


@pytest.fixture
def walker(phone: Phone) -> Walker:
    """Somebody whose complaint was sent, with Messenger on her phone."""
    walker = begins(phone.turns.site, SENT)
    phone.belongs_to(walker.talk.conversation)
    return walker


def lost_by_quick_replies(says: Sequence[Say]) -> list[str]:
    """Name what has buttons that no later bubble of the turn has."""
    return [
        say.key
        for number, say in enumerate(says[:-1])
        if set(payloads_of(say)) - {p for later in says[number + 1 :] for p in payloads_of(later)}
    ]


GRIEVANCE = Step("press", "complaint", {"category": "unpaid_wages"})
UNCLEAR = Step("say", "nlu_fallback")

KNOWN = {
    "what was understood": ([GRIEVANCE], "heard"),
    "a grave wrong": (
        [Step("press", "complaint"), Step("press", "inform", {"category": "work_injury"})],
        "red_category",
    ),
    "questions to choose from": ([GRIEVANCE, Step("say", "faq")], "faq_topics"),
    "languages to choose from": ([GRIEVANCE, Step("say", "language")], "language_choose"),
    "not understood twice": ([GRIEVANCE, UNCLEAR, UNCLEAR], "not_understood_twice"),
}
"""Turns whose earlier bubbles have buttons of their own: what she does, and what has the buttons"""


@pytest.mark.parametrize("known", KNOWN)
def test_what_stands_before_a_question_can_be_pressed(
    phone: Phone, walker: Walker, known: str
) -> None:
    steps, has_buttons = KNOWN[known]
    for number, step in enumerate(steps):
        says = does(walker, step, f"known-{number}")
    assert lost_by_quick_replies(says) == [has_buttons]
    phone.reaches_all_of(says)


def test_each_of_several_cases_can_be_opened_and_added_to(phone: Phone, walker: Walker) -> None:
    for _ in range(4):
        walker.talk.lodges()
    says = walker.hears("case_status", {}, "status")
    assert len(lost_by_quick_replies(says)) == len(says) - 1 == 4
    phone.reaches_all_of(says)
    assert len(phone.person.sees()) == len(says)  # one bubble a case, its buttons under it


def test_a_letter_that_waits_takes_no_button_of_the_case_away(phone: Phone, walker: Walker) -> None:
    site, conversation = phone.turns.site, walker.talk.conversation
    with site.store.writing() as session:
        case_id = walker.talk.cases()[0].id
        letter = notice.post(session, site, conversation, case_id, "សួស្តី")
        notice.mark_announced(session, letter)
    says = walker.hears("case_status", {}, "status")
    assert [say.key for say in says] == ["case_unread", "letter_waiting"]
    phone.reaches_all_of(says)


def test_a_letter_that_came_can_be_opened_whatever_is_said_after_it(
    phone: Phone, walker: Walker
) -> None:
    site = phone.turns.site
    with site.store.writing() as session:
        case_id = walker.talk.cases()[0].id
        letter = notice.post(session, site, walker.talk.conversation, case_id, "សួស្តី")
    phone.person.bubbles.clear()
    assert outbox.announce(phone.turns, letter)
    assert outbox.send(phone.turns, phone.conversation, Reply("400 baht"))
    assert [choice.payload for choice in phone.person.sees()[0].buttons] == ["letter"]
    phone.person.taps("letter")


# ---- one reply, and what is said after it


@pytest.mark.parametrize("count", [1, 4, 13, 14])
@pytest.mark.parametrize("length", [0, 640, 641, 2001])
def test_what_is_followed_can_be_pressed_afterwards(phone: Phone, count: int, length: int) -> None:
    buttons = tuple(Button(f"ខេត្ត {n}", f"inform:n={n}") for n in range(count))
    last = Reply("?", (Button("ម៉ឺនុយ", "menu"),))
    phone.belongs_to(HER)
    seen = phone.shows((Reply("ក" * length, buttons), last))
    assert seen == {*(button.payload for button in buttons), "menu"}
    assert "".join(bubble.text for bubble in phone.person.sees()).count("ក") == length
    for button in buttons:  # one after the other: they stay
        phone.person.taps(button.payload)


def test_up_to_three_choices_stand_under_their_own_words_when_something_follows(
    phone: Phone,
) -> None:
    one, two = Button("✏️ កែចម្លើយ", "change"), Button("🆘 មានគ្រោះថ្នាក់", "danger")
    phone.belongs_to(HER)
    phone.shows((Reply("ខ្ញុំយល់ថា៖ ថៃ", (one, two)), Reply("ខេត្តណា?")))
    seen = [(bubble.text, [c.payload for c in bubble.buttons]) for bubble in phone.person.sees()]
    assert seen == [("ខ្ញុំយល់ថា៖ ថៃ", ["change", "danger"]), ("ខេត្តណា?", [])]


def test_the_queue_lets_every_button_of_a_turn_stay(tmp_path: Path) -> None:
    site = installed(tmp_path)
    before = Reply("ខ្ញុំយល់ថា៖ ថៃ", (Button("✏️ កែចម្លើយ", "change"),))
    question = Reply("ខេត្តណា?", (Button("➡️ មើលបន្ត", "more"),))
    with (
        MessengerStandin() as messenger,
        sending(site, settings_of(messenger=messenger), tmp_path) as turns,
    ):
        phone = Phone(turns, messenger.person("A"))
        phone.belongs_to(HER)
        came = Message(ChannelName.MESSENGER, "fb-1-m", HER, phone.person.id, NOW, button="menu")
        with site.store.writing() as session:
            parcel.accept(session, site, "fb-m", came)
            parcel.answer(session, site, "fb-m", Outgoing((before, question)))
        assert durable.send_workflow("fb-m", HER, 2) == 2
        shown = [[choice.payload for choice in bubble.buttons] for bubble in phone.person.sees()]
    assert shown == [["change"], ["more"]]


# ---- every turn that can be


@pytest.mark.slow
@settings(
    max_examples=12,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(A_WALK, WHERE)
def test_on_every_way_through_the_dialogue_every_button_can_be_pressed(
    phone: Phone, walk: list[Step], where: str
) -> None:
    walker = begins(phone.turns.site, where)
    phone.belongs_to(walker.talk.conversation)
    for number, drawn in enumerate(walk):
        does(walker, drawn.done_by(walker), f"walk-{number:03}")
        phone.reaches_all_of(walker.says)
