"""One conversation with the actions alone: slots follow the events, as Rasa's would."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.actions import ACTIONS, Answer, Asked
from bot.message import Language
from referrals import draft
from referrals.site import Site

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
HER = "a" * 64
ALL_YES = {
    "complainant": "self",
    "category": "unpaid_wages",
    "country": "TH",
    "province": "KH-14",
    "identity": "anonymous",
    "store": "yes",
    "share_mrc": "yes",
    "share_pdolvt": "yes",
    "share_legal_aid": "no",
    "contact_me": "yes",
}


@dataclass
class Talk:
    """One conversation with the actions alone: slots follow the events, as Rasa's would."""

    site: Site
    language: Language = Language.KM
    channel: str = "telegram"
    slots: dict[str, str | None] = field(default_factory=dict)
    loop: str | None = None
    count: int = 0

    def __call__(
        self,
        action: str,
        intent: str | None = None,
        entities: dict[str, str] | None = None,
        *,
        update: str | None = None,
        candidates: dict[str, str | None] | None = None,
        ranking: tuple[tuple[str, float], ...] = (),
        again: bool = False,
    ) -> Answer:
        self.count += 1
        asked = Asked(
            name=action,
            conversation=HER,
            update=update or f"update-{self.count:04}",
            language=self.language,
            slots={**self.slots, **(candidates or {})},
            intent=intent,
            entities=entities or {},
            ranking=ranking,
            loop=self.loop,
            requested=self.slots.get("requested_slot"),
            now=NOW,
            candidates=candidates or {},
            channel=self.channel,
            again=again,
        )
        with self.site.store.writing() as session:
            answer = ACTIONS[action](session, self.site, asked)
        for event in answer.events:
            if event["event"] == "slot":
                self.slots[event["name"]] = event["value"]
        return answer

    def ask_for(self, step: str, **slots: str) -> None:
        """Put the form at a question."""
        self.loop = "complaint_form"
        self.slots |= {**slots, "requested_slot": step}

    def say(self, intent: str, **entities: str) -> Answer:
        """Answer the form's question."""
        return self("validate_complaint_form", intent, entities)

    def tell(self, name: str, text: str) -> None:
        """Tell something, as the turn seals it before the dialogue hears of it."""
        self.count += 1
        with self.site.store.writing() as session:
            own = draft.open_(session, self.site, HER, self.channel)
            draft.tell(session, self.site, own, name, f"told-{self.count:04}", text=text)

    def answers(self) -> dict[str, str]:
        """Give what the draft holds."""
        with self.site.store.reading() as session:
            own = draft.find(session, HER)
            return draft.answers(self.site, own) if own else {}

    def query(self, read: Callable[..., Any], *given: Any) -> Any:
        """Read something in one transaction."""
        with self.site.store.reading() as session:
            return read(session, *given)


def keys(answer: Answer) -> list[str]:
    return [said.key for said in answer.says]


def payloads(answer: Answer) -> list[str]:
    return [b["payload"] for b in answer.says[-1].buttons or () if not isinstance(b, str)]


def ask(talk: Talk, step: str, intent: str = "inform", **entities: str) -> Answer:
    return talk(f"action_ask_complaint_form_{step}", intent, entities)


def answered(talk: Talk, **changed: str) -> None:
    """Answer everything up to the summary."""
    talk("action_open_complaint", "complaint")
    for step, value in {**ALL_YES, **changed}.items():
        if step == "identity":
            talk.tell("story", "ថៅកែមិនបើកប្រាក់ខែ")
            talk.ask_for("story")
            talk.say("done")
        talk.ask_for(step)
        talk.say("inform", **{step: value})
    talk.ask_for("lodge")
