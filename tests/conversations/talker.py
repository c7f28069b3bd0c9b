"""Somebody who writes to Samleng: what she does, what she was told, and what is kept of it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from itertools import count
from typing import Any

from sqlmodel import select

from bot import conversation, parcel
from bot.buttons import UnknownButton, parse
from bot.channels import delivery_key
from bot.content import content
from bot.message import Attachment, AttachmentKind, ChannelName, Language, Message
from bot.parcel import Outgoing
from bot.turn import NOTED
from referrals import case, consent, draft
from referrals.case import CaseField, CaseFile, Referral
from referrals.group import CaseGroup
from referrals.thread import Entry
from tests.conversations.stage import Stage

BETWEEN = timedelta(seconds=20)
"""What passes from one message to the next."""


@dataclass
class Talker:
    """One person with one chat. `says` holds the keys of what the bot said last.

    `code` and `group_code` are those of her newest case, remembered when the case is gone.
    """

    stage: Stage
    conversation: str
    channel: ChannelName
    says: list[str] = field(default_factory=list)
    outgoing: Outgoing = field(default_factory=lambda: Outgoing(()))
    taps: int = 0
    messages: int = 0
    code: str = "000000000"
    group_code: str = "00000000"
    _last: Message | None = None
    _updates: Iterator[int] = field(default_factory=count)

    def sends(self, text: str | None = None, *, early: bool = False, **how: Any) -> list[str]:
        """Send one message, played as the durable queue plays it; gives the keys of the replies.

        `early`: it was on its way before the answer to the one before stood in the chat.
        """
        received = self.stage.clock.now + (-BETWEEN if early else BETWEEN)
        self.stage.clock.now += BETWEEN
        update = f"tg-{self.conversation[:8]}-{next(self._updates):012}"
        self._last = Message(self.channel, update, self.conversation, "1", received, text, **how)
        return self._plays(self._last)

    def sends_once_more(self) -> list[str]:
        """Let the platform deliver her last message a second time, its turn played again."""
        assert self._last is not None
        return self._plays(replace(self._last))

    def _plays(self, message: Message) -> list[str]:
        stage, site = self.stage, self.stage.site
        number = delivery_key(message.update)
        with site.store.writing() as session:
            parcel.accept(session, site, number, message)
        stage.listening.said = []
        self.outgoing = stage.turns.play(message)
        with site.store.writing() as session:
            parcel.answer(session, site, number, self.outgoing)
            parcel.show(session, number, stage.clock.now)
        noted = [NOTED] if self._was_noted() else []  # which the turn says, not the dialogue
        self.says = [*noted, *stage.listening.said]
        for newest in self.cases()[:1]:
            self.code = newest.code
            self.group_code = self._group_of(newest) or self.group_code
        return self.says

    def _was_noted(self) -> bool:
        words = content().says[NOTED].text(self.language).strip()
        return any(reply.text.strip() == words for reply in self.outgoing.replies[:2])

    def tap(self, button: str, **how: Any) -> list[str]:
        self.taps += 1
        return self.sends(button=button, **how)

    def write(self, text: str, **how: Any) -> list[str]:
        self.messages += 1
        return self.sends(text, **how)

    def attach(self, kinds: Iterable[str], caption: str | None = None, **how: Any) -> list[str]:
        """Send files, a place, a contact, a sticker; several at once are an album."""
        self.messages += 1
        references = {"location": "11.55,104.91", "contact": "012345678"}
        attachments = tuple(
            Attachment(AttachmentKind(kind), references.get(kind, f"file-{number}"), **how)
            for number, kind in enumerate(kinds)
        )
        return self.sends(caption, attachments=attachments)

    # ---- what stands in the chat

    @property
    def language(self) -> Language:
        with self.stage.site.store.reading() as session:
            return conversation.state(session, self.conversation).language

    @property
    def awaiting(self) -> str | None:
        with self.stage.site.store.reading() as session:
            return conversation.state(session, self.conversation).awaiting

    @property
    def buttons(self) -> list[str]:
        return [b.payload for reply in self.outgoing.replies for b in reply.buttons]

    @property
    def text(self) -> str:
        return "\n".join(reply.text for reply in self.outgoing.replies)

    def unpressable(self) -> list[str]:
        """Give the buttons that are none of ours."""
        return [payload for payload in self.buttons if not _is_a_button(payload)]

    # ---- what is kept

    def told(self) -> dict[str, int]:
        """Count what lies in the draft, by field."""
        site = self.stage.site
        with site.store.reading() as session:
            own = draft.find(session, self.conversation)
            parts = draft.parts(session, own) if own is not None else []
        return dict(Counter(part.field for part in parts))

    def answers(self) -> dict[str, str] | None:
        """Give the codes of the draft, None when there is no draft."""
        site = self.stage.site
        with site.store.reading() as session:
            own = draft.find(session, self.conversation)
            return draft.answers(site, own) if own is not None else None

    def cases(self) -> Sequence[case.Case]:
        with self.stage.site.store.reading() as session:
            return case.owned(session, self.conversation)

    def kept(self) -> dict[str, int]:
        """Count what lies in her cases, by field; what was added later is "addition"."""
        counts: Counter[str] = Counter()
        with self.stage.site.store.reading() as session:
            for each in case.owned(session, self.conversation):
                for table in (CaseField, CaseFile):
                    counts.update(session.exec(select(table.name).where(table.case_id == each.id)))
                entries = session.exec(select(Entry.id).where(Entry.case_id == each.id)).all()
                counts.update(["addition"] * len(entries))
        return dict(counts)

    def agreed(self) -> dict[str, bool]:
        """Give the latest answer to each consent of her newest case."""
        with self.stage.site.store.reading() as session:
            rows = [consent.history(session, each.id) for each in self.cases()[:1]]
        return {str(row.code): row.granted for history in rows for row in history}

    def offices(self) -> list[str]:
        """Give the state of each referral of her newest case, in order."""
        with self.stage.site.store.reading() as session:
            for each in self.cases()[:1]:
                found = session.exec(
                    select(Referral).where(Referral.case_id == each.id).order_by(Referral.place)  # type: ignore[arg-type]
                )
                return [referral.state for referral in found]
        return []

    def _group_of(self, found: case.Case) -> str | None:
        with self.stage.site.store.reading() as session:
            group = session.get(CaseGroup, found.group_id) if found.group_id else None
            return group.code if group else None


def person(stage: Stage, channel: ChannelName = ChannelName.TELEGRAM) -> Talker:
    """Let somebody come who never wrote before."""
    name = sha256(f"person {next(stage.marks)}".encode()).hexdigest()
    return Talker(stage, name, channel)


def _is_a_button(payload: str) -> bool:
    try:
        parse(payload)
    except UnknownButton:
        return False
    return True
