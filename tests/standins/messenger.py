"""Stands in for Meta's Graph API v25.0: one Page's Send API, its webhook, the attachments' host.

Stricter than the real one in two things: it refuses a title over 20 characters (the real one cuts
it), and every messaging type but RESPONSE.
"""

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
from fastapi import Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from tests.standins import (
    Bubble,
    Call,
    Choice,
    CutLine,
    Failure,
    Platform,
    find_choice,
    wait_for,
)
from tests.standins.messenger_rules import (
    NOTIFICATION_TYPES,
    Given,
    Refused,
    audio_of,
    is_audio,
    read,
    read_message,
    uploaded,
)

WINDOW = timedelta(hours=24)
ATTACHMENTS_KEPT = timedelta(days=90)


class MessengerPerson:
    """Somebody with Messenger on the phone, and a thread with the Page."""

    def __init__(self, server: "MessengerStandin", psid: str, name: str) -> None:
        self.id = psid
        self.name = name
        self.bubbles: list[Bubble] = []
        self.quick_replies: tuple[
            Choice, ...
        ] = ()  # above the keyboard; gone when anything is said
        self.last_heard: float | None = None
        self.blocked = False
        self._server = server

    def starts(self) -> None:
        """Press Get Started."""
        profile = self._server.profile.get("get_started", {})
        assert "payload" in profile, "the Page has no Get Started button"
        self._posts_back("Get Started", profile["payload"])

    def says(self, text: str) -> None:
        """Write a text."""
        self.sends({"text": text})

    def taps(self, wanted: str) -> None:
        """Press what can be pressed: a quick reply of the last message, or a template's button."""
        found = find_choice([Bubble("", "", self.quick_replies)], wanted)
        if found:
            choice = found[1]
            self.sends({"text": choice.title, "quick_reply": {"payload": choice.payload}})
            return
        standing = [bubble for bubble in self.bubbles if bubble.buttons]
        found = find_choice(standing, wanted)
        assert found, f"{self.name} sees no such button: {wanted}"
        self._posts_back(found[1].title, found[1].payload)

    def sends_voice(self, content: bytes) -> None:
        """Send a voice note."""
        self._sends_file("audio", content, "voice.mp4")

    def sends_photo(self, content: bytes) -> None:
        """Send a photo."""
        self._sends_file("image", content, "photo.jpg")

    def sends_thumb(self) -> None:
        """Press the thumb beside the text field."""
        self.sends(
            {"attachments": [{"type": "sticker", "payload": {"sticker_id": 369239263222822}}]}
        )

    def sends(self, message: Given) -> None:
        """Send any message, as the webhook would describe it."""
        self._happens({"message": {"mid": f"m_{secrets.token_urlsafe(24)}", **message}})

    def blocks(self) -> None:
        """Block the Page."""
        self.blocked = True

    def sees(self, at_least: int = 0, seconds: float = 10) -> list[Bubble]:
        """Give the Page's bubbles, oldest first, once there are `at_least` so many.

        Quick replies show on the last bubble only, and only until something is said.
        """
        wait_for(lambda: len(self.bubbles) >= at_least, seconds)
        with self._server.lock:
            last = self.bubbles[-1:] if self.quick_replies else []
            shown = [replace(bubble, buttons=self.quick_replies) for bubble in last]
            return self.bubbles[: len(self.bubbles) - len(shown)] + shown

    def hears(self, words: str, seconds: float = 10) -> Bubble:
        """Wait for a bubble with these words in it; gives the newest."""
        return wait_for(lambda: [b for b in self.sees() if words in b.text], seconds)[-1]

    def _posts_back(self, title: str, payload: str) -> None:
        press = {"mid": f"m_{secrets.token_urlsafe(24)}", "title": title, "payload": payload}
        self._happens({"postback": press})

    def _sends_file(self, kind: str, content: bytes, name: str) -> None:
        url = self._server.keep(content, name)
        self.sends({"attachments": [{"type": kind, "payload": {"url": url}}]})

    def _happens(self, content: Given) -> None:
        with self._server.lock:
            self.quick_replies = ()
            self.last_heard = self._server.now()
            parties = {"sender": {"id": self.id}, "recipient": {"id": self._server.page_id}}
            stamp = int(self._server.now() * 1000)
            self._server.happens({**parties, "timestamp": stamp, **content})


class MessengerStandin(Platform):
    """The Graph API. Give its `graph_url`, `token`, `app_secret` and `verify_token` to the app.

    `echoes`: also tell the webhook what the Page itself says, as the real one can.
    """

    def __init__(self, page_id: str = "110022003300", echoes: bool = False) -> None:
        super().__init__()
        self.page_id = page_id
        self.token = "standin-page-token"
        self.app_secret = "standin-app-secret"
        self.verify_token = "standin-verify-token"
        self.echoes = echoes
        self.profile: Given = {}
        self.webhook: str | None = None
        self._people: dict[str, MessengerPerson] = {}
        self._files: dict[str, bytes] = {}
        self._attachments: dict[str, tuple[float, bytes]] = {}  # id -> when, and what
        self._batch: list[Given] | None = None
        self._twice = 0
        self._later = 0.0
        graph = "/v25.0/{node}"
        self.app.add_api_route(graph, self._node, methods=["GET"])
        self.app.add_api_route(graph + "/{method}", self._call, methods=["POST"])
        self.app.add_api_route("/files/{name}", self._file, methods=["GET"])
        self.app.add_api_route("/elsewhere", self._elsewhere, methods=["GET"])

    @property
    def graph_url(self) -> str:
        """What MESSENGER_GRAPH_URL is to be."""
        return f"{self.address}/v25.0"

    def person(self, name: str) -> MessengerPerson:
        """Let somebody appear who has never talked to the Page."""
        psid = str(24_000_000_000 + len(self._people))
        self._people[psid] = MessengerPerson(self, psid, name)
        return self._people[psid]

    def now(self) -> float:
        """Meta's clock: seconds since 1970."""
        return time.time() + self._later

    def pass_time(self, by: timedelta) -> None:
        """Move Meta's clock."""
        self._later += by.total_seconds()

    def keep(self, content: bytes, name: str) -> str:
        """Keep a file; gives the address it is served from."""
        path = f"{secrets.token_hex(8)}-{name}"
        self._files[path] = content
        return f"{self.address}/files/{path}"

    def forget_attachments(self) -> None:
        """Let every attachment id be of no use any more."""
        self._attachments.clear()

    def subscribe(self, url: str) -> int:
        """Ask the webhook whether it is ours, as Meta does once; gives its status.

        Deliveries go there only if it echoed the challenge.
        """
        challenge = str(secrets.randbelow(10**10))
        asked = {
            "hub.mode": "subscribe",
            "hub.challenge": challenge,
            "hub.verify_token": self.verify_token,
        }
        response = self.client.get(url, params=asked)
        if response.status_code == 200 and response.text == challenge:
            self.webhook = url
        return response.status_code

    def deliver_twice(self) -> None:
        """Deliver the next item two times, the second time with another timestamp."""
        self._twice += 1

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Put all that happens meanwhile into one delivery."""
        self._batch = []
        try:
            yield
        finally:
            items, self._batch = self._batch, None
            self._queue(items)

    def happens(self, item: Given) -> None:
        """Let something happen in a thread: it goes to the webhook."""
        copies = [item]
        if self._twice:
            self._twice -= 1
            copies.append({**item, "timestamp": int(item.get("timestamp", 0)) + 7})
        for copy in copies:
            if self._batch is None:
                self._queue([copy])
            else:
                self._batch.append(copy)

    def body(self, items: list[Given]) -> bytes:
        """Give the bytes of a delivery of these items."""
        entry = {"id": self.page_id, "time": int(self.now() * 1000), "messaging": items}
        envelope = {"object": "page", "entry": [entry]}
        return json.dumps(envelope).encode()  # non-ASCII escaped, as Meta sends it

    def signature(self, body: bytes, secret: str | None = None) -> str:
        """Sign a delivery: X-Hub-Signature-256."""
        key = (secret or self.app_secret).encode()
        return "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()

    def post(self, body: bytes, signature: str | None) -> httpx.Response:
        """Deliver these bytes at once, with any signature or none, and do not repeat."""
        assert self.webhook, "no webhook is subscribed"
        headers = {"Content-Type": "application/json"}
        if signature is not None:
            headers["X-Hub-Signature-256"] = signature
        return self.client.post(self.webhook, content=body, headers=headers)

    def _queue(self, items: list[Given]) -> None:
        if self.webhook is not None and items:
            body = self.body(items)
            self.deliver(lambda: self.post(body, self.signature(body)))

    async def _node(self, request: Request, node: str) -> Response:
        def answer(_: Given) -> Given:
            if node not in ("me", self.page_id):
                raise Refused(100, "Unsupported get request", 33)
            return {"id": self.page_id}

        return await self._answered(request, node, {}, answer)

    async def _call(self, request: Request, node: str, method: str) -> Response:
        actions = {"messages": self._send, "messenger_profile": self._set_profile}

        def answer(given: Given) -> Given:
            if method not in actions or node not in ("me", self.page_id):
                raise Refused(100, "Unsupported post request", 33)
            return actions[method](given)

        return await self._answered(request, method, await read(request), answer)

    async def _answered(self, request: Request, method: str, given: Given, answer: Any) -> Response:
        call = Call(method, {**request.query_params, **given}, dict(request.headers))
        with self.lock:
            self.calls.append(call)
        failure = self.next_failure(method)
        if failure and not failure.done:
            return _failed(failure)
        try:
            self._check_token(call)
            with self.lock:
                result = answer(given)
        except Refused as no:
            return JSONResponse({"error": no.body}, no.status)
        return _failed(failure) if failure else JSONResponse(result)

    def _check_token(self, call: Call) -> None:
        bearer = call.headers.get("authorization", "").removeprefix("Bearer ")
        if (bearer or call.given.get("access_token")) != self.token:
            raise Refused(190, "Invalid OAuth access token", status=401)
        proof = hmac.new(self.app_secret.encode(), self.token.encode(), hashlib.sha256)
        if call.given.get("appsecret_proof") != proof.hexdigest():
            raise Refused(100, "Invalid appsecret_proof provided in the API argument")

    def _set_profile(self, given: Given) -> Given:
        self.profile.update(given)
        return {"result": "success"}

    def _send(self, given: Given) -> Given:
        person = self._people.get(str(given.get("recipient", {}).get("id")))
        if person is None or person.last_heard is None:
            raise Refused(100, "No matching user found", 2018001)
        kind = given.get("messaging_type")
        if kind != "RESPONSE":
            raise Refused(100, "Invalid parameter: messaging_type or tag")
        if person.blocked:
            raise Refused(551, "This person isn't available right now")
        if self.now() - person.last_heard >= WINDOW.total_seconds():
            raise Refused(10, "This message is sent outside of allowed window.", 2018278, 403)
        manner = given.get("notification_type", "REGULAR")
        if manner not in NOTIFICATION_TYPES:
            raise Refused(100, "Invalid parameter: notification_type")
        message = given.get("message", {})
        bubble, quick_replies = read_message(message, f"m_{secrets.token_hex(12)}")
        kept, voice = self._voice(given) if is_audio(message) else (None, None)
        person.bubbles.append(replace(bubble, voice=voice, silent=manner != "REGULAR"))
        person.quick_replies = quick_replies
        if self.echoes:
            self._echo(person, person.bubbles[-1])
        answer = {"recipient_id": person.id, "message_id": bubble.id}
        return answer | ({"attachment_id": kept} if kept else {})

    def _voice(self, given: Given) -> tuple[str | None, bytes]:
        """Give the id (when it is kept) and the bytes of a sound that is uploaded or known."""
        known, reusable = audio_of(given)
        if known is None:
            content = uploaded(given)
            number = str(secrets.randbelow(10**15)) if reusable else None
            if number:
                self._attachments[number] = (self.now(), content)
            return number, content
        since, content = self._attachments.get(known, (0.0, b""))
        if self.now() - since >= ATTACHMENTS_KEPT.total_seconds():
            raise Refused(100, "Invalid parameter: attachment_id")
        return None, content

    def _echo(self, person: MessengerPerson, bubble: Bubble) -> None:
        parties = {"sender": {"id": self.page_id}, "recipient": {"id": person.id}}
        said: Given = {"mid": bubble.id, "is_echo": True, "app_id": 1}
        if bubble.voice is None:
            said["text"] = bubble.text
        else:
            payload = {"url": self.keep(bubble.voice, "voice.mp4")}
            said["attachments"] = [{"type": "audio", "payload": payload}]
        self.happens({**parties, "timestamp": int(self.now() * 1000), "message": said})

    async def _file(self, name: str) -> Response:
        failure = self.next_failure("file")
        if failure:
            return _failed(failure)
        if name not in self._files:
            return Response(status_code=404)
        return Response(self._files[name], media_type="application/octet-stream")

    async def _elsewhere(self, to: str) -> Response:
        return RedirectResponse(to)


def _failed(failure: Failure) -> Response:
    if failure.status == 0:
        return CutLine()
    headers = {"Retry-After": str(failure.retry_after)} if failure.retry_after else None
    code = {429: 613, 401: 190}.get(failure.status, 2)
    error = {"message": "told to fail", "type": "OAuthException", "code": code}
    return JSONResponse({"error": error}, failure.status, headers)
