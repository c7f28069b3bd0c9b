"""Stands in for Telegram's Bot API server (Bot API 9): what one bot and its people can do with it.

One kindness the real one lacks: a webhook may be plain http on this machine.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx
from fastapi import Request, Response
from fastapi.responses import JSONResponse

from tests.standins import Bubble, Call, CutLine, Failure, Platform, find_choice, wait_for
from tests.standins.telegram_rules import (
    DOWNLOAD_LIMIT,
    Given,
    Refused,
    buttons_of,
    number_of,
    read,
    text_of,
)


class TelegramPerson:
    """Somebody with Telegram on the phone, and a private chat with the bot."""

    def __init__(self, server: "TelegramStandin", number: int, name: str) -> None:
        self.id = number
        self.name = name
        self.bubbles: list[Bubble] = []
        self.started = False
        self.blocked = False
        self._server = server

    def starts(self) -> None:
        """Press Start."""
        self.says("/start")

    def says(self, text: str, **more: Any) -> int:
        """Write a text; gives its message id."""
        said: Given = {"text": text, **more}
        if text.startswith("/"):
            length = len(text.split()[0])
            said["entities"] = [{"type": "bot_command", "offset": 0, "length": length}]
        return self._sends(said)

    def edits(self, message_id: int, text: str) -> None:
        """Change what was written."""
        edited = {**self._frame(message_id), "edit_date": int(time.time()), "text": text}
        self._server.update({"edited_message": edited})

    def sends_voice(self, content: bytes, **more: Any) -> int:
        """Send a voice note."""
        file = self._server.keep(content, "voice/file.oga")
        return self._sends({"voice": {**file, "duration": 3, "mime_type": "audio/ogg"}, **more})

    def sends_photo(self, content: bytes, **more: Any) -> int:
        """Send a photo: Telegram makes smaller ones of it."""
        small = self._server.keep(content[: max(1, len(content) // 2)], "photos/small.jpg")
        large = self._server.keep(content, "photos/large.jpg")
        sizes = [{**small, "width": 90, "height": 60}, {**large, "width": 900, "height": 600}]
        return self._sends({"photo": sizes, **more})

    def sends(self, kind: str, content: Any) -> int:
        """Send anything else, as the Bot API would describe it, e.g. `location`."""
        return self._sends({kind: content})

    def taps(self, wanted: str) -> str:
        """Press a button by its payload or title (or a part of it); gives the press's id."""
        found = find_choice(self.bubbles, wanted)
        assert found, f"{self.name} sees no such button: {wanted}"
        bubble, choice = found
        return self.presses(choice.payload, int(bubble.id))

    def presses(self, payload: str, message_id: int) -> str:
        """Send a press of any payload, also one that no button has."""
        press = secrets.token_hex(8)
        self._server.presses[press] = False
        message = {**self._frame(message_id), "text": "…", "from": self._server.me}
        query = {"id": press, "from": self._user(), "message": message, "data": payload}
        self._server.update({"callback_query": {**query, "chat_instance": "1"}})
        return press

    def blocks(self) -> None:
        """Block the bot; it is told so."""
        self.blocked = True
        member = {"user": self._server.me, "status": "kicked", "until_date": 0}
        change = {
            "chat": self._chat(),
            "from": self._user(),
            "date": int(time.time()),
            "old_chat_member": {"user": self._server.me, "status": "member"},
            "new_chat_member": member,
        }
        self._server.update({"my_chat_member": change})

    def sees(self, at_least: int = 0, seconds: float = 10) -> list[Bubble]:
        """Give the bot's bubbles, oldest first, once there are `at_least` so many."""
        wait_for(lambda: len(self.bubbles) >= at_least, seconds)
        with self._server.lock:
            return list(self.bubbles)

    def hears(self, words: str, seconds: float = 10) -> Bubble:
        """Wait for a bubble with these words in it; gives the newest."""
        return wait_for(lambda: [b for b in self.bubbles if words in b.text], seconds)[-1]

    def _sends(self, content: Given) -> int:
        self.started = True
        number = self._server.next_message()
        self._server.update({"message": {**self._frame(number), **content}})
        return number

    def _frame(self, message_id: int) -> Given:
        return {
            "message_id": message_id,
            "date": int(time.time()),
            "chat": self._chat(),
            "from": self._user(),
        }

    def _chat(self) -> Given:
        return {"id": self.id, "type": "private", "first_name": self.name}

    def _user(self) -> Given:
        return {"id": self.id, "is_bot": False, "first_name": self.name, "language_code": "km"}


class TelegramStandin(Platform):
    """The Bot API server. `token` is the one token it knows; `address` is TELEGRAM_API_URL."""

    def __init__(self, token: str = "70001:standin-token_for-tests") -> None:  # noqa: S107
        super().__init__()
        self.token = token
        number = int(token.partition(":")[0])
        self.me = {"id": number, "is_bot": True, "first_name": "Bot", "username": "standin_bot"}
        self.presses: dict[str, bool] = {}  # press id -> was it answered
        self.commands: dict[str, list[Given]] = {}  # language code -> commands
        self.webhook: Given | None = None
        self.pending: list[Given] = []
        self._people: dict[int, TelegramPerson] = {}
        self._files: dict[str, tuple[str, bytes]] = {}
        self._update_id = 500_000
        self._message_id = 0
        self._twice = 0
        self._polls = 0
        self.app.add_api_route("/bot{token}/{method}", self._call, methods=["GET", "POST"])
        self.app.add_api_route("/file/bot{token}/{path:path}", self._file, methods=["GET"])

    def person(self, name: str) -> TelegramPerson:
        """Let somebody appear who has never talked to the bot."""
        number = 9_000_000 + len(self._people)
        self._people[number] = TelegramPerson(self, number, name)
        return self._people[number]

    def deliver_twice(self) -> None:
        """Deliver the next update two times."""
        self._twice += 1

    def update(self, content: Given) -> Given:
        """Let an update happen: it waits to be polled, or goes to the webhook."""
        with self.lock:
            self._update_id += 1
            update = {"update_id": self._update_id, **content}
            copies, self._twice = (2, self._twice - 1) if self._twice else (1, 0)
            for _ in range(copies):
                self.redeliver(update)
            return update

    def redeliver(self, update: Given) -> None:
        """Deliver an update (once more)."""
        with self.lock:
            allowed = (self.webhook or {}).get("allowed_updates")
            if self.webhook is None:
                self.pending.append(update)
            elif not allowed or any(kind in update for kind in allowed):
                self.deliver(lambda: self._post(update))

    def keep(self, content: bytes, path: str) -> Given:
        """Keep a file for the bot to fetch; gives what the Bot API says of it."""
        number = secrets.token_hex(12)
        self._files[number] = (f"{number[:6]}-{path.replace('/', '-')}", content)
        return {"file_id": number, "file_unique_id": number[:8], "file_size": len(content)}

    def next_message(self) -> int:
        """Give the next message id."""
        with self.lock:
            self._message_id += 1
            return self._message_id

    def _post(self, update: Given) -> httpx.Response:
        webhook = self.webhook or {}
        secret = webhook.get("secret_token")
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
        response = self.client.post(webhook["url"], json=update, headers=headers)
        kind = response.headers.get("content-type", "")
        if response.is_success and response.content and kind.startswith("application/json"):
            asked = response.json()
            if isinstance(asked, dict) and "method" in asked:  # a call in the webhook's answer
                self._try(asked.pop("method"), asked)
        return response

    def _try(self, method: str, given: Given) -> None:
        action: Callable[[Given], Any] | None = getattr(self, f"_do_{method}", None)
        try:
            if action:
                action(given)
        except Refused:
            return  # Telegram does not tell either

    async def _call(self, request: Request, token: str, method: str) -> Response:
        given = await read(request)
        with self.lock:
            self.calls.append(Call(method, given, dict(request.headers)))
        failure = self.next_failure(method)
        if failure and not failure.done:
            return _failed(failure)
        try:
            result = await self._answer(token, method, given)
        except Refused as no:
            body = {"ok": False, "error_code": no.status, "description": no.description}
            return JSONResponse(body, no.status)
        return _failed(failure) if failure else JSONResponse({"ok": True, "result": result})

    async def _answer(self, token: str, method: str, given: Given) -> Any:
        if token != self.token:
            known = ":" in token and token.partition(":")[0].isdecimal()
            raise Refused(401, "Unauthorized") if known else Refused(404, "Not Found")
        if method == "getUpdates":
            return await self._get_updates(given)
        action = getattr(self, f"_do_{method}", None)
        if action is None:
            raise Refused(404, "Not Found")
        with self.lock:
            return action(given)

    async def _get_updates(self, given: Given) -> list[Given]:
        if self.webhook:
            raise Refused(409, "Conflict: can't use getUpdates method while webhook is active")
        offset, allowed = int(given.get("offset", 0)), given.get("allowed_updates")
        with self.lock:
            self._polls += 1
            mine = self._polls
            self.pending = [u for u in self.pending if u["update_id"] >= offset]
        end = time.monotonic() + float(given.get("timeout", 0))
        while True:
            if self._polls != mine:
                raise Refused(409, "Conflict: terminated by other getUpdates request")
            with self.lock:
                if allowed:
                    self.pending = [u for u in self.pending if any(kind in u for kind in allowed)]
                batch = self.pending[: int(given.get("limit", 100))]
            if batch or time.monotonic() >= end or self._closing.is_set():
                return batch
            await asyncio.sleep(0.02)

    def _do_getMe(self, _given: Given) -> Given:  # noqa: N802
        return self.me

    def _do_setWebhook(self, given: Given) -> bool:  # noqa: N802
        url = urlsplit(given.get("url", ""))
        if url.scheme != "https" and url.hostname != "127.0.0.1":
            raise Refused(400, "Bad Request: bad webhook: HTTPS url must be provided for webhook")
        if not 1 <= int(given.get("max_connections", 40)) <= 100:
            raise Refused(400, "Bad Request: bad webhook: max_connections is out of range")
        self.webhook = given
        waiting, self.pending = self.pending, []
        for update in waiting:
            self.redeliver(update)
        return True

    def _do_deleteWebhook(self, _given: Given) -> bool:  # noqa: N802
        self.webhook = None
        return True

    def _do_sendMessage(self, given: Given) -> Given:  # noqa: N802
        person = self._reachable(given)
        text = text_of(given)
        buttons = buttons_of(given.get("reply_markup"))
        number = self.next_message()
        person.bubbles.append(Bubble(str(number), text, buttons))
        return self._sent(person, number, {"text": text})

    def _do_sendPhoto(self, given: Given) -> Given:  # noqa: N802
        photo = {**self.keep(given["photo"], "photos/sent.jpg"), "width": 90, "height": 60}
        return self._send_file(given, {"photo": [photo]})

    def _do_sendVoice(self, given: Given) -> Given:  # noqa: N802
        voice = {**self.keep(given["voice"], "voice/sent.oga"), "duration": 1}
        return self._send_file(given, {"voice": voice})

    def _send_file(self, given: Given, content: Given) -> Given:
        person, number = self._reachable(given), self.next_message()
        person.bubbles.append(Bubble(str(number), given.get("caption", "")))
        return self._sent(person, number, content)

    def _do_editMessageText(self, given: Given) -> Given:  # noqa: N802
        person, at = self._bubble(given, "edit")
        new = replace(
            person.bubbles[at], text=text_of(given), buttons=buttons_of(given.get("reply_markup"))
        )
        if new == person.bubbles[at]:
            raise Refused(400, "Bad Request: message is not modified")
        person.bubbles[at] = new
        return self._sent(person, int(new.id), {"text": new.text})

    def _do_deleteMessage(self, given: Given) -> bool:  # noqa: N802
        person, at = self._bubble(given, "delete")
        del person.bubbles[at]
        return True

    def _do_answerCallbackQuery(self, given: Given) -> bool:  # noqa: N802
        press = str(given.get("callback_query_id"))
        if press not in self.presses:
            raise Refused(
                400,
                "Bad Request: query is too old and response timeout expired or query ID is invalid",
            )
        self.presses[press] = True
        return True

    def _do_setMyCommands(self, given: Given) -> bool:  # noqa: N802
        for command in given["commands"]:
            name, words = command["command"], command["description"]
            if not (name.isascii() and name.islower() and len(name) <= 32):
                raise Refused(400, "Bad Request: BOT_COMMAND_INVALID")
            if not 1 <= len(words) <= 256:
                raise Refused(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
        self.commands[given.get("language_code", "")] = given["commands"]
        return True

    def _do_getFile(self, given: Given) -> Given:  # noqa: N802
        number = str(given.get("file_id"))
        if number not in self._files:
            raise Refused(400, "Bad Request: invalid file_id")
        path, content = self._files[number]
        if len(content) > DOWNLOAD_LIMIT:
            raise Refused(400, "Bad Request: file is too big")
        known = {"file_id": number, "file_unique_id": number[:8], "file_size": len(content)}
        return {**known, "file_path": path}

    async def _file(self, token: str, path: str) -> Response:
        failure = self.next_failure("file")
        if failure:
            return _failed(failure)
        content = next((c for p, c in self._files.values() if p == path), None)
        if token != self.token or content is None:
            return Response(status_code=404)
        return Response(content, media_type="application/octet-stream")

    def _reachable(self, given: Given) -> TelegramPerson:
        person = self._people.get(number_of(given.get("chat_id")))
        if person is None:
            raise Refused(400, "Bad Request: chat not found")
        if person.blocked:
            raise Refused(403, "Forbidden: bot was blocked by the user")
        if not person.started:
            raise Refused(403, "Forbidden: bot can't initiate conversation with a user")
        return person

    def _bubble(self, given: Given, what: str) -> tuple[TelegramPerson, int]:
        person = self._reachable(given)
        for at, bubble in enumerate(person.bubbles):
            if bubble.id == str(given.get("message_id")):
                return person, at
        raise Refused(400, f"Bad Request: message to {what} not found")

    def _sent(self, person: TelegramPerson, number: int, content: Given) -> Given:
        chat = {"id": person.id, "type": "private", "first_name": person.name}
        return {"message_id": number, "date": int(time.time()), "chat": chat, **content}


def _failed(failure: Failure) -> Response:
    if failure.status == 0:
        return CutLine()
    after = failure.retry_after
    body: Given = {"ok": False, "error_code": failure.status, "description": "told to fail"}
    return JSONResponse(
        body | ({"parameters": {"retry_after": after}} if after else {}), failure.status
    )
