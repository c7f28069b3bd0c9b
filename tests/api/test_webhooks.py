"""Deliveries to the running program: a platform proves itself, or is refused."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.running import Running
from tests.standins import wait_for
from tests.standins.messenger import MessengerStandin
from tests.standins.telegram import TelegramStandin

pytestmark = [pytest.mark.rasa, pytest.mark.slow, pytest.mark.timeout(300)]

SECRET = "webhook-secret_1"
HEADER = "X-Telegram-Bot-Api-Secret-Token"


@dataclass
class Stage:
    house: Running
    telegram: TelegramStandin
    messenger: MessengerStandin

    def posts(self, body: bytes, **headers: str) -> int:
        url = f"{self.house.address}/webhooks/telegram"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.post(url, content=body, headers=named, timeout=30).status_code

    def signed(self, body: bytes, secret: str) -> int:
        signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return httpx.post(
            f"{self.house.address}/webhooks/messenger",
            content=body,
            headers={"X-Hub-Signature-256": signature},
            timeout=30,
        ).status_code


@pytest.fixture(scope="module")
def stage(
    tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]
) -> Iterator[Stage]:
    with TelegramStandin() as telegram, MessengerStandin() as messenger:
        settings = {
            "TELEGRAM_BOT_TOKEN": telegram.token,
            "TELEGRAM_API_URL": telegram.address,
            "TELEGRAM_WEBHOOK_SECRET": SECRET,
            "SAMLENG_PUBLIC_URL": "https://samleng.example",
            "MESSENGER_PAGE_TOKEN": messenger.token,
            "MESSENGER_APP_SECRET": messenger.app_secret,
            "MESSENGER_VERIFY_TOKEN": messenger.verify_token,
            "MESSENGER_GRAPH_URL": messenger.graph_url,
        }
        folder = tmp_path_factory.mktemp("webhooks")
        with Running(folder, free_port(), **settings) as house:
            yield Stage(house, telegram, messenger)


def start(number: int, person: int) -> bytes:
    who = {"id": person, "is_bot": False, "first_name": "A"}
    message = {
        "message_id": number,
        "date": 1_790_000_000,
        "chat": {"id": person, "type": "private"},
        "from": who,
        "text": "/start",
    }
    return json.dumps({"update_id": number, "message": message}).encode()


def test_under_a_public_address_telegram_is_told_where_to_deliver(stage: Stage) -> None:
    (call,) = wait_for(lambda: stage.telegram.calls_of("setWebhook"))
    assert call.given["url"] == "https://samleng.example/webhooks/telegram"
    assert call.given["secret_token"] == SECRET
    assert not stage.telegram.calls_of("getUpdates")


def test_a_delivery_with_the_secret_is_answered_once_however_often_it_comes(stage: Stage) -> None:
    person = stage.telegram.person("ក")
    person.started = True  # the delivery below says so; it is made here, not by the stand-in
    body = start(700_001, person.id)
    assert stage.posts(body, **{HEADER: SECRET}) == 200
    assert stage.posts(body, **{HEADER: SECRET}) == 200
    person.hears("សំឡេង")
    assert stage.posts(start(700_002, person.id), **{HEADER: SECRET}) == 200
    wait_for(lambda: len(person.sees()) >= 2)
    assert len(stage.telegram.calls_of("sendMessage")) == len(person.sees()) == 2


@pytest.mark.parametrize("secret", ["", "wrong", SECRET + "x", SECRET[:-1]])
def test_a_delivery_without_the_secret_is_refused(stage: Stage, secret: str) -> None:
    assert stage.posts(start(700_100, 1), **({HEADER: secret} if secret else {})) == 403


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"update_id": "x"}', b"\xff"])
def test_what_is_no_update_is_passed_over_and_never_asked_for_again(
    stage: Stage, body: bytes
) -> None:
    assert stage.posts(body, **{HEADER: SECRET}) == 200


def test_a_delivery_beyond_all_measure_is_refused(stage: Stage) -> None:
    assert stage.posts(b"x" * 2_000_000, **{HEADER: SECRET}) == 413


def test_messenger_is_verified_by_its_token_and_its_deliveries_by_their_signature(
    stage: Stage,
) -> None:
    url = f"{stage.house.address}/webhooks/messenger"
    assert stage.messenger.subscribe(url) == 200
    asked = {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": "wrong"}
    assert httpx.get(url, params=asked).status_code == 403
    body = json.dumps({"object": "page", "entry": []}).encode()
    assert stage.signed(body, stage.messenger.app_secret) == 200
    assert stage.signed(body, "another secret") == 403
    assert stage.signed(body, stage.messenger.verify_token) == 403
    assert httpx.post(url, content=body).status_code == 403


def test_the_action_door_is_for_rasa_alone(stage: Stage) -> None:
    for headers in ({}, {"Authorization": "Bearer guess"}, {"Authorization": f"Bearer {SECRET}"}):
        answer = httpx.post(f"{stage.house.address}/rasa/actions", json={}, headers=headers)
        assert answer.status_code == 403


def test_no_token_or_secret_stands_in_any_log(stage: Stage) -> None:
    held = b"".join(p.read_bytes() for p in stage.house.data.parent.rglob("*.log*"))
    secrets = (stage.telegram.token, SECRET, stage.messenger.token, stage.messenger.app_secret)
    assert not [s for s in secrets if s.encode() in held]
