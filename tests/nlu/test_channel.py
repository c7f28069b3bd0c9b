"""What the door into Rasa promises: no words, no repeats, nothing half done, nobody else."""

import base64
import json
import os
import sqlite3
import time
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.rasa import RasaProcess, RasaUnavailable
from tests.nlu.conftest import TRACKER_KEY, App, Loop, Person

pytestmark = [pytest.mark.rasa, pytest.mark.timeout(600)]

CANARY = "កូដសម្ងាត់ទី៧៧ zqcanary"


def test_the_same_message_again_runs_nothing_again(person: Person) -> None:
    first = person.says("complaint", message_id="m-1")
    again = person.says("complaint", message_id="m-1")
    assert again == first
    assert person.app.ran == []
    assert person.last.awaiting == "category"


def test_a_cleared_up_fallback_repeated_says_the_same(person: Person) -> None:
    person.says("nlu_fallback")
    first = person.says("faq", message_id="m-2", topic="minimum_wage")
    assert person.says("faq", message_id="m-2", topic="minimum_wage") == first == ["action_faq"]
    assert person.app.ran == []


@pytest.mark.parametrize("failing", ["action_open_complaint", "validate_complaint_form"])
def test_a_failed_action_leaves_nothing_half_done(person: Person, failing: str) -> None:
    person.says("greet")
    person.app.fails.add(failing)
    with pytest.raises(RasaUnavailable):
        person.says("complaint", message_id="m-3")
    person.app.fails.clear()
    assert person.says("complaint", message_id="m-3") == [
        "action_open_complaint",
        "action_ask_category",
    ]


def test_nothing_opens_without_the_token(rasa: RasaProcess, loop: Loop) -> None:
    address = str(rasa.client._http.base_url)
    for method, path in [
        ("POST", "/webhooks/gateway/turn"),
        ("POST", "/webhooks/gateway/parse"),
        ("POST", "/webhooks/gateway/forget"),
        ("GET", "/webhooks/gateway/ready"),
    ]:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}):
            assert httpx.request(method, address + path, headers=headers).status_code == 401
    for path in ["/webhooks/rest/webhook", "/model/parse", "/conversations/a/trigger_intent"]:
        assert httpx.post(address + path, json={}).status_code == 404
    assert httpx.get(address + "/conversations/a/tracker").status_code == 404
    assert address.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("text", ["", "  ", "/restart", ' /inform{"lodge":"yes"}'])
def test_an_order_is_not_parsed(rasa: RasaProcess, loop: Loop, text: str) -> None:
    with pytest.raises(RasaUnavailable, match="422"):
        loop.run(rasa.client.parse(text))


def test_no_word_and_no_answer_stands_in_clear(
    person: Person, rasa: RasaProcess, loop: Loop
) -> None:
    loop.run(rasa.client.parse(CANARY))
    person.says("complaint", category="trafficking_forced_labour", country="MY", province="KH-22")
    person.says("told", told="story")
    stored = b"".join(file.read_bytes() for file in rasa.log.parent.rglob("*") if file.is_file())
    for planted in (CANARY, "zqcanary", "trafficking_forced_labour", "KH-22", "complaint_form"):
        assert planted.encode() not in stored
    assert person.conversation.encode() in stored  # the store was looked at, and it is an HMAC
    assert rasa.log.stat().st_mode & 0o077 == 0
    assert (rasa.log.parent / "tracker.db").stat().st_mode & 0o077 == 0


def _rewrite(tracker: Path, sender: str, *, older_by: float = 0.0) -> dict[str, object]:
    """Open one sealed row, age its events, seal it again."""
    cipher, bound_to = AESGCM(TRACKER_KEY), b"samleng tracker v1\x00" + sender.encode()
    with sqlite3.connect(tracker) as rows:
        (sealed,) = rows.execute("SELECT sealed FROM tracker WHERE sender=?", (sender,)).fetchone()
        plain = json.loads(cipher.decrypt(sealed[:12], sealed[12:], bound_to))
        for event in plain["events"]:
            event["timestamp"] -= older_by
        nonce = os.urandom(12)
        sealed = nonce + cipher.encrypt(nonce, json.dumps(plain).encode(), bound_to)
        rows.execute("UPDATE tracker SET sealed=? WHERE sender=?", (sealed, sender))
    rows.close()
    return dict(plain)


def test_a_complaint_survives_the_night(person: Person, rasa: RasaProcess) -> None:
    person.answers_until("province")
    _rewrite(rasa.log.parent / "tracker.db", person.conversation, older_by=9 * 3600)
    assert person.answers() == ["action_ask_story"]
    assert person.app.ran[0] == "action_session_start"
    assert (person.last.loop, person.last.awaiting) == ("complaint_form", "story")


def test_a_long_conversation_stays_small_and_keeps_its_place(
    person: Person, rasa: RasaProcess
) -> None:
    person.answers_until("province")
    for _ in range(45):
        person.says("faq", topic="minimum_wage")
    kept = _rewrite(rasa.log.parent / "tracker.db", person.conversation)
    assert len(list(kept["events"])) < 350  # type: ignore[call-overload]
    assert "text" not in {
        key
        for e in kept["events"]
        if e["event"] == "user" and e["text"]
        for key in e  # type: ignore[attr-defined]
    }
    assert person.answers() == ["action_ask_story"]


def test_a_forgotten_conversation_is_gone(person: Person, rasa: RasaProcess, loop: Loop) -> None:
    person.answers_until("province")
    loop.run(rasa.client.forget(person.conversation))
    with sqlite3.connect(rasa.log.parent / "tracker.db") as rows:
        found = rows.execute("SELECT 1 FROM tracker WHERE sender=?", (person.conversation,))
        assert found.fetchone() is None
    rows.close()
    person.says("complaint")
    assert person.last.awaiting == "province"  # the draft outlives it


def test_a_turn_is_quick(person: Person) -> None:
    person.says("greet")
    began = time.perf_counter()
    for _ in range(10):
        person.says("thank")
    assert (time.perf_counter() - began) / 10 < 0.5


def test_rasa_gets_nothing_of_the_apps_environment(
    rasa: RasaProcess, actions: tuple[App, str]
) -> None:
    environment = Path(f"/proc/{rasa.pid}/environ").read_bytes().split(b"\0")
    names = {entry.partition(b"=")[0].decode() for entry in environment if entry}
    assert not {name for name in names if name.startswith(("PYTEST", "SAMLENG_DATABASE"))}
    assert b"SAMLENG_TRACKER_KEY=" + base64.b64encode(TRACKER_KEY) in environment
    assert (
        rasa.client._http.headers["authorization"].encode()
        not in Path(f"/proc/{rasa.pid}/cmdline").read_bytes()
    )
