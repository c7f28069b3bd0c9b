"""The one road of a message: receive, understand, decide, say.

A turn runs in a worker thread; what waits for the network is awaited on the server's event loop.
Words stay in memory: what is told is sealed before the dialogue hears of it, and the dialogue hears
codes only.
"""

import logging
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sqlmodel import Session

from bot import buttons, conversation
from bot.content import Content
from bot.content.render import SAFETY_CARD, render
from bot.content.retell import draft_words
from bot.meaning import Meaning, acted_on, in_danger
from bot.message import (
    FILE_LIMIT,
    TELLABLE,
    Attachment,
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
from bot.sure import SURELY, surely_yes
from bot.text import normalise
from bot.understand import Understanding, alarm, understand
from referrals import contact, draft, notice, thread
from referrals.site import Site

log = logging.getLogger(__name__)
Result = TypeVar("Result")

CONTROLS = frozenset({"cancel", "back", "menu", "language"})
"""What stops somebody who is telling her story, when said shortly and very surely, and is no
story.
"""

CONTROL_CONFIDENCE = 0.85

INTERRUPTIONS = frozenset({"privacy", "human", "hide", "erase", "case_status", "faq"})
"""What may interrupt her. "They look at my phone" may be her story too: it is kept, and heeded."""

INTERRUPTION_CONFIDENCE = 0.75
INTERRUPTION_CHARACTERS = 40

MEDIA_TYPE_LIMIT = 128
"""Characters of a media type that are kept; what is longer is no media type."""

HIDE = "hide_last"
"""The say that leaves an innocent last message; nothing may stand below it."""

TOLD = frozenset({"story", "name", "addition"})
"""What is told rather than chosen: sealed, and never understood by a machine."""

ONE_TELLING_ONLY = frozenset({"name"})
"""Told in text alone: a name spoken in a voice note cannot be read back."""


@dataclass(frozen=True, slots=True)
class Turns:
    """Plays turns. `wait` awaits a coroutine on the server's event loop, from a worker thread."""

    site: Site
    content: Content
    rasa: RasaClient
    channels: Mapping[ChannelName, Channel]
    wait: Callable[[Coroutine[Any, Any, Any]], Any]

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
        try:
            meaning = self._meaning(message, state)
            played = self._tell_the_dialogue(message, meaning)
        except RasaUnavailable:
            if self._cry(message) is None:
                raise
            return self._say(message, [{"say": SAFETY_CARD, "with": {}}])
        with self.site.store.writing() as session:
            conversation.set_awaiting(session, message.conversation, played.awaiting)
            begun = draft.find(session, message.conversation)
            if begun is not None and conversation.in_danger(
                session, message.conversation, message.received
            ):
                draft.answer(session, self.site, begun, "danger", "yes")
        return self._say(message, played.says)

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
            meaning = self._attached(message, state)
            return Meaning("danger", entities=(("danger", cry),)) if cry else meaning
        text = (message.text or "").strip()
        if not text:
            return Meaning("unknown", entities=(("kind", "empty"),))
        awaiting = state.awaiting if state.awaiting in TOLD else None
        try:
            understood = self._understood(text, cry)
        except RasaUnavailable:
            if awaiting and not (cry and awaiting == "name"):
                self._keep(message, awaiting, text=text)  # nothing told is lost, whatever follows
            raise
        if awaiting:
            return self._told_text(message, text, awaiting, understood)
        if understood.danger:
            return in_danger(understood)
        if surely_yes(normalise(text)):
            return Meaning("affirm", entities=((SURELY, "yes"),))
        return acted_on(understood)

    def _understood(self, text: str, cry: str | None) -> Understanding:
        understood: Understanding = self.wait(understand(self.rasa, text))
        return replace(understood, danger=understood.danger or cry)

    def _told_text(
        self, message: Message, text: str, awaiting: str, understood: Understanding
    ) -> Meaning:
        short = len(text) <= INTERRUPTION_CHARACTERS and understood.danger is None
        sure = understood.confidence
        if short and understood.intent in CONTROLS and sure >= CONTROL_CONFIDENCE:
            return Meaning(understood.intent, sure, understood.entities)
        if understood.danger and awaiting == "name":
            return in_danger(understood)
        if not self._keep(message, awaiting, text=text):
            return Meaning("unknown", entities=(("kind", "no_case"),))
        if understood.danger:
            return in_danger(understood)
        if short and understood.intent in INTERRUPTIONS and sure >= INTERRUPTION_CONFIDENCE:
            return Meaning(understood.intent, sure, understood.entities)
        return Meaning("told", entities=(("told", awaiting),))

    def _attached(self, message: Message, state: conversation.State) -> Meaning:
        """Seal what was attached when it can be part of a told answer; otherwise say what it was.

        A voice note or a picture that nobody asked for is kept as part of the story, so that
        nothing told is lost; the dialogue offers to complain with it.
        """
        tellable = [a for a in message.attachments if a.kind in TELLABLE]
        awaiting = state.awaiting if state.awaiting in TOLD - ONE_TELLING_ONLY else None
        if not tellable:
            return self._worded(message, awaiting)
        if any((a.size or 0) > FILE_LIMIT for a in tellable):
            return Meaning("unknown", entities=(("kind", "too_large"),))
        field_name = awaiting or "story"
        if message.text:
            self._keep(message, field_name, text=message.text, number=len(tellable))
        try:
            kept = [
                self._keep_file(message, field_name, attachment, number)
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
        """Keep a place or a contact, which come as words, when something is being told."""
        first = message.attachments[0]
        words = [
            f"{_PICTURES[a.kind]} {a.reference}" for a in message.attachments if a.kind in _PICTURES
        ]
        if awaiting is None or not words:
            return Meaning("unknown", entities=(("kind", first.kind.value),))
        if not self._keep(message, awaiting, text=" ".join(words)):
            return Meaning("unknown", entities=(("kind", "no_case"),))
        return Meaning("told", entities=(("told", awaiting),))

    # ---- keep what is told

    def _keep_file(
        self, message: Message, field_name: str, attachment: Attachment, number: int
    ) -> bool:
        file = self._sealed(message.channel, attachment)
        return self._keep(message, field_name, file=file, kind=attachment.kind.value, number=number)

    def _sealed(self, channel: ChannelName, attachment: Attachment) -> draft.SealedFile:
        reference = attachment.reference or ""
        named = attachment.media_type or _MEDIA_TYPES.get(attachment.kind, _UNKNOWN_TYPE)
        media_type = named if len(named) <= MEDIA_TYPE_LIMIT else _UNKNOWN_TYPE
        if channel is ChannelName.WEB:
            return sealed_upload(reference, attachment.size or 0, media_type)
        return draft.seal_file(self.site, self._pieces(channel, reference), media_type)

    def _pieces(self, channel: ChannelName, reference: str) -> Iterator[bytes]:
        stream = aiter(self.channels[channel].fetch(reference))

        async def following() -> bytes | None:
            return await anext(stream, None)

        while (piece := self.wait(following())) is not None:
            yield piece

    def _keep(
        self,
        message: Message,
        field_name: str,
        *,
        text: str | None = None,
        file: draft.SealedFile | None = None,
        kind: str = "text",
        number: int = 0,
    ) -> bool:
        """Seal one told thing into the draft or, after lodging, into the case. False: nowhere to
        put it.
        """
        with self.site.store.writing() as session:
            if field_name == "addition":
                case = thread.newest_open_case(session, message.conversation)
                if case is None:
                    return False
                new = thread.add(
                    session,
                    self.site,
                    case,
                    message.update,
                    number=number,
                    text=text,
                    file=file,
                    kind=kind,
                )
            else:
                begun = draft.open_(session, self.site, message.conversation, message.channel)
                if field_name in ONE_TELLING_ONLY:
                    draft.untell(session, self.site, begun, field_name)
                new = draft.tell(
                    session,
                    self.site,
                    begun,
                    field_name,
                    message.update,
                    text=text,
                    file=file,
                    kind=kind,
                    number=number,
                )
            if not new and file is not None and message.channel is not ChannelName.WEB:
                # Fetched once more after a crash; a web upload is sealed once, before its turn.
                self.site.files.remove(file.file_id)
        return True

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
        with self.site.store.writing() as session:
            language = conversation.state(session, message.conversation).language
            letter = notice.waiting_letter(session, self.site, message.conversation)
            replies: list[Reply] = []
            shown: list[str] = []
            for say in says:
                words = self.content.says.get(str(say["say"]))
                needs = words.private if words else None
                if needs == "letter" and letter is not None:
                    shown.append(letter.id)
                private = self._private(session, message.conversation, needs, letter, language)
                replies += render(say, language, self.content, private, now.date())
            hiding = any(str(say["say"]) == HIDE for say in says)
            news = letter is not None and not shown and notice.is_waiting(session, letter.id)
            if letter is not None and news and not hiding:
                # Nobody could tell her so far (Messenger's window was closed): now she is here.
                replies += render(
                    {"say": "letter_waiting", "with": {}}, language, self.content, {}, now.date()
                )
                notice.mark_announced(session, letter.id)
        return Outgoing(tuple(replies), tuple(shown))

    def _private(
        self,
        session: Session,
        conversation_: str,
        needs: str | None,
        letter: notice.Opened | None,
        language: Language,
    ) -> dict[str, str]:
        """Open the words that a private say needs; they are in the replies and nowhere else."""
        if needs == "letter":
            return {"letter": letter.text if letter else ""}
        begun = draft.find(session, conversation_) if needs == "draft" else None
        if begun is None:
            return {}
        story, name = (draft.told(session, self.site, begun, field) for field in ("story", "name"))
        return draft_words(story, name, language, self.content)


_PICTURES = {AttachmentKind.LOCATION: "📍", AttachmentKind.CONTACT: "👤"}
_UNKNOWN_TYPE = "application/octet-stream"
_MEDIA_TYPES = {
    AttachmentKind.VOICE: "audio/ogg",
    AttachmentKind.AUDIO: "audio/mpeg",
    AttachmentKind.PHOTO: "image/jpeg",
    AttachmentKind.VIDEO: "video/mp4",
}


def upload_reference(file: draft.SealedFile) -> str:
    """Write down where a web upload lies and what opens it; goes only into the sealed queue."""
    return f"{file.file_id}:{file.key.hex()}:{file.digest.hex()}"


def sealed_upload(reference: str, size: int, media_type: str) -> draft.SealedFile:
    """Read what `upload_reference` wrote."""
    file_id, key, digest = reference.split(":")
    return draft.SealedFile(file_id, bytes.fromhex(key), bytes.fromhex(digest), size, media_type)


def _speaks(message: Message, state: conversation.State) -> bool:
    """Say whether a sticker is to be read as its emoji: it has a meaning, and nothing is told now.

    A thumb is no story.
    """
    stickers = all(a.kind is AttachmentKind.STICKER for a in message.attachments)
    meant = any(sign.isalnum() for sign in normalise(message.text or ""))
    return stickers and meant and state.awaiting not in TOLD
