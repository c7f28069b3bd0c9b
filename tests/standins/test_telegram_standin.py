"""The stand-in for Telegram does, and refuses, what the Bot API documents."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.standins import wait_for
from tests.standins.receiver import Receiver
from tests.standins.telegram import TelegramPerson, TelegramStandin


@pytest.fixture
def telegram() -> Iterator[TelegramStandin]:
    with TelegramStandin() as server:
        yield server


@pytest.fixture
def dara(telegram: TelegramStandin) -> TelegramPerson:
    person = telegram.person("A")
    person.starts()
    return person


def ask(telegram: TelegramStandin, method: str, **given: Any) -> httpx.Response:
    url = f"{telegram.address}/bot{telegram.token}/{method}"
    return httpx.post(url, json=given, timeout=30)


def description(response: httpx.Response) -> str:
    assert response.json()["ok"] is False
    return str(response.json()["description"])


def markup(*rows: list[str]) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": d or "x", "callback_data": d} for d in r] for r in rows]}


def test_a_wrong_token_is_refused(telegram: TelegramStandin) -> None:
    wrong = httpx.get(f"{telegram.address}/bot1:wrong/getMe")
    malformed = httpx.get(f"{telegram.address}/botwrong/getMe")
    assert (wrong.status_code, malformed.status_code) == (401, 404)
    assert ask(telegram, "getMe").json()["result"]["is_bot"] is True


def test_an_unknown_method_is_not_found(telegram: TelegramStandin) -> None:
    assert ask(telegram, "sendMoney").status_code == 404


def test_an_offset_confirms_the_updates_before_it(
    telegram: TelegramStandin, dara: TelegramPerson
) -> None:
    dara.says("មួយ")
    first = ask(telegram, "getUpdates").json()["result"]
    assert [u["message"]["text"] for u in first] == ["/start", "មួយ"]
    assert ask(telegram, "getUpdates").json()["result"] == first
    rest = ask(telegram, "getUpdates", offset=first[-1]["update_id"] + 1)
    assert rest.json()["result"] == []


def test_a_long_poll_waits_for_an_update(telegram: TelegramStandin, dara: TelegramPerson) -> None:
    ask(telegram, "getUpdates", offset=10**9)
    threading.Timer(0.3, lambda: dara.says("ពីរ")).start()
    began = time.monotonic()
    updates = ask(telegram, "getUpdates", timeout=10).json()["result"]
    assert [u["message"]["text"] for u in updates] == ["ពីរ"]
    assert 0.2 < time.monotonic() - began < 5


def test_only_allowed_updates_are_given(telegram: TelegramStandin, dara: TelegramPerson) -> None:
    dara.blocks()
    updates = ask(telegram, "getUpdates", allowed_updates=["message"]).json()["result"]
    assert [list(u)[1] for u in updates] == ["message"]


def test_polling_is_refused_while_a_webhook_is_set(telegram: TelegramStandin) -> None:
    ask(telegram, "setWebhook", url="http://127.0.0.1:1/hook")
    assert ask(telegram, "getUpdates").status_code == 409
    ask(telegram, "deleteWebhook")
    assert ask(telegram, "getUpdates").status_code == 200


def test_a_webhook_must_be_https(telegram: TelegramStandin) -> None:
    assert "HTTPS" in description(ask(telegram, "setWebhook", url="http://example.org/hook"))
    assert ask(telegram, "setWebhook", url="https://example.org/hook").status_code == 200


def test_a_webhook_gets_the_secret_and_is_asked_again_until_it_answers_2xx(
    telegram: TelegramStandin, dara: TelegramPerson
) -> None:
    with Receiver() as hook:
        hook.answers = [500, 503]
        ask(telegram, "setWebhook", url=hook.url, secret_token="s3cret")
        telegram.delivered()
        assert telegram.attempts == [500, 503, 200]
        assert len({r.body for r in hook.received}) == 1
        assert hook.received[0].headers["x-telegram-bot-api-secret-token"] == "s3cret"
        telegram.deliver_twice()
        dara.says("បី")
        telegram.delivered()
        assert hook.received[-1].body == hook.received[-2].body


def test_a_method_in_the_webhooks_answer_is_carried_out(
    telegram: TelegramStandin, dara: TelegramPerson
) -> None:
    with Receiver() as hook:
        ask(telegram, "setWebhook", url=hook.url)
        telegram.delivered()
        ask(telegram, "sendMessage", chat_id=dara.id, text="?", reply_markup=markup(["yes"]))
        hook.body = json.dumps({"method": "answerCallbackQuery", "callback_query_id": "none"})
        press = dara.taps("yes")
        telegram.delivered()
        assert telegram.presses[press] is False
        hook.body = json.dumps({"method": "answerCallbackQuery", "callback_query_id": press})
        dara.says("x")
        telegram.delivered()
        assert telegram.presses[press] is True


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"text": "  "}, "text is empty"),
        ({"text": "ក" * 4097}, "too long"),
        ({"text": "?", "reply_markup": markup(["ក" * 22])}, "BUTTON_DATA_INVALID"),
        ({"text": "?", "reply_markup": markup([""])}, "BUTTON_DATA_INVALID"),
        ({"text": "?", "reply_markup": markup(*[["a"]] * 101)}, "too long"),
        ({"text": "?", "chat_id": 5}, "chat not found"),
    ],
)
def test_what_telegram_refuses_is_refused(
    telegram: TelegramStandin, dara: TelegramPerson, given: dict[str, Any], words: str
) -> None:
    response = ask(telegram, "sendMessage", **{"chat_id": dara.id, **given})
    assert response.status_code == 400
    assert words in description(response)
    assert dara.sees() == []


def test_the_limits_themselves_are_allowed(telegram: TelegramStandin, dara: TelegramPerson) -> None:
    keyboard = markup(*[["a" * 64]] * 100)
    text = "ក" * 4096
    ask(telegram, "sendMessage", chat_id=dara.id, text=text, reply_markup=keyboard)
    assert len(dara.sees()[0].buttons) == 100


def test_who_blocked_the_bot_or_never_started_it_gets_nothing(
    telegram: TelegramStandin, dara: TelegramPerson
) -> None:
    stranger = telegram.person("B")
    assert ask(telegram, "sendMessage", chat_id=stranger.id, text="?").status_code == 403
    dara.blocks()
    assert ask(telegram, "sendMessage", chat_id=dara.id, text="?").status_code == 403


def test_a_tap_needs_a_button(dara: TelegramPerson) -> None:
    with pytest.raises(AssertionError, match="no such button"):
        dara.taps("yes")


def test_a_press_can_be_answered_once_known(
    telegram: TelegramStandin, dara: TelegramPerson
) -> None:
    ask(telegram, "sendMessage", chat_id=dara.id, text="?", reply_markup=markup(["yes"]))
    press = dara.taps("yes")
    query = ask(telegram, "getUpdates").json()["result"][-1]["callback_query"]
    assert (query["data"], query["id"]) == ("yes", press)
    assert ask(telegram, "answerCallbackQuery", callback_query_id="old").status_code == 400
    assert ask(telegram, "answerCallbackQuery", callback_query_id=press).status_code == 200


def test_a_bubble_is_edited_and_deleted(telegram: TelegramStandin, dara: TelegramPerson) -> None:
    ask(telegram, "sendMessage", chat_id=dara.id, text="old")
    ref = {"chat_id": dara.id, "message_id": dara.sees()[0].id}
    assert ask(telegram, "editMessageText", text="old", **ref).status_code == 400
    ask(telegram, "editMessageText", text="new", **ref)
    assert dara.sees()[0].text == "new"
    ask(telegram, "deleteMessage", **ref)
    assert dara.sees() == []
    assert ask(telegram, "deleteMessage", **ref).status_code == 400


def deletes(telegram: TelegramStandin, dara: TelegramPerson, *numbers: Any) -> httpx.Response:
    return ask(telegram, "deleteMessages", chat_id=dara.id, message_ids=list(numbers))


def test_both_sides_stand_in_the_chat_and_can_be_deleted_at_once(
    telegram: TelegramStandin, dara: TelegramPerson
) -> None:
    number = dara.says("មួយ")
    ask(telegram, "sendMessage", chat_id=dara.id, text="ពីរ")
    assert dara.chat() == [*dara.own, dara.sees()[0].id]
    start, *rest = (int(each) for each in dara.chat())
    assert rest[0] == number
    assert deletes(telegram, dara, *rest, rest[0], 999_999).json()["result"] is True
    assert (dara.chat(), dara.own, dara.sees()) == ([str(start)], [str(start)], [])
    form = {"chat_id": str(dara.id), "message_ids": json.dumps([start])}
    url = f"{telegram.address}/bot{telegram.token}/deleteMessages"
    assert httpx.post(url, data=form).json()["ok"]
    assert dara.chat() == []


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([], "not specified"),
        (list(range(1, 102)), "too many message identifiers"),
        ([0], "invalid message identifier"),
        (["x"], "invalid message identifier"),
    ],
)
def test_a_wrong_list_of_messages_is_refused(
    telegram: TelegramStandin, dara: TelegramPerson, numbers: list[Any], words: str
) -> None:
    assert words in description(deletes(telegram, dara, *numbers))
    assert len(dara.chat()) == 1


def test_what_is_older_than_48_hours_stays_and_keeps_the_others(
    telegram: TelegramStandin, dara: TelegramPerson
) -> None:
    old, new = dara.says("ចាស់"), dara.says("ថ្មី")
    dara.ages(timedelta(hours=48), str(old))
    dara.ages(timedelta(hours=47), str(new))
    assert "can't be deleted" in description(deletes(telegram, dara, old, new))
    assert {str(old), str(new)} < set(dara.chat())
    one = ask(telegram, "deleteMessage", chat_id=dara.id, message_id=old)
    assert "can't be deleted" in description(one)
    assert ask(telegram, "deleteMessage", chat_id=dara.id, message_id=new).json()["ok"]
    dara.ages(timedelta(hours=48))
    assert "can't be deleted" in description(deletes(telegram, dara, *dara.chat()))


def test_a_person_deletes_when_she_likes(telegram: TelegramStandin, dara: TelegramPerson) -> None:
    dara.ages(timedelta(days=9))
    dara.deletes(dara.chat()[0])
    assert dara.chat() == []


def uploads(telegram: TelegramStandin, dara: TelegramPerson, content: bytes) -> httpx.Response:
    url = f"{telegram.address}/bot{telegram.token}/sendVoice"
    files = {"voice": ("v.ogg", content, "audio/ogg")}
    return httpx.post(url, data={"chat_id": str(dara.id)}, files=files, timeout=30)


def test_a_voice_is_uploaded_and_sent_again_by_its_id(
    telegram: TelegramStandin, dara: TelegramPerson
) -> None:
    number = uploads(telegram, dara, b"OggS voice").json()["result"]["voice"]["file_id"]
    again = ask(telegram, "sendVoice", chat_id=dara.id, voice=number).json()["result"]
    assert again["voice"]["file_id"] == number
    assert [bubble.voice for bubble in dara.sees()] == [b"OggS voice"] * 2
    unknown = ask(telegram, "sendVoice", chat_id=dara.id, voice="AwACAg")
    assert "wrong file identifier" in description(unknown)
    telegram.forget_files()
    gone = ask(telegram, "sendVoice", chat_id=dara.id, voice=number)
    assert "wrong file identifier" in description(gone)


@pytest.mark.parametrize("content", [b"RIFF no voice", b"OggS" + bytes(1024 * 1024)])
def test_what_is_no_voice_or_too_long_comes_as_a_file(
    telegram: TelegramStandin, dara: TelegramPerson, content: bytes
) -> None:
    sent = uploads(telegram, dara, content).json()["result"]
    assert "voice" not in sent
    assert dara.sees()[0].voice is None
    as_voice = ask(telegram, "sendVoice", chat_id=dara.id, voice=sent["document"]["file_id"])
    assert "can't use file" in description(as_voice)


def test_an_empty_or_huge_file_is_refused(telegram: TelegramStandin, dara: TelegramPerson) -> None:
    assert uploads(telegram, dara, b"").status_code == 400
    assert uploads(telegram, dara, bytes(50 * 1024 * 1024 + 1)).status_code == 413
    assert ask(telegram, "sendVoice", chat_id=dara.id).status_code == 400


def test_who_takes_no_voices_gets_none(telegram: TelegramStandin, dara: TelegramPerson) -> None:
    dara.forbids_voice = True
    assert "VOICE_MESSAGES_FORBIDDEN" in description(uploads(telegram, dara, b"OggS"))
    assert dara.sees() == []


@pytest.mark.parametrize(("given", "silent"), [("true", True), ("false", False), (None, False)])
def test_a_silent_message_makes_no_sound(
    telegram: TelegramStandin, dara: TelegramPerson, given: str | None, silent: bool
) -> None:
    more = {} if given is None else {"disable_notification": given}
    ask(telegram, "sendMessage", chat_id=dara.id, text="?", **more)
    assert dara.sees()[0].silent is silent


def test_the_bots_name_and_descriptions_are_kept_by_language(telegram: TelegramStandin) -> None:
    for part, parameter in (("Name", "name"), ("ShortDescription", "short_description")):
        ask(telegram, f"setMy{part}", **{parameter: "សំឡេង"})
        shown = ask(telegram, f"getMy{part}", language_code="en").json()["result"]
        assert shown == {parameter: "សំឡេង"}  # no words of its own
        ask(telegram, f"setMy{part}", **{parameter: "Samleng", "language_code": "en"})
        shown = ask(telegram, f"getMy{part}", language_code="en").json()["result"]
        assert shown == {parameter: "Samleng"}
        ask(telegram, f"setMy{part}", **{parameter: "", "language_code": "en"})
        shown = ask(telegram, f"getMy{part}", language_code="en").json()["result"]
        assert shown == {parameter: "សំឡេង"}


@pytest.mark.parametrize(
    ("part", "given"),
    [
        ("Name", {"name": "x" * 65}),
        ("Name", {"name": ""}),
        ("ShortDescription", {"short_description": "x" * 121}),
        ("Description", {"description": "x" * 513}),
        ("Description", {"description": "x", "language_code": "english"}),
    ],
)
def test_a_name_or_description_that_telegram_refuses_is_refused(
    telegram: TelegramStandin, part: str, given: dict[str, str]
) -> None:
    before = json.dumps(telegram.profile)
    assert ask(telegram, f"setMy{part}", **given).status_code == 400
    assert json.dumps(telegram.profile) == before


def test_a_file_is_fetched_with_the_token_only(
    telegram: TelegramStandin, dara: TelegramPerson
) -> None:
    dara.sends_voice(b"OggS voice")
    voice = ask(telegram, "getUpdates").json()["result"][-1]["message"]["voice"]
    path = ask(telegram, "getFile", file_id=voice["file_id"]).json()["result"]["file_path"]
    assert httpx.get(f"{telegram.address}/file/bot{telegram.token}/{path}").content == b"OggS voice"
    assert httpx.get(f"{telegram.address}/file/bot1:no/{path}").status_code == 404
    assert ask(telegram, "getFile", file_id="none").status_code == 400


def test_a_file_over_20_mb_is_not_given(telegram: TelegramStandin) -> None:
    big = telegram.keep(bytes(20 * 1024 * 1024 + 1), "video/big.mp4")
    assert "too big" in description(ask(telegram, "getFile", file_id=big["file_id"]))


def test_it_fails_as_told_and_once(telegram: TelegramStandin, dara: TelegramPerson) -> None:
    telegram.fail_next("sendMessage", 429, retry_after=7)
    told = ask(telegram, "sendMessage", chat_id=dara.id, text="?")
    assert (told.status_code, told.json()["parameters"]["retry_after"]) == (429, 7)
    telegram.drop_next("sendMessage")
    with pytest.raises(httpx.RemoteProtocolError):
        ask(telegram, "sendMessage", chat_id=dara.id, text="?")
    assert dara.sees() == []
    telegram.drop_next("sendMessage", done=True)
    with pytest.raises(httpx.RemoteProtocolError):
        ask(telegram, "sendMessage", chat_id=dara.id, text="?")
    assert len(dara.sees()) == 1
    assert ask(telegram, "sendMessage", chat_id=dara.id, text="?").status_code == 200
    telegram.pass_next("sendMessage")
    telegram.fail_next("sendMessage", 500)
    answers = [ask(telegram, "sendMessage", chat_id=dara.id, text="?") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 500, 200]


def test_a_second_poller_ends_the_first(telegram: TelegramStandin) -> None:
    seen: list[int] = []
    first = threading.Thread(
        target=lambda: seen.append(ask(telegram, "getUpdates", timeout=10).status_code)
    )
    first.start()
    wait_for(lambda: telegram.calls_of("getUpdates"))
    time.sleep(0.1)
    ask(telegram, "getUpdates")
    first.join(timeout=5)
    assert seen == [409]


def test_a_form_an_upload_and_a_query_are_read_like_json(
    telegram: TelegramStandin, dara: TelegramPerson
) -> None:
    url = f"{telegram.address}/bot{telegram.token}"
    keyboard = json.dumps(markup(["yes"]))
    form = {"chat_id": str(dara.id), "text": "សួរ", "reply_markup": keyboard}
    assert httpx.post(f"{url}/sendMessage", data=form).json()["ok"]
    assert httpx.get(f"{url}/sendMessage", params=form).json()["ok"]
    assert [bubble.buttons[0].payload for bubble in dara.sees()] == ["yes", "yes"]
    files = {"voice": ("v.oga", b"OggS\x00\r\n\xff")}
    sent = httpx.post(f"{url}/sendVoice", data={"chat_id": str(dara.id)}, files=files)
    assert sent.json()["result"]["voice"]["file_size"] == 8
