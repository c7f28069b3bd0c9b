"""One conversation with the actions alone: slots follow the events, as Rasa's would."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bot import buttons
from bot.actions import ACTIONS, Answer, Asked, Say
from bot.actions.journey import SHARES
from bot.content import content
from bot.message import Language
from referrals import case, draft
from referrals.site import Site
from referrals.taxonomy import ConsentCode

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
HER, OTHER = "a" * 64, "b" * 64
LODGED = {
    "category": "unpaid_wages",
    "country": "TH",
    "province": "KH-14",
    "store": "yes",
    "share_mrc": "yes",
    "contact_me": "yes",
}
"""The least that is sent, by the question it answers; the story is told beside."""

OFFERED = {"in": "km1"}
OFFERED_IN_DANGER = {"danger": "yes", **OFFERED}
"""What a button carries that asks for a call back."""


@dataclass
class Clock:
    """A clock that a test moves."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Talk:
    """One conversation with the actions alone: slots follow the events, as Rasa's would."""

    site: Site
    conversation: str = HER
    language: Language = Language.KM
    channel: str = "telegram"
    slots: dict[str, str | None] = field(default_factory=dict)
    loop: str | None = None
    count: int = 0

    def __call__(
        self,
        action: str,
        intent: str | None = None,
        entities: Mapping[str, str] | None = None,
        *,
        update: str | None = None,
        ranking: tuple[tuple[str, float], ...] = (),
        again: bool = False,
    ) -> Answer:
        """Run one action, in one transaction."""
        self.count += 1
        asked = Asked(
            name=action,
            conversation=self.conversation,
            update=update or f"update-{self.count:04}",
            language=self.language,
            slots=dict(self.slots),
            intent=intent,
            entities=entities or {},
            ranking=ranking,
            loop=self.loop,
            requested=self.slots.get("requested_slot"),
            now=self.site.clock(),
            channel=self.channel,
            again=again,
        )
        with self.site.store.writing() as session:
            answer = ACTIONS[action](session, self.site, asked)
        for event in answer.events:
            if event["event"] == "slot":
                self.slots[event["name"]] = event["value"]
        return answer

    # ---- the complaint form

    def opens(self, intent: str = "complaint", update: str | None = None, **said: str) -> Answer:
        """Open the complaint, or take it up; the form then stands at its question."""
        update = update or self._delivery()
        self.slots["requested_slot"] = None
        answer = self("action_open_complaint", intent, said, update=update)
        self.loop = "complaint_form"
        self("validate_complaint_form", intent, said, update=update)
        return answer

    def ask_for(self, step: str) -> None:
        """Put the form at a question, whatever the draft holds."""
        self.loop = "complaint_form"
        self.slots["requested_slot"] = step

    def hears(self, intent: str, update: str | None = None, **said: str) -> Answer:
        """Answer the question of the form."""
        return self("validate_complaint_form", intent, said, update=update or self._delivery())

    def answers_with(self, **said: str) -> Answer:
        """Press a button that answers."""
        return self.hears("inform", **said)

    def asks(self, intent: str = "resume", **said: str) -> Answer:
        """Have the question asked that comes next, after a message with this intent."""
        return self(f"action_ask_complaint_form_{self.at}", intent, said)

    def goes_back(self, update: str | None = None) -> Answer:
        """Go one step back."""
        answer = self("action_back", "back", update=update or self._delivery())
        self.hears("back")
        return answer

    @property
    def at(self) -> str | None:
        """The question at which the form stands."""
        return self.slots.get("requested_slot")

    def tells(self, name: str = "story", text: str = "ថៅកែមិនបើកប្រាក់ខែ") -> str:
        """Tell something, sealed before the dialogue hears of it; gives its update."""
        update = self._delivery()
        with self.site.store.writing() as session:
            own = draft.open_(session, self.site, self.conversation, self.channel)
            draft.tell(session, self.site, own, name, update, text=text)
        return update

    def tells_the_story(self) -> Answer:
        """Tell the story when it is asked for."""
        update = self.tells()
        return self.hears("told", update, told="story")

    def gets_to(self, step: str, **changed: str) -> None:
        """Open a complaint and answer whatever is asked until this question is reached."""
        self.opens()
        while self.at != step:
            self._answers_one({**LODGED, **changed})

    def _answers_one(self, given: Mapping[str, str]) -> None:
        if self.at == "story" and "story" not in self.told():
            self.tells_the_story()
        elif self.at == "story":
            self.answers_with(store=given["store"])
        else:
            assert self.at in {*LODGED, *SHARES}, f"the form stands at {self.at}"
            self.answers_with(**{self.at: given.get(self.at, "no")})

    def lodges(self, **changed: str) -> str:
        """Lodge a complaint; gives its code."""
        self.gets_to("lodge", **changed)
        return self.sends().says[0].values["code"].replace("-", "")

    def sends(self, update: str | None = None) -> Answer:
        """Press the button that sends."""
        update = update or self._delivery()
        self.hears("inform", update, lodge="yes")
        answer = self("action_lodge", "inform", {"lodge": "yes"}, update=update)
        self.loop = None
        return answer

    def presses(self, payload: str, update: str | None = None) -> Answer:
        """Press a button under a case."""
        pressed = buttons.parse(payload)
        return self("action_about_my_case", pressed.intent, pressed.entities, update=update)

    def _delivery(self) -> str:
        self.count += 1
        return f"update-{self.count:04}"

    # ---- what is kept

    def answers(self) -> dict[str, str]:
        """Give the codes that the draft holds, with those that steer the asking."""
        with self.site.store.reading() as session:
            own = draft.find(session, self.conversation)
            return draft.answers(self.site, own) if own else {}

    def told(self) -> list[str]:
        """Give the field of each thing told, in the order in which they came."""
        with self.site.store.reading() as session:
            own = draft.find(session, self.conversation)
            return [part.field for part in draft.parts(session, own)] if own else []

    def consents(self) -> dict[ConsentCode, bool]:
        """Give the last answer to each consent that the draft holds and that was not undone."""
        with self.site.store.reading() as session:
            own = draft.find(session, self.conversation)
            if own is None:
                return {}
            held, asked = draft.answers(self.site, own), draft.consents(self.site, own)
            return {c.code: c.granted for c in asked if held.get(c.code) is not None}

    def cases(self) -> list[case.CaseSummary]:
        """Give her cases, newest first."""
        found: list[case.CaseSummary] = self.query(case.for_conversation, self.conversation)
        return found

    def case(self, code: str) -> case.Case:
        """Give a case as it is now."""
        found: case.Case = self.query(case.by_code, code)
        return found

    def query(self, read: Callable[..., Any], *given: Any) -> Any:
        """Read something in one transaction."""
        with self.site.store.reading() as session:
            return read(session, *given)


def keys(answer: Answer) -> list[str]:
    """Give what is said, by key."""
    return [said.key for said in answer.says]


def payloads_of(said: Say) -> list[str]:
    """Give what the buttons of a say carry, those of buttons.yml too."""
    known = content()
    own = known.says[said.key].buttons if said.key in known.says else ()
    shown = said.buttons if said.buttons is not None else own
    return [known.buttons[b].payload if isinstance(b, str) else b["payload"] for b in shown]


def payloads(answer: Answer) -> list[str]:
    """Give the payloads of the buttons that the program made."""
    return [b["payload"] for b in answer.says[-1].buttons or () if not isinstance(b, str)]


def all_payloads(answer: Answer) -> list[str]:
    """Give the payloads of all buttons of the last say."""
    return payloads_of(answer.says[-1])


def names(answer: Answer) -> list[str]:
    """Give the buttons of the last say that are keys of buttons.yml."""
    return [b for b in answer.says[-1].buttons or () if isinstance(b, str)]


def ticked(answer: Answer) -> list[str]:
    """Give the payloads of the buttons that are ticked."""
    made = [b for b in answer.says[-1].buttons or () if not isinstance(b, str)]
    return [b["payload"] for b in made if b.get("ticked")]
