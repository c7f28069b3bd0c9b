"""A walk-in at the counter: the app as it is served, and a dialogue that knows one short journey.

Only the dialogue is a stand-in; the journey with the real one is in test_assist_journey.py.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
from fastapi import FastAPI

from api.app import create_app
from api.parts import Parts
from api.settings import Settings
from bot.content import content
from bot.message import Button, Message, Reply
from bot.parcel import Outgoing
from bot.rasa import RasaClient
from bot.turn import Turns
from referrals import draft, lodging
from referrals.code import spoken
from referrals.installation import Mode
from referrals.site import Site
from tests.api.pages.at_desk import town_with_editor
from tests.api.pages.at_door import enters
from tests.house import PASSWORD, Town, told_draft

SECRET = "4071 9326"
GREETED = (Button("📝 ដាក់ពាក្យបណ្តឹង", "complaint"), Button("🌐 English", "language:language=en"))
SENDING = (Button("✅ ផ្ញើ", "inform:lodge=yes"), Button("🙈 លាក់ឆាតនេះ", "hide"))


@dataclass
class Counter:
    """An office with its desks, and what the dialogue heard."""

    app: FastAPI
    town: Town
    heard: list[Message] = field(default_factory=list)

    async def turn(self, message: Message, _patience: float) -> Outgoing:
        """Greet, keep what is told, send it on “yes”; the receipt has a code and a secret."""
        self.heard.append(message)
        site = self.town.site
        if message.button == "inform:lodge=yes":
            return Outgoing(self._receipt(message))
        if message.button == "hide":
            return Outgoing((Reply("☀️"),), clear=True)
        if message.button is not None:
            return Outgoing((Reply("សួស្តី! ខ្ញុំជា «សំឡេង»។", GREETED),))
        with site.store.writing() as session:
            begun = draft.open_(session, site, message.conversation, "web")
            draft.tell(session, site, begun, "story", message.update, text=message.text or "-")
        return Outgoing((Reply("🔒 ចាក់សោហើយ។ ផ្ញើឬ?", SENDING),))

    def _receipt(self, message: Message) -> tuple[Reply, ...]:
        site = self.town.site
        with site.store.writing() as session:
            told = told_draft(session, site, "រឿង", conversation=message.conversation)
            code = lodging.lodge(session, site, told, message.update, language="km").code
        return Reply("✅ ផ្ញើរួចហើយ!"), Reply(f"លេខកូដ៖ {spoken(code)}\nសម្ងាត់៖ {SECRET}", SENDING)

    def conversations(self) -> set[str]:
        return {message.conversation for message in self.heard}


def counter(folder: Path) -> Counter:
    town = town_with_editor(folder)
    settings = Settings(data_dir=folder)
    app = create_app(settings, Mode.REAL, town.site)
    nobody = cast(RasaClient, SimpleNamespace())
    turns = Turns(town.site, content(), nobody, {}, cast(Any, None))
    app.state.parts = Parts(
        settings, town.site, content(), Mode.REAL, turns, "unused", lambda _: None
    )
    return Counter(app, town)


class Desk:
    """A member's browser, without a browser."""

    def __init__(
        self, address: str, name: str = "", *, site: Site | None = None, **account: str
    ) -> None:
        self.client = httpx.Client(base_url=address, timeout=60)
        given = {"email": f"{name}@example.org", "password": PASSWORD} | account
        if site is None:  # the demo asks for no second factor
            answer = self.client.post("/sign-in", data=given)
            assert answer.status_code == 303, answer.text
        else:
            answer = enters(self.client, site, given["email"], given["password"])
        found = re.search(r'name="csrf" value="([^"]+)"', self.client.get(self.home(answer)).text)
        assert found
        self.csrf = found[1]

    @staticmethod
    def home(answer: httpx.Response) -> str:
        return answer.headers["location"]

    def calls(self, path: str, body: dict[str, str], **headers: str) -> httpx.Response:
        sent = {"accept": "application/json", "x-csrf": self.csrf} | headers
        return self.client.post(f"/assist/{path}", json=body, headers=sent)

    def begins(self) -> str:
        answer = self.calls("visits", {})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["visit"])

    def says(self, visit: str, text: str) -> httpx.Response:
        return self.calls("messages", {"visit": visit, "text": text})

    def taps(self, visit: str, button: str, **more: str) -> httpx.Response:
        return self.calls("messages", {"visit": visit, "button": button, **more})
