"""Facebook Messenger: verification, signature, sending within the rules, and attachments.

Replies are of the type RESPONSE only: Meta retired the tags that let a bot write later (27 April
2026), so what cannot be said within the window waits until the person writes again.
"""

import hmac
import json
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Self

import httpx
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from bot.channels import BODY_LIMIT, BadSecret, Clock, Pseudonym
from bot.channels.download import download
from bot.channels.fit import MORE, in_groups, shorten, split_text, units
from bot.channels.recordings import Uploaded, file_name, media_type
from bot.channels.wire_messenger import GET_STARTED, read_batch
from bot.channels.wordless import silence_libraries
from bot.message import (
    Button,
    ChannelError,
    ChannelName,
    Message,
    Reply,
    Sound,
    TooLarge,
    TryLater,
    Undeliverable,
)
from bot.settings import ChannelSettings, is_loopback

__all__ = ["MessengerChannel", "window_open"]

TEXT_LIMIT = 2000
QUICK_REPLY_LIMIT = 13
TITLE_LIMIT = 20
TEMPLATE_TEXT_LIMIT = 640
TEMPLATE_BUTTON_LIMIT = 3
SIGNATURE_HEADER = "X-Hub-Signature-256"
WINDOW = timedelta(hours=24)
UPLOAD_SECONDS = 60

_log = logging.getLogger(__name__)

# Graph API error codes that pass: unknown, service, too many calls (app, user, page, custom).
_PASSING = frozenset({1, 2, 4, 17, 32, 341, 613})
_PAGE_RESTRICTED = (10, 1893063)
_TOO_MANY = frozenset({4, 17, 32, 341, 613})
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_REASONS = {
    (100, 2018001): "no such person",
    (10, 2018278): "outside the reply window",
    (551, None): "the person cannot be reached",
    (200, None): "no permission",
    (190, None): "the page token is refused",
}


class _NotAccepted(Undeliverable):
    """Neither the person nor the token is at fault: the request, or what it names, is wrong."""


class _Failure(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)
    code: int = 0
    error_subcode: int | None = None


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)
    error: _Failure


class MessengerChannel:
    """One Page. Use as an async context manager, or call close().

    `unreadable` counts items that were passed over because they were malformed.
    Raises ValueError when the settings lack the page token or the app secret.
    """

    name = ChannelName.MESSENGER

    def __init__(self, settings: ChannelSettings, pseudonym: Pseudonym, clock: Clock) -> None:
        token, secret = settings.messenger_page_token, settings.messenger_app_secret
        if token is None or secret is None:
            raise ValueError("MESSENGER_PAGE_TOKEN and MESSENGER_APP_SECRET must both be set")
        silence_libraries()
        self.unreadable = 0
        self._app_secret = secret.get_secret_value().encode()
        self._verify_token = settings.messenger_verify_token
        self._page_id = settings.messenger_page_id
        self._graph = settings.messenger_graph_url
        self._files_hosts = settings.messenger_files_hosts
        self._pseudonym = pseudonym
        self._clock = clock
        self._voices = Uploaded()
        # The token goes into a header: addresses get logged on the way. The proof opens nothing.
        self._http = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {token.get_secret_value()}"},
            params={"appsecret_proof": self._sign(token.get_secret_value().encode())},
            timeout=15,
            follow_redirects=False,
        )
        # Without the token: it is for the Graph API, not for the hosts of attachments.
        self._files = httpx.AsyncClient(
            timeout=30,
            follow_redirects=True,
            max_redirects=3,
            event_hooks={"request": [self._refuse_other_hosts]},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()
        await self._files.aclose()

    def verify(self, query: Mapping[str, str]) -> str:
        """Answer Meta's question whether this address is ours: gives the challenge to echo.

        Raises BadSecret.
        """
        if query.get("hub.mode") != "subscribe" or not _same(
            query.get("hub.verify_token", ""), self._verify_token
        ):
            raise BadSecret("messenger: the verify token is missing or wrong")
        return query.get("hub.challenge", "")

    async def messages_from(self, raw_body: bytes, signature_header: str | None) -> list[Message]:
        """Read a webhook delivery: the messages to our Page, in order, each once.

        Malformed items are counted and passed over. Raises BadSecret, TooLarge over BODY_LIMIT, and
        TryLater or Undeliverable when the Page's id is not set and cannot be asked for: answer 5xx
        then, and Meta delivers again.
        """
        if len(raw_body) > BODY_LIMIT:
            raise TooLarge("messenger: the delivery is over the limit")
        expected = f"sha256={self._sign(raw_body)}"
        given = (signature_header or "").encode("utf-8", "surrogatepass")
        if not hmac.compare_digest(given, expected.encode()):
            raise BadSecret("messenger: the signature is missing or wrong")
        page_id = await self.page_id()
        messages, malformed = read_batch(raw_body, page_id, self._pseudonym, self._clock())
        if malformed:
            self.unreadable += malformed
            _log.error("messenger: %d malformed items (%d so far)", malformed, self.unreadable)
        return messages

    async def page_id(self) -> str:
        """Give the id of our Page, asked once. Raises Undeliverable or TryLater."""
        if self._page_id is None:
            answer = await self._ask("GET", "/me", params={"fields": "id"})
            if "id" not in answer:
                raise TryLater("messenger: the Page has no id")
            self._page_id = str(answer["id"])
        return self._page_id

    async def send(
        self, address: str, reply: Reply, *, silent: bool = False, followed: bool = False
    ) -> tuple[str, ...]:
        """Send one reply, in several bubbles when it is too long for one; gives no marks.

        Only within the window (see window_open). Quick replies vanish when anything is said after
        them, so the choices of a reply that is `followed` are buttons of templates, which stay.
        `silent` rings no phone. Raises Undeliverable or TryLater; the latter is `unsent` only when
        no bubble left.
        """
        manner = {"notification_type": "SILENT_PUSH"} if silent else {}
        for number, message in enumerate(_bubbles(reply, followed=followed)):
            try:
                await self._ask(
                    "POST", "/me/messages", json={**_to(address), **manner, "message": message}
                )
            except TryLater as refusal:
                refusal.unsent = refusal.unsent and number == 0
                raise
        return ()

    async def send_voice(self, address: str, sound: Sound) -> tuple[str, ...]:
        """Send a recording as an audio message; gives no marks.

        What Meta keeps from an earlier sending (90 days) is not uploaded again. Only within the
        window. Raises Undeliverable or TryLater.
        """
        name, known = file_name(sound), self._voices.get(sound)
        if known is not None:
            message = _audio({"attachment_id": known})
            try:
                await self._ask("POST", "/me/messages", json={**_to(address), "message": message})
                return ()
            except _NotAccepted:
                self._voices.drop(sound)
        form = {**_to(address), "message": _audio({"is_reusable": True})}
        answer = await self._ask(
            "POST",
            "/me/messages",
            data={k: v if isinstance(v, str) else json.dumps(v) for k, v in form.items()},
            files={"filedata": (name, sound.content, media_type(sound))},
            timeout=UPLOAD_SECONDS,
        )
        if "attachment_id" in answer:
            self._voices.keep(sound, str(answer["attachment_id"]))
        return ()

    async def clear(self, address: str, marks: Sequence[str]) -> bool:  # noqa: ARG002
        """Clear nothing: Meta lets no Page take a message back out of a person's chat."""
        return False

    async def set_menu(self) -> None:
        """Give the Page its Get Started button. Raises Undeliverable or TryLater."""
        profile = {"get_started": {"payload": GET_STARTED}}
        await self._ask("POST", "/me/messenger_profile", json=profile)

    async def fetch(self, reference: str) -> AsyncIterator[bytes]:
        """Yield the bytes behind an attachment's address, if it is on a host of Meta's.

        Raises TooLarge, Undeliverable or TryLater.
        """
        async for chunk in download(self._files, reference):
            yield chunk

    async def _ask(self, method: str, path: str, **kwargs: Any) -> dict[str, Any]:
        """Call the Graph API. Raises Undeliverable or TryLater, without address, token or text."""
        refusal: ChannelError
        try:
            response = await self._http.request(method, self._graph + path, **kwargs)
            if response.is_success:
                answer = response.json()
                if isinstance(answer, dict):
                    return answer
                refusal = TryLater("messenger: the answer is not an object")
            else:
                refusal = _refusal(response)
        except httpx.HTTPError as error:
            unsent = isinstance(error, _NEVER_LEFT)
            refusal = TryLater(f"messenger: {type(error).__name__}", unsent=unsent)
        except ValueError:
            refusal = TryLater("messenger: the answer is not JSON")
        raise refusal

    async def _refuse_other_hosts(self, request: httpx.Request) -> None:
        """Guard every request for an attachment, redirected ones too.

        The address comes from outside: it must not make us ask machines of our own network. Only
        when the Graph API itself is on this machine (a test) its own origin is allowed as well.
        """
        url = request.url
        if url.userinfo:
            raise Undeliverable("messenger: the attachment's address is not allowed")
        own = httpx.URL(self._graph)
        if is_loopback(self._graph) and (url.scheme, url.netloc) == (own.scheme, own.netloc):
            return
        known = any(url.host == host or url.host.endswith(f".{host}") for host in self._files_hosts)
        if url.scheme != "https" or url.port is not None or not known:
            raise Undeliverable("messenger: the attachment's address is not allowed")

    def _sign(self, what: bytes) -> str:
        return hmac.new(self._app_secret, what, sha256).hexdigest()


def window_open(last_heard: datetime, now: datetime) -> bool:
    """Tell whether a reply is still allowed: 24 hours from the last thing the person did."""
    return now - last_heard < WINDOW


def _same(given: str, secret: SecretStr | None) -> bool:
    expected = secret.get_secret_value() if secret else ""
    same = hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())
    return bool(expected) and same


def _to(address: str) -> dict[str, Any]:
    return {"recipient": {"id": address}, "messaging_type": "RESPONSE"}


def _audio(payload: dict[str, Any]) -> dict[str, Any]:
    return {"attachment": {"type": "audio", "payload": payload}}


def _bubbles(reply: Reply, *, followed: bool) -> list[dict[str, Any]]:
    """Fit a reply: quick replies on the last bubble, and before it templates for what is too many;
    templates alone when something follows.

    A second row of quick replies would make the first vanish; the buttons of a template stay.
    """
    texts = split_text(reply.text, TEXT_LIMIT)
    quick = () if followed else reply.buttons[-QUICK_REPLY_LIMIT:]
    standing = reply.buttons[: len(reply.buttons) - len(quick)]
    templates: list[dict[str, Any]] = []
    for group in in_groups(standing, TEMPLATE_BUTTON_LIMIT):
        fits = not templates and texts and units(texts[-1]) <= TEMPLATE_TEXT_LIMIT
        templates.append(_template(texts.pop() if fits else MORE, group))
    messages = [*({"text": text} for text in texts), *templates]
    if quick and (templates or not texts):
        messages.append({"text": MORE})
    if quick:
        messages[-1]["quick_replies"] = [
            {"content_type": "text", "title": _title(b), "payload": b.payload} for b in quick
        ]
    return messages


def _template(text: str, buttons: tuple[Button, ...]) -> dict[str, Any]:
    choices = [{"type": "postback", "title": _title(b), "payload": b.payload} for b in buttons]
    payload = {"template_type": "button", "text": text, "buttons": choices}
    return {"attachment": {"type": "template", "payload": payload}}


def _title(button: Button) -> str:
    return shorten(button.title, TITLE_LIMIT)


def _refusal(response: httpx.Response) -> ChannelError:
    """Turn a refusal of the Graph API into ours; only its numbers are kept."""
    try:
        failure = _Answer.model_validate_json(response.content).error
    except ValidationError:
        failure = _Failure()
    code, subcode = failure.code, failure.error_subcode
    number = f"{code}/{subcode}" if subcode else str(code)
    status = response.status_code
    passing = (
        code in _PASSING
        or (code, subcode) == _PAGE_RESTRICTED
        or status >= 500
        or status == httpx.codes.TOO_MANY_REQUESTS
    )
    if passing:
        after = response.headers.get("Retry-After", "")
        return TryLater(
            f"messenger: {status} {number}",
            float(after) if after.isdecimal() else None,
            unsent=code in _TOO_MANY or status == httpx.codes.TOO_MANY_REQUESTS,
        )
    reason = _REASONS.get((code, subcode)) or _REASONS.get((code, None))
    if reason is None:
        return _NotAccepted(f"messenger: not accepted ({status} {number})")
    return Undeliverable(f"messenger: {reason} ({status} {number})")
