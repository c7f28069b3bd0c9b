"""What Rasa asks of an action and what it hears back (Rasa's action server protocol, 3.6).

Source of the shapes: rasa 3.6.21, `rasa/core/actions/action.py` (RemoteAction) and
`rasa/shared/core/trackers.py` (current_state).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sqlmodel import Session

from bot.buttons import build
from bot.message import Language

if TYPE_CHECKING:
    from referrals.site import Site

SAYABLE = str | Mapping[str, str]
"""A button of a say: a key of buttons.yml, or `{"label": "category.other", "payload": ...}`."""


NOT_UNDERSTOOD = frozenset({"lost", "nlu_fallback"})
"""What the dialogue hears of a sentence nobody is sure about: no idea, or one of two."""


class BadRequest(ValueError):
    """What came is not a call of Rasa's action server protocol."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What Rasa asks of an action.

    `update` is the message id of the last user event. `language` comes from the conversation, not
    from Rasa. `candidates` are the slots Rasa filled since it last ran an action: what a form's
    validation must judge. `channel` is the channel of the last user event. `again` says that the
    message before this one was not understood either. `now` is UTC.
    """

    name: str
    conversation: str
    update: str
    language: Language
    slots: Mapping[str, str | None]
    intent: str | None
    entities: Mapping[str, str]
    ranking: tuple[tuple[str, float], ...]
    loop: str | None
    requested: str | None
    now: datetime
    candidates: Mapping[str, str | None] = field(default_factory=dict)
    channel: str = ""
    again: bool = False

    @property
    def delivery(self) -> str:
        """Name this delivery among those of all channels and conversations (64 hex characters).

        An update's name is unique within its channel only; a case is lodged once by this one.
        """
        return sha256(f"{self.conversation} {self.update}".encode()).hexdigest()

    def slot(self, name: str) -> str | None:
        """Give a slot's value, None when it is empty or unknown."""
        return self.slots.get(name)


@dataclass(frozen=True, slots=True)
class Say:
    """One thing to say: a key of bot/content/says with the codes for its placeholders.

    `buttons` None means the say's own buttons; an empty tuple means none.
    """

    key: str
    values: Mapping[str, str] = field(default_factory=dict)
    buttons: tuple[SAYABLE, ...] | None = None

    def as_json(self) -> dict[str, Any]:
        """Give the say as Rasa carries it to the turn."""
        say: dict[str, Any] = {"say": self.key, "with": dict(self.values)}
        if self.buttons is not None:
            say["buttons"] = [b if isinstance(b, str) else dict(b) for b in self.buttons]
        return say


@dataclass(frozen=True, slots=True)
class Answer:
    """What an action answers: things to say, and events for Rasa's tracker."""

    says: tuple[Say, ...] = ()
    events: tuple[Mapping[str, Any], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Give the answer in Rasa's action server protocol."""
        return {
            "events": [dict(event) for event in self.events],
            "responses": [{"custom": say.as_json()} for say in self.says],
        }


Action = Callable[[Session, "Site", Asked], Answer]
"""Runs inside one transaction of the caller; the same `update` again must change nothing more."""


def slot(name: str, value: str | None) -> dict[str, Any]:
    """Build the event that fills (or, with None, empties) a slot."""
    return {"event": "slot", "name": name, "value": value}


def loop(name: str | None) -> dict[str, Any]:
    """Build the event that starts a form (or, with None, leaves it)."""
    return {"event": "active_loop", "name": name}


def followed_by(action: str) -> dict[str, Any]:
    """Build the event that makes an action the next one, whatever the rules say."""
    return {"event": "followup", "name": action}


def choice(label: str, intent: str, **entities: str) -> Mapping[str, str]:
    """Build a button whose title is a label of labels.yml. Raises buttons.UnknownButton."""
    return {"label": label, "payload": build(intent, **entities)}


def parse_request(request: Mapping[str, Any], language: Language, now: datetime) -> Asked:
    """Read one call of Rasa. Raises BadRequest; its text quotes nothing of the request."""
    try:
        tracker = request["tracker"]
        events = tracker.get("events") or []
        message = tracker.get("latest_message") or {}
        slots = tracker.get("slots") or {}
        return Asked(
            name=str(request["next_action"]),
            conversation=str(request["sender_id"]),
            update=str(message.get("message_id") or _last_message_id(events) or ""),
            language=language,
            slots={name: _text(value) for name, value in slots.items()},
            intent=(message.get("intent") or {}).get("name"),
            entities={
                str(found["entity"]): str(found["value"])
                for found in message.get("entities") or []
                if found.get("value") is not None
            },
            ranking=tuple(
                (str(guess["name"]), float(guess.get("confidence", 0.0)))
                for guess in message.get("intent_ranking") or []
            ),
            loop=(tracker.get("active_loop") or {}).get("name"),
            requested=_text(slots.get("requested_slot")),
            now=now,
            candidates=_trailing_slots(events),
            channel=str(tracker.get("latest_input_channel") or ""),
            again=_missed_before(events),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadRequest(
            f"not a call of the action server protocol: {type(error).__name__}"
        ) from None


def _missed_before(events: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether the last but one message of the person was not understood."""
    said: dict[Any, str | None] = {}
    for event in events:
        if event.get("event") == "user":
            intent = (event.get("parse_data") or {}).get("intent") or {}
            said[event.get("message_id")] = intent.get("name")
    return len(said) > 1 and list(said.values())[-2] in NOT_UNDERSTOOD


def _text(value: object) -> str | None:
    """Read a slot as a code; a list (two entities of one kind) gives its last."""
    if isinstance(value, list):
        value = value[-1] if value else None
    return None if value is None else str(value)


def _last_message_id(events: list[Mapping[str, Any]]) -> str | None:
    return next(
        (event.get("message_id") for event in reversed(events) if event.get("event") == "user"),
        None,
    )


def _trailing_slots(events: list[Mapping[str, Any]]) -> dict[str, str | None]:
    """Collect the slot events at the very end: a form puts its candidates there, latest last."""
    found: dict[str, str | None] = {}
    for event in reversed(events):
        if event.get("event") != "slot":
            break
        found.setdefault(str(event["name"]), _text(event.get("value")))
    found.pop("requested_slot", None)
    return found
