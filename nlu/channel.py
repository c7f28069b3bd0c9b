"""The one door into Rasa's dialogue: a message already understood, without its words.

`POST /webhooks/gateway/parse` says what a sentence means and keeps nothing of it, `POST .../turn`
plays one understood message, `GET .../ready` says whether both can be done, `POST .../forget`
deletes a conversation's state. All want `Authorization: Bearer` with SAMLENG_RASA_TOKEN. Rasa's own
HTTP API stays off: it takes its token in the URL, where logs see it, and its errors quote text.
"""

import hmac
from collections.abc import Awaitable, Callable
from copy import deepcopy
from typing import Any

from jsonschema.validators import validator_for
from rasa.core.actions.action import RemoteAction
from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, InputChannel, UserMessage
from rasa.core.tracker_store import AwaitableTrackerStore, FailSafeTrackerStore, TrackerStore
from rasa.shared.core.constants import REQUESTED_SLOT
from rasa.shared.core.events import BotUttered, UserUttered, deserialise_events
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import ClientResponseError, EndpointConfig
from sanic import Blueprint, Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse

from nlu.tracker_store import MISCONFIGURED, SealedTrackerStore, stop


class TurnFailed(BaseException):
    """An action did not run, so this turn must leave no trace.

    Not an Exception on purpose: Rasa catches those, drops the action's events, says nothing and
    saves the dialogue as if all had been said. This one passes through, the tracker is not saved,
    and the same message can be played again.
    """


_SPEC = RemoteAction.action_response_format_spec()
_ANSWER = validator_for(_SPEC)(_SPEC)
"""Judges an action's answer. Rasa's own check builds this anew, and checks the schema itself, at
every call: a tenth of a second each.
"""


class StrictActions(EndpointConfig):
    """The app's action server; whatever it fails to answer properly ends the turn."""

    @classmethod
    def like(cls, endpoint: EndpointConfig) -> "StrictActions":
        """Make a strict copy of a configured endpoint."""
        return cls(
            url=endpoint.url,
            params=endpoint.params,
            headers=endpoint.headers,
            basic_auth=endpoint.basic_auth,
            token=endpoint.token,
            token_name=endpoint.token_name,
            cafile=endpoint.cafile,
            **endpoint.kwargs,
        )

    async def request(self, *args: Any, **kwargs: Any) -> Any | None:
        """Ask the action server. Raises TurnFailed unless it answers by the protocol."""
        try:
            answer = await super().request(*args, **kwargs)
            _ANSWER.validate(answer)
            deserialise_events(deepcopy(answer.get("events", [])))
        except ClientResponseError as error:
            if error.status == 400:  # the protocol's word for "this form does not take that"
                raise
            raise TurnFailed(f"status {error.status}") from None
        except Exception as error:
            raise TurnFailed(type(error).__name__) from None
        return answer


class ChannelOutput(CollectingOutputChannel):
    """Collects what is said; named like the channel the person is on."""

    def __init__(self, channel: str) -> None:
        """Collect for `channel` (telegram, messenger or web)."""
        super().__init__()
        self._channel = channel

    def name(self) -> str:  # type: ignore[override]
        """Give the channel's name."""
        return self._channel


class Gateway(InputChannel):
    """The input channel `gateway`."""

    def __init__(self, token: str) -> None:
        """Open the door only to who knows `token`."""
        self._token = token
        self._agent: Agent | None = None

    @classmethod
    def name(cls) -> str:
        """Give the name in the path."""
        return "gateway"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> "Gateway":
        """Read the token; without one the server does not start."""
        token = (credentials or {}).get("token") or ""
        if len(token) < 32 or token.startswith("$"):
            stop("SAMLENG_RASA_TOKEN is missing or shorter than 32 characters", MISCONFIGURED)
        return cls(token)

    def blueprint(
        self,
        on_new_message: Callable[[UserMessage], Awaitable[Any]],  # noqa: ARG002
    ) -> Blueprint:
        """Give the routes. `on_new_message` is not used: replay is judged under the same lock."""
        routes = Blueprint("samleng_gateway")

        @routes.listener("after_server_start")
        async def start(app: Sanic, _: Any) -> None:
            self._agent = _checked(app.ctx.agent)

        @routes.get("/ready")
        async def ready(request: Request) -> HTTPResponse:
            return self._refusal(request) or response.json({"ready": True})

        @routes.post("/parse")
        async def parse(request: Request) -> HTTPResponse:
            refusal = self._refusal(request)
            if refusal:
                return refusal
            text = request.json.get("text") if isinstance(request.json, dict) else None
            # Rasa reads a leading slash as an order, so that it never may come from a person.
            if not isinstance(text, str) or not text.strip() or text.strip().startswith("/"):
                return response.json({"error": "malformed"}, status=422)
            return response.json(_understood(await self._agent.parse_message(text)))

        @routes.post("/turn")
        async def turn(request: Request) -> HTTPResponse:
            refusal = self._refusal(request)
            if refusal:
                return refusal
            message = _message(request.json)
            if message is None:
                return response.json({"error": "malformed"}, status=422)
            try:
                return response.json(await _play(self._agent, message))
            except TurnFailed as failure:
                return response.json({"error": f"an action failed: {failure}"}, status=503)

        @routes.post("/forget")
        async def forget(request: Request) -> HTTPResponse:
            refusal = self._refusal(request)
            if refusal:
                return refusal
            sender = str((request.json or {}).get("sender") or "")
            async with self._agent.lock_store.lock(sender):
                _innermost(self._agent.tracker_store).forget(sender)
            return response.json({})

        return routes

    def _refusal(self, request: Request) -> HTTPResponse | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not hmac.compare_digest(token.encode(), self._token.encode()):
            return response.json({"error": "unauthorized"}, status=401)
        if self._agent is None or not self._agent.is_ready():
            return response.json({"error": "not ready"}, status=503)
        return None


def _checked(agent: Agent) -> Agent:
    """Make sure that nothing fails open; stop the server otherwise."""
    if agent is None or not agent.is_ready():
        stop("there is no model to serve; train it first (make run does)", MISCONFIGURED)
    if not isinstance(_innermost(agent.processor.tracker_store), SealedTrackerStore):
        stop("the tracker store is not the sealed one; see endpoints.yml", MISCONFIGURED)
    if agent.processor.action_endpoint is None:
        stop("no action server is configured; see endpoints.yml", MISCONFIGURED)
    agent.processor.action_endpoint = StrictActions.like(agent.processor.action_endpoint)
    # StrictActions has judged the answer by then.
    RemoteAction._validate_action_result = lambda _self, _result: True
    agent.processor.on_circuit_break = _break_circuit
    return agent


def _break_circuit(*_: Any) -> None:
    raise TurnFailed("the rules go in a circle")


def _innermost(store: TrackerStore) -> TrackerStore:
    while isinstance(store, (FailSafeTrackerStore, AwaitableTrackerStore)):
        store = store._tracker_store
    return store


def _understood(parsed: dict[str, Any]) -> dict[str, Any]:
    """Give labels and places, never the words."""
    return {
        "intent": parsed["intent"],
        "ranking": parsed.get("intent_ranking", []),
        "entities": [
            {name: found[name] for name in ("entity", "value", "start", "end")}
            for found in parsed["entities"]
        ],
        "tokens": parsed.get("text_tokens", []),
    }


def _message(body: Any) -> UserMessage | None:
    """Read the contract's body; None when it is not that. It has no place for a sentence."""
    try:
        intent = {
            "name": str(body["intent"]["name"]),
            "confidence": float(body["intent"]["confidence"]),
        }
        entities = [
            {"entity": str(found["entity"]), "value": str(found["value"])}
            for found in body.get("entities") or []
        ]
        ranking = [
            {"name": str(guess["name"]), "confidence": float(guess["confidence"])}
            for guess in (body.get("intent_ranking") or [])[:3]
        ]
        channel = str(body["input_channel"])
        sender, message_id = str(body["sender"]), str(body["message_id"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    if not (sender and message_id and intent["name"]):
        return None
    return UserMessage(
        text=None,
        output_channel=ChannelOutput(channel),
        sender_id=sender,
        parse_data={
            "text": None,
            "intent": intent,
            "entities": entities,
            "intent_ranking": ranking or [dict(intent)],
        },
        input_channel=channel,
        message_id=message_id,
    )


async def _play(agent: Agent, message: UserMessage) -> dict[str, Any]:
    """Play one message, or tell again what was said to it when it was the last one."""
    async with agent.lock_store.lock(message.sender_id):
        before = await agent.tracker_store.retrieve(message.sender_id)
        if before is not None and _last_message_id(before) == message.message_id:
            return {"messages": _said_since(before), **_state(before)}
        messages = await agent.processor.handle_message(message)
        after = await agent.tracker_store.retrieve(message.sender_id)
    return {"messages": messages or [], **_state(after)}


def _last_message_id(tracker: DialogueStateTracker) -> str | None:
    for event in reversed(tracker.events):
        if isinstance(event, UserUttered):
            return event.message_id
    return None


def _said_since(tracker: DialogueStateTracker) -> list[dict[str, Any]]:
    """Give what was said since the last message, in order.

    A two-stage fallback that was cleared up logs the same message twice; the second time is last.
    """
    said: list[dict[str, Any]] = []
    for event in reversed(tracker.events):
        if isinstance(event, UserUttered):
            break
        if isinstance(event, BotUttered):
            said.insert(0, event)
    return [_as_sent(tracker.sender_id, event) for event in said]


def _as_sent(recipient: str, event: BotUttered) -> dict[str, Any]:
    sent: dict[str, Any] = {"recipient_id": recipient}
    if event.text:
        sent["text"] = event.text
    if event.data.get("custom"):
        sent["custom"] = event.data["custom"]
    return sent


def _state(tracker: DialogueStateTracker | None) -> dict[str, Any]:
    if tracker is None:
        return {"awaiting": None, "loop": None}
    loop = tracker.active_loop_name
    return {"awaiting": tracker.get_slot(REQUESTED_SLOT) if loop else None, "loop": loop}
