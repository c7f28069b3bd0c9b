"""The stand-in for Meta does, and refuses, what the Messenger Platform documents."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.standins.messenger import MessengerPerson, MessengerStandin
from tests.standins.receiver import Receiver


@pytest.fixture
def messenger() -> Iterator[MessengerStandin]:
    with MessengerStandin() as server:
        yield server


@pytest.fixture
def person(messenger: MessengerStandin) -> MessengerPerson:
    somebody = messenger.person("A")
    somebody.says("សួស្តី")
    return somebody


def ask(
    messenger: MessengerStandin, given: dict[str, Any], method: str = "messages", **headers: str
) -> httpx.Response:
    secret, token = messenger.app_secret.encode(), messenger.token.encode()
    proof = hmac.new(secret, token, hashlib.sha256).hexdigest()
    return httpx.post(
        f"{messenger.graph_url}/me/{method}",
        params={"appsecret_proof": proof},
        headers={"Authorization": f"Bearer {messenger.token}"} | headers,
        json=given,
    )


def send(
    messenger: MessengerStandin, person: MessengerPerson, message: dict[str, Any], **more: Any
) -> httpx.Response:
    given = {"recipient": {"id": person.id}, "messaging_type": "RESPONSE", "message": message}
    return ask(messenger, given | more)


def error(response: httpx.Response) -> tuple[int, int | None]:
    told = response.json()["error"]
    return told["code"], told.get("error_subcode")


def quick(count: int, title: str = "yes", payload: str = "yes") -> list[dict[str, str]]:
    return [{"content_type": "text", "title": title, "payload": payload}] * count


def test_a_wrong_token_or_proof_is_refused(
    messenger: MessengerStandin,
) -> None:
    assert error(ask(messenger, {}, Authorization="Bearer no")) == (190, None)
    url = f"{messenger.graph_url}/me/messages"
    bare = httpx.post(url, json={}, headers={"Authorization": f"Bearer {messenger.token}"})
    assert error(bare) == (100, None)


@pytest.mark.parametrize(
    "message",
    [
        {"text": ""},
        {"text": "ក" * 2001},
        {"text": "?", "quick_replies": quick(14)},
        {"text": "?", "quick_replies": quick(1, title="ក" * 21)},
        {"text": "?", "quick_replies": quick(1, payload="a" * 1001)},
        {"quick_replies": quick(1)},
        {"attachment": {"type": "template", "payload": {"template_type": "button", "text": "?"}}},
    ],
)
def test_what_meta_refuses_is_refused(
    messenger: MessengerStandin, person: MessengerPerson, message: dict[str, Any]
) -> None:
    assert error(send(messenger, person, message)) == (100, None)
    assert person.sees() == []


def test_the_limits_themselves_are_allowed(
    messenger: MessengerStandin, person: MessengerPerson
) -> None:
    replies = quick(13, "ក" * 20, "a" * 1000)
    answer = send(messenger, person, {"text": "ក" * 2000, "quick_replies": replies})
    assert answer.status_code == 200
    assert len(person.sees()[0].buttons) == 13


@pytest.mark.parametrize("kind", ["MESSAGE_TAG", "UPDATE", None])
def test_only_responses_are_taken(
    messenger: MessengerStandin, person: MessengerPerson, kind: str | None
) -> None:
    more = {"messaging_type": kind, "tag": "ACCOUNT_UPDATE"}
    assert error(send(messenger, person, {"text": "news"}, **more)) == (100, None)


def test_the_window_closes_after_24_hours_and_opens_when_the_person_writes(
    messenger: MessengerStandin, person: MessengerPerson
) -> None:
    messenger.pass_time(timedelta(hours=23, minutes=59))
    assert send(messenger, person, {"text": "?"}).status_code == 200
    messenger.pass_time(timedelta(minutes=2))
    assert error(send(messenger, person, {"text": "?"})) == (10, 2018278)
    person.says("ខ្ញុំនៅទីនេះ")
    assert send(messenger, person, {"text": "?"}).status_code == 200


def test_nobody_is_written_to_who_never_wrote_or_blocked(
    messenger: MessengerStandin, person: MessengerPerson
) -> None:
    stranger = messenger.person("B")
    assert error(send(messenger, stranger, {"text": "?"})) == (100, 2018001)
    person.blocks()
    assert error(send(messenger, person, {"text": "?"})) == (551, None)


def test_quick_replies_vanish_when_anything_is_said_after_them(
    messenger: MessengerStandin, person: MessengerPerson
) -> None:
    send(messenger, person, {"text": "?", "quick_replies": quick(1)})
    send(messenger, person, {"text": "!"})
    with pytest.raises(AssertionError, match="no such button"):
        person.taps("yes")
    send(messenger, person, {"text": "?", "quick_replies": quick(1)})
    person.taps("yes")
    assert all(not bubble.buttons for bubble in person.sees())


def upload(
    messenger: MessengerStandin,
    person: MessengerPerson,
    content: bytes = b"ID3 voice",
    media_type: str = "audio/mpeg",
    reusable: bool = True,
) -> httpx.Response:
    secret, token = messenger.app_secret.encode(), messenger.token.encode()
    payload = {"is_reusable": True} if reusable else {}
    return httpx.post(
        f"{messenger.graph_url}/me/messages",
        params={"appsecret_proof": hmac.new(secret, token, hashlib.sha256).hexdigest()},
        headers={"Authorization": f"Bearer {messenger.token}"},
        data={
            "recipient": json.dumps({"id": person.id}),
            "messaging_type": "RESPONSE",
            "message": json.dumps({"attachment": {"type": "audio", "payload": payload}}),
        },
        files={"filedata": ("voice.mp3", content, media_type)},
        timeout=30,
    )


def play(
    messenger: MessengerStandin, person: MessengerPerson, payload: dict[str, Any]
) -> httpx.Response:
    return send(messenger, person, {"attachment": {"type": "audio", "payload": payload}})


def test_a_sound_is_uploaded_and_sent_again_for_90_days(
    messenger: MessengerStandin, person: MessengerPerson
) -> None:
    known = {"attachment_id": upload(messenger, person).json()["attachment_id"]}
    assert play(messenger, person, known).status_code == 200
    assert [bubble.voice for bubble in person.sees()] == [b"ID3 voice"] * 2
    messenger.pass_time(timedelta(days=89))
    person.says("ខ្ញុំនៅទីនេះ")
    assert play(messenger, person, known).status_code == 200
    messenger.pass_time(timedelta(days=1))
    person.says("ខ្ញុំនៅទីនេះ")
    assert error(play(messenger, person, known)) == (100, None)


def test_a_sound_that_is_not_kept_has_no_id(
    messenger: MessengerStandin, person: MessengerPerson
) -> None:
    assert "attachment_id" not in upload(messenger, person, reusable=False).json()
    known = {"attachment_id": upload(messenger, person).json()["attachment_id"]}
    messenger.forget_attachments()
    assert error(play(messenger, person, known)) == (100, None)
    assert error(play(messenger, person, {"is_reusable": True})) == (100, 2018047)  # no file


@pytest.mark.parametrize(
    ("content", "media_type"),
    [(b"", "audio/mpeg"), (b"x", "video/mp4"), (bytes(25 * 1024 * 1024 + 1), "audio/mpeg")],
)
def test_a_file_that_meta_does_not_take_is_refused(
    messenger: MessengerStandin, person: MessengerPerson, content: bytes, media_type: str
) -> None:
    assert error(upload(messenger, person, content, media_type))[0] == 100
    assert person.sees() == []


def test_a_sound_makes_quick_replies_vanish_too(
    messenger: MessengerStandin, person: MessengerPerson
) -> None:
    send(messenger, person, {"text": "?", "quick_replies": quick(1)})
    upload(messenger, person)
    assert all(not bubble.buttons for bubble in person.sees())


@pytest.mark.parametrize(
    ("more", "silent"),
    [
        ({}, False),
        ({"notification_type": "REGULAR"}, False),
        ({"notification_type": "SILENT_PUSH"}, True),
        ({"notification_type": "NO_PUSH"}, True),
    ],
)
def test_a_silent_message_makes_no_sound(
    messenger: MessengerStandin, person: MessengerPerson, more: dict[str, str], silent: bool
) -> None:
    send(messenger, person, {"text": "?"}, **more)
    assert person.sees()[0].silent is silent


def test_an_unknown_kind_of_notice_is_refused(
    messenger: MessengerStandin, person: MessengerPerson
) -> None:
    assert error(send(messenger, person, {"text": "?"}, notification_type="LOUD")) == (100, None)


def test_a_webhook_is_subscribed_signed_and_asked_again(messenger: MessengerStandin) -> None:
    with Receiver() as hook:
        assert messenger.subscribe(hook.url) == 200
        hook.answers = [500]
        messenger.person("A").says("ថ្ងៃនេះ")
        messenger.delivered()
        assert messenger.attempts == [500, 200]
        first, again = hook.received
        assert first.body == again.body
        assert first.headers["x-hub-signature-256"] == messenger.signature(first.body)
        item = json.loads(first.body)["entry"][0]["messaging"][0]
        assert item["message"]["text"] == "ថ្ងៃនេះ"
        messenger.post(b"{}", messenger.signature(b"{}", "another secret"))
        bad = hook.received[-1]
        assert bad.headers["x-hub-signature-256"] != messenger.signature(bad.body)


def test_a_batch_is_one_delivery_and_a_repeat_has_another_timestamp(
    messenger: MessengerStandin,
) -> None:
    with Receiver() as hook:
        messenger.subscribe(hook.url)
        one, two = messenger.person("A"), messenger.person("B")
        with messenger.batch():
            messenger.deliver_twice()
            one.says("មួយ")
            two.says("ពីរ")
        messenger.delivered()
        items = json.loads(hook.received[0].body)["entry"][0]["messaging"]
        assert [item["message"]["text"] for item in items] == ["មួយ", "មួយ", "ពីរ"]
        assert items[0]["message"]["mid"] == items[1]["message"]["mid"]
        assert items[0]["timestamp"] != items[1]["timestamp"]


def test_get_started_needs_the_profile(messenger: MessengerStandin) -> None:
    newcomer = messenger.person("B")
    with pytest.raises(AssertionError, match="no Get Started"):
        newcomer.starts()
    ask(messenger, {"get_started": {"payload": "GET_STARTED"}}, "messenger_profile")
    newcomer.starts()


def test_it_fails_as_told_and_once(messenger: MessengerStandin, person: MessengerPerson) -> None:
    messenger.fail_next("messages", 429, retry_after=3)
    told = send(messenger, person, {"text": "?"})
    assert (told.status_code, told.headers["retry-after"]) == (429, "3")
    messenger.drop_next("messages")
    with pytest.raises(httpx.RemoteProtocolError):
        send(messenger, person, {"text": "?"})
    assert send(messenger, person, {"text": "?"}).status_code == 200
