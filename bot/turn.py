"""The one road of a message: receive, understand, decide, say.

A turn runs in a worker thread; what waits for the network is awaited on the server's event loop.
Words stay in memory: what is told is sealed before the dialogue hears of it, and the dialogue hears
codes only.
"""

import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlmodel import Session

from bot import buttons, claims, conversation, news, on_duty, parcel, trace
from bot.certainty import Certainty, split
from bot.channels import delivery_key
from bot.content import Content, living
from bot.content.render import SAFETY_CARD, render
from bot.content.retell import draft_words
from bot.keep import DETAIL, Keeper
from bot.meaning import Meaning, acted_on, in_danger
from bot.message import (
    FILE_LIMIT,
    TELLABLE,
    AttachmentKind,
    Channel,
    ChannelName,
    Language,
    Message,
    Reply,
    TooLarge,
    Undeliverable,
)
from bot.parcel import Outgoing
from bot.rasa import Heard, Played, RasaClient, RasaUnavailable
from bot.sure import SURELY, WHY, plain_control, surely_yes
from bot.text import normalise
from bot.understand import DANGER, Understanding, alarm, understand
from bot.when import QuietHours, local_date
from referrals import case, contact, draft, notice, recovery, signed
from referrals.site import Site

log = logging.getLogger(__name__)

INTERRUPTIONS = frozenset({"privacy", "human", "hide", "erase", "case_status", "faq"})
"""What may interrupt her. "They look at my phone" may be her story too: it is kept, and heeded."""

CALLS_FOR_HELP = frozenset({"human", "hide", "erase"})
"""What is heard even where a code or a secret is asked for."""

INTERRUPTION_CONFIDENCE = 0.75
SHORT = 40
"""Characters up to which a text can be a mere remark; a longer one that complains is a story."""

NOTED = "noted"
"""The say that a story nobody had asked for yet is kept."""

HIDE = "hide_last"
"""The say that leaves an innocent last message; nothing may stand below it."""

NO_COMPLAINT = frozenset({"faq", "privacy", "language", "greet", "thank", "goodbye"})
"""What a long text within the journey may mean without being part of her story."""

RESUME = "resume"
"""The plain order to go on with what she was telling: what its button does."""

OBEYED = frozenset({"again", "simpler", "unknown", RESUME, "menu"})
"""What plain orders mean that are obeyed wherever they are typed, and Rasa is not asked about;
while she tells, all are.
"""

TOLD = frozenset({"story", DETAIL, "addition"})
"""What is told rather than chosen: sealed, and never understood by a machine."""


@dataclass(frozen=True, slots=True)
class Turns:
    """Plays turns. `wait` awaits a coroutine on the server's event loop, from a worker thread.

    `content` are the files; what staff changed at the desk lies over them when a turn is said.
    `quiet` is when nothing is sent by itself.
    """

    site: Site
    content: Content
    rasa: RasaClient
    channels: Mapping[ChannelName, Channel]
    wait: Callable[[Coroutine[Any, Any, Any]], Any]
    quiet: QuietHours = field(default_factory=QuietHours)

    @property
    def _keeper(self) -> Keeper:
        return Keeper(self.site, self.channels, self.wait)

    def play(self, message: Message) -> Outgoing:
        """Play one turn. The same message played again, after a crash, changes nothing more.

        Raises RasaUnavailable when the dialogue cannot be reached; danger is answered even then.
        """
        with self.site.store.writing() as session:
            state = conversation.begin(session, message.conversation, message.received)
            contact.heard_from(
                session,
                self.site,
                message.conversation,
                message.channel,
                message.address,
                message.received,
            )
            if message.mark is not None:
                trace.note(session, message.conversation, (message.mark,), message.received)
        staff = on_duty.heard(self.site, message)
        if staff is not None:
            return staff
        try:
            meaning = self._meaning(message, state)
            played = self._tell_the_dialogue(message, meaning)
        except RasaUnavailable:
            if self._cry(message) is None:
                raise
            with self.site.store.writing() as session:
                on_duty.cry(session, self.site, message.conversation)
            return self._say(message, [{"say": SAFETY_CARD, "with": {}}])
        with self.site.store.writing() as session:
            if meaning.intent == DANGER:
                conversation.note_danger(session, message.conversation, message.received)
            conversation.set_awaiting(session, message.conversation, played.awaiting)
            begun = draft.find(session, message.conversation)
            if begun is not None and conversation.in_danger(
                session, message.conversation, message.received
            ):
                draft.answer(session, self.site, begun, "danger", "yes")
            if begun is not None and conversation.child_in_danger(
                session, message.conversation, message.received
            ):
                draft.answer(session, self.site, begun, "minor", "yes")
        noted = ({"say": NOTED, "with": {}},) if meaning.noted else ()
        return self._say(message, (*noted, *played.says))

    def rescue(self, message: Message) -> bool:
        """Keep what a message told whose turn could not be played. False when there was nothing."""
        text = (message.text or "").strip()
        if message.button is not None or len(text) <= SHORT:
            return False
        with self.site.store.reading() as session:
            awaiting = conversation.state(session, message.conversation).awaiting
        if awaiting in claims.TYPED:
            return False
        return self._keeper.text(message, awaiting if awaiting in TOLD else "story", text)

    def _cry(self, message: Message) -> str | None:
        """Say what danger the words of a message name, whatever was asked, and remember it."""
        found = alarm(message.text or "")
        if found is not None:
            with self.site.store.writing() as session:
                conversation.note_danger(session, message.conversation, message.received)
        return found

    # ---- understand and decide

    def _meaning(self, message: Message, state: conversation.State) -> Meaning:
        if message.button is not None:
            try:
                pressed = buttons.parse(message.button)
            except buttons.UnknownButton:
                return Meaning("unknown", entities=(("kind", "button"),))
            return Meaning(pressed.intent, entities=tuple(pressed.entities.items()))
        cry = self._cry(message)
        if message.attachments and not _speaks(message, state):
            return self._with_caption(message, state, cry)
        text = (message.text or "").strip()
        if not text:
            return Meaning("unknown", entities=(("kind", "empty"),))
        if state.awaiting in claims.TYPED and len(text) <= claims.LIMIT and cry is None:
            return self._typed(message, text, state.awaiting)
        if state.awaiting in TOLD:
            return self._told_text(message, text, state.awaiting, cry)
        order = self._ordered(message, text, state.awaiting) if cry is None else None
        if order is not None and order.intent in OBEYED:
            return order
        understood = self._understood(text, cry)
        tells = _tells(text, understood, state)
        if tells:
            self._keeper.text(message, "story", text)
        if understood.danger:
            return in_danger(understood)
        if surely_yes(normalise(text)) and self._has_seen_the_question(message):
            return Meaning("affirm", entities=((SURELY, "yes"),))
        return replace(acted_on(understood), noted=tells)

    def _ordered(self, message: Message, text: str, awaiting: str | None) -> Meaning | None:
        """Give what a plain order means, which is the whole message; None when it is none, or has
        no use here.
        """
        order = plain_control(normalise(text))
        if order == WHY:
            return Meaning("unknown", entities=(("kind", WHY),))
        if order != RESUME:
            return Meaning(order) if order is not None else None
        with self.site.store.reading() as session:
            if draft.find(session, message.conversation) is not None:
                return Meaning(RESUME)
        return Meaning("menu") if awaiting is None else None

    def _understood(self, text: str, cry: str | None) -> Understanding:
        understood: Understanding = self.wait(understand(self.rasa, text))
        return replace(understood, danger=understood.danger or cry)

    def _has_seen_the_question(self, message: Message) -> bool:
        """Say whether the question stood in the chat when this came. A yes typed while the server
        was slow answers an earlier one, and is no consent to this.
        """
        with self.site.store.reading() as session:
            return parcel.all_shown_by(
                session, message.conversation, delivery_key(message.update), message.received
            )

    def _told_text(self, message: Message, text: str, awaiting: str, cry: str | None) -> Meaning:
        order = self._ordered(message, text, awaiting)
        if order is not None and cry is None:
            return order
        if cry is None and self._agrees(message, text, awaiting):
            return Meaning("affirm", entities=((SURELY, "yes"),))
        try:
            understood = self._understood(text, cry)
        except RasaUnavailable:
            self._keeper.text(message, awaiting, text)  # nothing told is lost
            raise
        if understood.puts_right and awaiting == "story":
            return acted_on(understood)  # "no, Thailand, not Malaysia": codes, and no story
        kept = self._keeper.text(message, awaiting, text)
        if understood.danger:
            return in_danger(understood)
        if not kept:
            return Meaning("unknown", entities=(("kind", "no_case"),))
        sure = understood.confidence
        interrupts = understood.intent in INTERRUPTIONS and sure >= INTERRUPTION_CONFIDENCE
        if interrupts and len(text) <= SHORT:
            return Meaning(understood.intent, sure, understood.entities)
        return Meaning("told", entities=(("told", awaiting),))

    def _agrees(self, message: Message, text: str, awaiting: str) -> bool:
        """Say whether a plain yes answers the consent that stands under what she told."""
        if awaiting != "story" or not surely_yes(normalise(text)):
            return False
        with self.site.store.reading() as session:
            own = draft.find(session, message.conversation)
            told = own is not None and bool(draft.parts(session, own, "story"))
        return told and self._has_seen_the_question(message)

    def _typed(self, message: Message, text: str, asked: str) -> Meaning:
        """Read a code or a secret; the dialogue hears what came of it, and nothing else."""
        order = self._ordered(message, text, asked)
        if order is not None:
            return order
        if not any(sign.isdigit() for sign in text):
            # It may be no secret but a call for help. The words stay in memory, here and there.
            understood = self._understood(text, None)
            if understood.danger:
                return in_danger(understood)
            sure = understood.certainty is Certainty.SURE
            if sure and understood.intent in CALLS_FOR_HELP:
                return Meaning(understood.intent, understood.confidence, understood.entities)
        with self.site.store.writing() as session:
            result = claims.heard(session, self.site, message, asked, text)
        return Meaning("told", entities=(("told", asked), ("result", result.value)))

    def _with_caption(
        self, message: Message, state: conversation.State, cry: str | None
    ) -> Meaning:
        """Keep what was attached, then hear whether its caption tells of danger."""
        meaning = self._attached(message, state)
        caption = (message.text or "").strip()
        if not caption:
            return meaning
        understood = self._understood(caption, cry)
        return in_danger(understood) if understood.danger else meaning

    def _attached(self, message: Message, state: conversation.State) -> Meaning:
        """Seal what was attached when it can be part of a told answer; otherwise say what it was.

        A voice note or a picture that nobody asked for is kept as part of the story, so that
        nothing told is lost; the dialogue offers to complain with it.
        """
        if state.awaiting in claims.TYPED:
            return Meaning("unknown", entities=(("kind", "written"),))
        tellable = [a for a in message.attachments if a.kind in TELLABLE]
        awaiting = state.awaiting if state.awaiting in TOLD else None
        if not tellable:
            return self._worded(message, awaiting)
        field_name = awaiting or "story"
        if message.text:
            self._keeper.text(message, field_name, message.text, number=len(tellable))
        if any((a.size or 0) > FILE_LIMIT for a in tellable):
            return Meaning("unknown", entities=(("kind", "too_large"),))
        try:
            kept = [
                self._keeper.file(message, field_name, attachment, number)
                for number, attachment in enumerate(tellable)
            ]
        except TooLarge:
            return Meaning("unknown", entities=(("kind", "too_large"),))
        except Undeliverable:
            return Meaning("unknown", entities=(("kind", "unreadable"),))
        if not all(kept):
            return Meaning("unknown", entities=(("kind", "no_case"),))
        if awaiting is None:
            return Meaning("unknown", entities=(("kind", "kept"),))
        return Meaning("told", entities=(("told", awaiting),))

    def _worded(self, message: Message, awaiting: str | None) -> Meaning:
        """Keep a place or a contact, which come as words: with what is being told, or the story."""
        first = message.attachments[0]
        words = [
            f"{_PICTURES[a.kind]} {a.reference}" for a in message.attachments if a.kind in _PICTURES
        ]
        if not words:
            return Meaning("unknown", entities=(("kind", first.kind.value),))
        if not self._keeper.text(message, awaiting or "story", " ".join(words)):
            return Meaning("unknown", entities=(("kind", "no_case"),))
        if awaiting is None:
            return Meaning("unknown", entities=(("kind", "kept"),))
        return Meaning("told", entities=(("told", awaiting),))

    # ---- the dialogue, and what it says

    def _tell_the_dialogue(self, message: Message, meaning: Meaning) -> Played:
        heard = Heard(
            conversation=message.conversation,
            message_id=message.update,
            channel=message.channel.value,
            intent=meaning.intent,
            confidence=meaning.confidence,
            entities=meaning.entities,
            ranking=meaning.ranking,
        )
        played: Played = self.wait(self.rasa.turn(heard))
        return played

    def _say(self, message: Message, says: Sequence[Mapping[str, Any]]) -> Outgoing:
        now = self.site.clock()
        hiding = any(str(say["say"]) == HIDE for say in says)
        if hiding:  # what it says of her story would stay on the phone
            says = [say for say in says if str(say["say"]) != NOTED]
        with self.site.store.writing() as session:
            language = conversation.state(session, message.conversation).language
            known, today = living.current(session, now), local_date(now)
            letter = notice.waiting_letter(session, self.site, message.conversation)
            replies: list[Reply] = []
            shown: list[str] = []
            for say in says:
                words = known.says.get(str(say["say"]))
                needs = words.private if words else None
                if needs == "letter" and letter is not None:
                    shown.append(letter.id)
                asked = _Needed(needs, say.get("with") or {}, letter)
                private = self._private(session, message.conversation, asked, language)
                replies += render(say, language, known, private, today)
            untold = letter is not None and not shown and notice.is_waiting(session, letter.id)
            if letter is not None and untold and not hiding:
                # Nobody could tell her so far (Messenger's window was closed): now she is here.
                replies += render({"say": "letter_waiting", "with": {}}, language, known, {}, today)
                notice.mark_announced(session, letter.id)
            due = self._news(session, message.conversation, says)
            # Before the replies, for the buttons of these must stay the last.
            first = [
                reply
                for alert in due
                for reply in render(
                    {**news.said(alert, language), "buttons": ()}, language, known, {}, today
                )
            ]
        return Outgoing(
            (*first, *replies), tuple(shown), tuple(alert.id for alert in due), clear=hiding
        )

    def _news(
        self, session: Session, conversation_: str, says: Sequence[Mapping[str, Any]]
    ) -> list[news.Alert]:
        """Give the news that could not be pushed to her: now she is here, and is asked nothing."""
        busy = conversation.state(session, conversation_).awaiting is not None
        if busy or any(str(say["say"]) in {HIDE, SAFETY_CARD} for say in says):
            return []
        on_its_way = parcel.news_on_its_way(session, self.site, conversation_)
        due = news.due(session, conversation_, self.site.clock())
        return [alert for alert in due if alert.id not in on_its_way]

    def _private(
        self, session: Session, conversation_: str, needed: "_Needed", language: Language
    ) -> dict[str, str]:
        """Open the words that a private say needs; they are in the replies and nowhere else."""
        if needed.what == "letter":
            return {"letter": needed.letter.text if needed.letter else ""}
        if needed.what == "handover":
            return {"handover": self._handover(session, str(needed.values["case"]))}
        if needed.what == "paper":
            lodged = case.by_code(session, str(needed.values["case"]))
            return {"link": signed.link(session, self.site, lodged, self.site.public_url) or ""}
        begun = draft.find(session, conversation_) if needed.what == "draft" else None
        if begun is None:
            return {}
        story, name = (draft.told(session, self.site, begun, field) for field in ("story", "name"))
        return draft_words(story, name, language, self.content)

    def _handover(self, session: Session, code: str) -> str:
        """Draw the secret that a visitor takes home; none when she has the case already."""
        try:
            return recovery.hand_over(session, self.site, case.by_code(session, code).id)
        except recovery.OwnSecret:
            return "-"


@dataclass(frozen=True, slots=True)
class _Needed:
    """Whose words a say needs, with the say's codes and the letter that waits."""

    what: str | None
    values: Mapping[str, Any]
    letter: notice.Opened | None


_PICTURES = {AttachmentKind.LOCATION: "📍", AttachmentKind.CONTACT: "👤"}


def _speaks(message: Message, state: conversation.State) -> bool:
    """Say whether a sticker is to be read as its emoji: it has a meaning, and nothing is told now.

    A thumb is no story.
    """
    stickers = all(a.kind is AttachmentKind.STICKER for a in message.attachments)
    meant = any(sign.isalnum() for sign in normalise(message.text or ""))
    return stickers and meant and state.awaiting not in TOLD


def _tells(text: str, understood: Understanding, state: conversation.State) -> bool:
    """Say whether somebody tells without having been asked: long words of danger, or words that may
    be a complaint; within the journey, all long words that are plainly nothing else.
    """
    if len(text) <= SHORT:
        return False
    meaning = acted_on(understood)
    if state.awaiting is not None and meaning.intent not in NO_COMPLAINT:
        return True
    may_be = {meaning.intent, *(split(label)[0] for label, _ in meaning.ranking)}
    return understood.danger is not None or "complaint" in may_be
