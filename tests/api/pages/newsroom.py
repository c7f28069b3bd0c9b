"""An editor's desk over HTTP, with everything behind it real."""

import html
import re
from dataclasses import dataclass

from fastapi import FastAPI, Response
from fastapi.testclient import TestClient

from bot import news
from bot.news import Alert
from referrals.site import Site
from tests.api.pages.at_door import enters
from tests.house import Clock
from tests.standins.telegram import TelegramStandin

FORM = {
    "country": "TH",
    "text_km": "ការចុះឈ្មោះពលករនៅថៃបើកហើយ រយៈពេល 30 ថ្ងៃ។",
    "text_en": "Registration of workers in Thailand is open for 30 days.",
    "source_km": "ក្រសួងការងារ",
    "source_en": "Ministry of Labour",
    "as_of": "2026-11-20",
}


@dataclass
class Newsroom:
    """An installation that sends, an editor and a counsellor, and Telegram's stand-in."""

    site: Site
    clock: Clock
    telegram: TelegramStandin
    app: FastAPI

    def visitor(self, name: str = "editor") -> "Desk":
        client = TestClient(self.app, base_url="http://127.0.0.1", follow_redirects=False)
        client.cookies.set("language", "en")
        enters(client, self.app.state.parts.site, f"{name}@example.org")
        return Desk(self, client)


@dataclass
class Desk:
    """What one member does at her desk."""

    room: Newsroom
    client: TestClient

    def reads(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.status_code
        return answer.text

    def guard(self) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.client.get("/news").text)
        assert found
        return found[1]

    def sends(self, path: str, **form: str) -> Response:
        return self.client.post(path, data={"csrf": self.guard(), **form})

    def writes(self, **changes: str) -> str:
        """Write a draft; gives its address."""
        answer = self.sends("/news/new", **{**FORM, **changes})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"].partition("?")[0]

    def lets_go(self, path: str) -> Response:
        """Answer the second question, as it is asked."""
        question = self.reads(f"{path}/send")
        return self.sends(f"{path}/send", told=told(question), over=over(question))

    def changes(self, path: str, **form: str) -> Response:
        """Write a draft anew, as it was opened."""
        return self.sends(f"{path}/change", over=over(self.reads(f"{path}/change")), **form)


def told(page: str) -> str:
    found = re.search(r'name="told" value="(\d+)"', page)
    assert found, "the second question is not asked"
    return found[1]


def over(page: str) -> str:
    found = re.search(r'name="over" value="(\w+)"', page)
    assert found, "the form does not name the words it is written over"
    return found[1]


def said(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def id_of(path: str) -> str:
    return path.rpartition("/")[2]


def drafts(room: Newsroom) -> list[Alert]:
    with room.site.store.reading() as session:
        return news.alerts(session)
