"""Somebody with Telegram on the phone, as a test plays them."""

import secrets
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.standins import Bubble, find_choice, wait_for
from tests.standins.telegram_rules import Given

if TYPE_CHECKING:
    from tests.standins.telegram import TelegramStandin


class TelegramPerson:
    """Somebody with Telegram on the phone, and a private chat with the bot.

    `bubbles` are the bot's messages that stand in the chat, `own` the ids of the person's.
    """

    def __init__(self, server: "TelegramStandin", number: int, name: str) -> None:
        self.id = number
        self.name = name
        self.bubbles: list[Bubble] = []
        self.own: list[str] = []
        self.sent_at: dict[str, float] = {}  # message id -> when, in seconds since 1970
        self.started = False
        self.blocked = False
        self.forbids_voice = False  # as one with Telegram Premium can
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

    def chat(self) -> list[str]:
        """Give the ids of all that stands in the chat, of both sides, in order."""
        with self._server.lock:
            return sorted([*self.own, *(bubble.id for bubble in self.bubbles)], key=int)

    def ages(self, by: timedelta, *ids: str) -> None:
        """Make these messages of the chat older, or all."""
        with self._server.lock:
            for number in ids or list(self.sent_at):
                self.sent_at[number] -= by.total_seconds()

    def deletes(self, number: str) -> None:
        """Take one message out of the chat for both, as the person can at any time."""
        with self._server.lock:
            self.own = [own for own in self.own if own != number]
            self.bubbles = [bubble for bubble in self.bubbles if bubble.id != number]

    def _sends(self, content: Given) -> int:
        self.started = True
        number = self._server.next_message()
        with self._server.lock:
            self.own.append(str(number))
            self.sent_at[str(number)] = time.time()
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
