"""Stands in for Telegram's Bot API server (Bot API 9): what one bot and its people can do with it.

One kindness the real one lacks: a webhook may be plain http on this machine.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx
from fastapi import Request, Response
from fastapi.responses import JSONResponse

from tests.standins import Bubble, Call, Choice, CutLine, Failure, Platform
from tests.standins.telegram_person import TelegramPerson
from tests.standins.telegram_rules import (
    DELETE_WITHIN,
    DOWNLOAD_LIMIT,
    PROFILE,
    Given,
    Refused,
    buttons_of,
    is_true,
    language_of,
    number_of,
    numbers_of,
    plays_as_voice,
    read,
    text_of,
    uploaded,
)

__all__ = ["TelegramPerson", "TelegramStandin"]


class TelegramStandin(Platform):
    """The Bot API server. `token` is the one token it knows; `address` is TELEGRAM_API_URL."""

    def __init__(self, token: str = "70001:standin-token_for-tests") -> None:  # noqa: S107
        super().__init__()
        self.token = token
        number = int(token.partition(":")[0])
        self.me = {"id": number, "is_bot": True, "first_name": "Bot", "username": "standin_bot"}
        self.presses: dict[str, bool] = {}  # press id -> was it answered
        self.commands: dict[str, list[Given]] = {}  # language code -> commands
        self.profile: dict[str, dict[str, str]] = {  # parameter -> language code -> text
            parameter: {"": "Bot" if parameter == "name" else ""}
            for parameter, _ in PROFILE.values()
        }
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

    def forget_files(self) -> None:
        """Let every file id be of no use any more."""
        self._files.clear()

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
        action = self._action(method)
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
        action = self._action(method)
        if action is None:
            raise Refused(404, "Not Found")
        with self.lock:
            return action(given)

    def _action(self, method: str) -> Callable[[Given], Any] | None:
        for start, mine in (("setMy", self._set_my), ("getMy", self._get_my)):
            if method.startswith(start) and method.removeprefix(start) in PROFILE:
                return partial(mine, method.removeprefix(start))
        action: Callable[[Given], Any] | None = getattr(self, f"_do_{method}", None)
        return action

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
        return self._sent(person, given, {"text": text}, buttons=buttons)

    def _do_sendPhoto(self, given: Given) -> Given:  # noqa: N802
        person = self._reachable(given)
        file = self.keep(uploaded(given, "photo"), "photos/sent.jpg")
        return self._sent(person, given, {"photo": [{**file, "width": 90, "height": 60}]})

    def _do_sendVoice(self, given: Given) -> Given:  # noqa: N802
        person = self._reachable(given)
        if isinstance(given.get("voice"), str):
            file = self._known(given["voice"])
            content = self._files[file["file_id"]][1]
        else:
            content = uploaded(given, "voice")
            kind = "voice/sent.oga" if plays_as_voice(content) else "documents/sent.oga"
            file = self.keep(content, kind)
        if not plays_as_voice(content):  # it comes as a file that has to be opened
            return self._sent(person, given, {"document": file})
        if person.forbids_voice:
            raise Refused(400, "Bad Request: VOICE_MESSAGES_FORBIDDEN")
        return self._sent(person, given, {"voice": {**file, "duration": 1}}, voice=content)

    def _known(self, number: str) -> Given:
        """Give the voice of this file id."""
        if number not in self._files:
            raise Refused(400, "Bad Request: wrong file identifier/HTTP URL specified")
        path, content = self._files[number]
        if "-voice-" not in path:
            raise Refused(400, "Bad Request: can't use file of this type as VoiceNote")
        return {"file_id": number, "file_unique_id": number[:8], "file_size": len(content)}

    def _do_editMessageText(self, given: Given) -> Given:  # noqa: N802
        person, at = self._bubble(given, "edit")
        new = replace(
            person.bubbles[at], text=text_of(given), buttons=buttons_of(given.get("reply_markup"))
        )
        if new == person.bubbles[at]:
            raise Refused(400, "Bad Request: message is not modified")
        person.bubbles[at] = new
        return self._message(person, int(new.id), {"text": new.text})

    def _do_deleteMessage(self, given: Given) -> bool:  # noqa: N802
        person = self._reachable(given)
        number = str(number_of(given.get("message_id")))
        if number not in person.chat():
            raise Refused(400, "Bad Request: message to delete not found")
        return self._delete(person, [number])

    def _do_deleteMessages(self, given: Given) -> bool:  # noqa: N802
        numbers, person = numbers_of(given), self._reachable(given)
        standing = set(person.chat())
        return self._delete(person, [str(n) for n in numbers if str(n) in standing])

    def _delete(self, person: TelegramPerson, numbers: list[str]) -> bool:
        """Delete all of these or none."""
        if any(time.time() - person.sent_at[number] >= DELETE_WITHIN for number in numbers):
            raise Refused(400, "Bad Request: message can't be deleted for everyone")
        for number in numbers:
            person.deletes(number)
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

    def _set_my(self, part: str, given: Given) -> bool:
        parameter, limit = PROFILE[part]
        code, text = language_of(given), str(given.get(parameter) or "").strip()
        if len(text) > limit:
            raise Refused(400, f"Bad Request: {parameter} is too long")
        if part == "Name" and not code and not text:
            raise Refused(400, "Bad Request: name must be non-empty")
        texts = self.profile[parameter]
        if text or not code:
            texts[code] = text
        else:
            texts.pop(code, None)
        return True

    def _get_my(self, part: str, given: Given) -> Given:
        parameter, _ = PROFILE[part]
        texts = self.profile[parameter]
        return {parameter: texts.get(language_of(given), texts[""])}

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

    def _sent(
        self,
        person: TelegramPerson,
        given: Given,
        content: Given,
        buttons: tuple[Choice, ...] = (),
        voice: bytes | None = None,
    ) -> Given:
        """Put a new message of the bot into the chat; gives what the Bot API says of it."""
        number = self.next_message()
        text = content.get("text") or str(given.get("caption", ""))
        silent = is_true(given.get("disable_notification"))
        person.bubbles.append(Bubble(str(number), text, buttons, voice, silent))
        person.sent_at[str(number)] = time.time()
        return self._message(person, number, content)

    def _message(self, person: TelegramPerson, number: int, content: Given) -> Given:
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
