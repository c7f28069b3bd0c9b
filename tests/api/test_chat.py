"""The web chat's door: what comes in, what is refused, and what is never left behind.

The turns themselves are played by the real program in tests/test_web_chat.py; here a stand-in keeps
a file as a turn does, once for each delivery.
"""

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response as Answer
from pydantic import ValidationError
from sqlalchemy import event

from api import chat, health
from api.chat import Said
from api.limits import PER_KEY
from api.parts import Parts
from api.settings import Settings
from bot import durable
from bot.content import content
from bot.keep import sealed_upload
from bot.message import TELLABLE, ChannelName, Message, Reply
from bot.parcel import Outgoing
from bot.rasa import RasaClient
from bot.turn import Turns
from referrals import draft
from referrals.installation import Mode
from tests.house import build_town

CONVERSATION = "a" * 32


@dataclass
class Visitor:
    """Somebody with the page open, and the house she visits."""

    parts: Parts
    client: TestClient
    played: list[Message] = field(default_factory=list)

    async def turn(self, message: Message, _patience: float) -> Outgoing:
        """Keep what came as a turn does; the same delivery again changes nothing."""
        if message.update not in {known.update for known in self.played}:
            self.played.append(message)
            for attachment in message.attachments:
                if attachment.kind in TELLABLE:
                    file = sealed_upload(attachment.reference or "", attachment.size or 0, "x/y")
                    self.holds(file, message.update)
        return Outgoing((Reply("ok"),))

    def holds(self, file: draft.SealedFile, update: str) -> None:
        site = self.parts.site
        pseudonym = site.server_key.pseudonym(ChannelName.WEB, CONVERSATION)
        with site.store.writing() as session:
            begun = draft.open_(session, site, pseudonym, "web")
            draft.tell(session, site, begun, "story", update, file=file, kind="photo")

    def sends(self, body: bytes, kind: str = "photo", message: str | None = None) -> Answer:
        headers = {"x-conversation": CONVERSATION, "content-type": "image/jpeg"}
        headers |= {"x-message": message} if message else {}
        return self.client.post(f"/chat/files?kind={kind}", content=body, headers=headers)

    def files(self) -> list[Path]:
        return [p for p in self.parts.site.files.root.rglob("*") if p.is_file()]


@pytest.fixture
def visitor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visitor]:
    town = build_town(tmp_path)
    # Only the health route asks for the dialogue here: nobody answers there.
    turns = Turns(town.site, content(), cast(RasaClient, SimpleNamespace(ready=_ready)), {}, _ready)
    settings = Settings(data_dir=tmp_path)
    parts = Parts(settings, town.site, content(), Mode.REAL, turns, "unused", lambda _: None)
    app = FastAPI()
    app.include_router(chat.router)
    app.include_router(health.router)
    app.state.parts = parts
    with TestClient(app) as client:
        made = Visitor(parts, client)
        monkeypatch.setattr(durable, "converse", made.turn)
        yield made
    town.site.store.engine.dispose()


async def _ready(*_: object) -> None: ...


def a_file(size: int) -> draft.SealedFile:
    return draft.SealedFile(os.urandom(16).hex(), bytes(32), bytes(32), size, "image/jpeg")


def test_half_a_letter_becomes_a_sign_that_can_be_kept() -> None:
    said = Said(conversation=CONVERSATION, text="ខ្ញុំ\ud800 \U0001f600")
    assert said.text == "ខ្ញុំ\ufffd \U0001f600"
    said.text.encode()
    with pytest.raises(ValidationError):
        Said(conversation=CONVERSATION, button="\ud800")


def test_a_file_comes_in_whole_under_a_number_that_is_in_no_address(visitor: Visitor) -> None:
    body = b"\xff\xd8\xff" + bytes(3 * chat.BATCH)
    answer = visitor.sends(body, message="the-photo")
    assert answer.status_code == 200
    assert CONVERSATION not in str(answer.request.url)
    (message,) = visitor.played
    (attachment,) = message.attachments
    assert (attachment.size, attachment.media_type) == (len(body), "image/jpeg")
    file = sealed_upload(attachment.reference or "", 0, "")
    assert b"".join(visitor.parts.site.files.open_(file.file_id, file.key)) == body


def test_a_number_in_the_address_opens_nothing(visitor: Visitor) -> None:
    where = {"kind": "photo", "conversation": CONVERSATION}
    assert visitor.client.post("/chat/files", params=where, content=b"x").status_code == 422
    assert visitor.played == []


def test_the_same_file_sent_again_leaves_one_file(visitor: Visitor) -> None:
    for _ in range(3):
        assert visitor.sends(b"\xff\xd8\xff", message="the-photo").status_code == 200
    assert len(visitor.played) == 1
    assert len(visitor.files()) == 1


def test_what_cannot_be_told_is_not_left_on_the_disk(visitor: Visitor) -> None:
    assert visitor.sends(b"RIFF", kind="sticker").status_code == 200
    assert visitor.sends(b"").status_code == 400
    assert visitor.sends(b"x" * (chat.FILE_LIMIT + 1)).status_code == 413
    assert visitor.files() == []


@pytest.mark.parametrize(("count", "size"), [(chat.FILES_HELD, 1), (5, chat.BYTES_HELD // 5)])
def test_a_draft_holds_so_much_and_then_says_so(visitor: Visitor, count: int, size: int) -> None:
    for n in range(count - 1):
        visitor.holds(a_file(size), f"u-{n}")
    assert visitor.sends(b"x", message="the-last").status_code == 200
    visitor.holds(a_file(size), "u-last")
    answer = visitor.sends(b"x", message="one-more")
    assert answer.status_code == 413
    assert "គ្មានកន្លែង" in answer.json()["replies"][0]["text"]
    assert [m.update[-8:] for m in visitor.played] == ["the-last"]
    assert len(visitor.files()) == 1


def test_a_full_disk_takes_no_file_so_that_words_still_find_room(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat, "disk_usage", lambda _: SimpleNamespace(free=chat.FREE_SPACE - 1))
    answer = visitor.sends(b"x")
    assert answer.status_code == 507
    assert answer.json()["replies"]
    assert visitor.files() == []
    words = {"conversation": CONVERSATION, "text": "ខ្ញុំ"}
    assert visitor.client.post("/chat/messages", json=words).status_code == 200


def test_who_asks_for_news_without_pause_is_told_nothing(visitor: Visitor) -> None:
    asked = [
        visitor.client.post("/chat/notices", json={"conversation": CONVERSATION}).status_code
        for _ in range(PER_KEY["notices"].amount + 1)
    ]
    assert asked == [*[200] * PER_KEY["notices"].amount, 429]


def test_nobody_waits_for_the_disk_on_the_event_loop(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    loops: set[int] = set()
    waited: set[int] = set()

    def note(*_: Any) -> None:
        waited.add(threading.get_ident())

    async def answered(_message: Message, _patience: float) -> Outgoing:
        loops.add(threading.get_ident())
        return Outgoing(())

    event.listen(visitor.parts.site.store.engine, "begin", note)
    monkeypatch.setattr(os, "fsync", note)
    monkeypatch.setattr(durable, "converse", answered)
    client = visitor.client
    for _ in range(PER_KEY["chat"].amount + 1):
        client.post("/chat/messages", json={"conversation": CONVERSATION, "text": "x"})
    client.post("/chat/messages", json={"conversation": "b" * 32, "text": "x" * 20_001})
    client.post("/chat/files?kind=photo", content=b"x", headers={"x-conversation": CONVERSATION})
    client.post("/chat/notices", json={"conversation": CONVERSATION})
    client.get("/health")
    assert waited
    assert loops
    assert not waited & loops
