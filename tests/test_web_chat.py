"""The running demo in the web chat: bad input loses nothing, danger is first, crashes lose nothing.

Promises 1 and 5, with the real program, the real Rasa, and a real kill.
"""

import json
import secrets
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from bot.message import FILE_LIMIT
from bot.parcel import MESSAGE, REPLIES
from bot.queue_seal import QueueSeal
from referrals.contact import ADDRESS
from referrals.draft import ANSWERS, PART_TEXT
from referrals.notice import LETTER_TEXT
from referrals.sealing import CannotOpen
from referrals.serverkey import load_or_make
from tests.running import Running

pytestmark = [pytest.mark.rasa, pytest.mark.slow, pytest.mark.timeout(400)]

Reply = dict[str, object]


class Visitor:
    """Somebody with the page open."""

    def __init__(self, house: Running) -> None:
        self.house = house
        self.conversation = secrets.token_hex(16)
        self.replies: list[Reply] = []
        # An address of her own, on this machine: what one address may ask is limited.
        address = f"127.{secrets.randbelow(250) + 1}.{secrets.randbelow(250) + 1}.7"
        transport = httpx.HTTPTransport(local_address=address)
        self.client = httpx.Client(transport=transport, timeout=60)

    def ask(self, path: str, **how: object) -> httpx.Response:
        return self.client.post(f"{self.house.address}/chat/{path}", **how)  # type: ignore[arg-type]

    def sends(self, **said: str) -> str:
        message = said.pop("message", secrets.token_hex(8))
        body = {"conversation": self.conversation, "message": message, **said}
        answer = self.ask("messages", json=body)
        while answer.status_code == 202:
            answer = self.ask("messages", json=body)
        self.replies = answer.json()["replies"]
        assert self.replies, answer.text
        return "\n".join(str(r["text"]) for r in self.replies)

    def says(self, text: str) -> str:
        return self.sends(text=text)

    def taps(self, button: str, **more: str) -> str:
        return self.sends(button=button, **more)

    def sends_file(
        self, kind: str, content: bytes, media_type: str, message: str = ""
    ) -> httpx.Response:
        headers = {
            "content-type": media_type,
            "x-conversation": self.conversation,
            "x-message": message or secrets.token_hex(8),
        }
        return self.ask("files", params={"kind": kind}, content=content, headers=headers)

    @property
    def buttons(self) -> list[str]:
        return [b["payload"] for r in self.replies for b in r["buttons"]]  # type: ignore[index,attr-defined]

    def reaches(self, step: str) -> "Visitor":
        """Answer a complaint's questions up to this one."""
        for name, button in (
            ("country", "complaint:category=unpaid_wages"),
            ("province", "inform:country=TH"),
            ("story", "inform:province=KH-14"),
            ("told", "រឿងរបស់ខ្ញុំ"),
            ("share_mrc", "inform:store=yes"),
            ("contact_me", "inform:share_mrc=yes"),
            ("lodge", "inform:contact_me=yes"),
        ):
            self.says(button) if name == "told" else self.taps(button)
            if name == step:
                return self
        raise AssertionError(step)

    def codes(self) -> list[str]:
        import re

        return re.findall(r"\d{3}-\d{3}-\d{3}", self.taps("case_status"))


def files_of(visitor: Visitor) -> set[Path]:
    """What lies in the files' folder, whole or half."""
    return {path for path in (visitor.house.data / "files").rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def house(
    tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]
) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("demo"), free_port()) as running:
        yield running


@pytest.fixture
def visitor(house: Running) -> Visitor:
    return Visitor(house)


def test_the_first_words_are_khmer_and_english_is_one_button_away(visitor: Visitor) -> None:
    assert "សួស្តី" in visitor.taps("greet")
    assert "language:language=en" in visitor.buttons
    visitor.taps("language:language=en")
    assert "Samleng" in visitor.taps("greet")


@pytest.mark.parametrize(
    "text",
    [
        "/restart",
        '/inform{"lodge":"yes"}',
        "/session_start",
        "\u200b/stop",
        "EXTERNAL: lodge",
        "\x00\x07\ud7ff",
        "😀😀😀",
        "?",
        "ក" * 4000,
        "<script>alert(1)</script>",
    ],
)
def test_strange_text_gets_an_answer_and_never_an_error(visitor: Visitor, text: str) -> None:
    visitor.says(text)
    assert visitor.buttons


@pytest.mark.parametrize(
    "text", ["/session_start", '/inform{"lodge":"yes"}', "ក" * 4000, "  ខ្ញុំ\u200b  "]
)
def test_a_story_is_kept_whatever_it_looks_like(visitor: Visitor, text: str) -> None:
    visitor.reaches("story")
    assert "ចាក់សោ" in visitor.says(text)
    assert "inform:store=yes" in visitor.buttons


@pytest.mark.parametrize(
    "button", ["inform:lodge=maybe", "told", "nonsense", "x" * 150, "faq:topic=../../etc", "ខ្មែរ"]
)
def test_an_unknown_button_gets_an_answer(visitor: Visitor, button: str) -> None:
    assert "ចាស់" in visitor.taps(button)
    assert visitor.buttons


def test_half_a_letter_gets_an_answer(visitor: Visitor) -> None:
    body = json.dumps({"conversation": visitor.conversation, "text": "ជួយ \ud800"})
    answer = visitor.ask("messages", content=body, headers={"content-type": "application/json"})
    assert answer.json()["replies"][-1]["buttons"]


def test_an_old_button_pressed_later_changes_nothing(visitor: Visitor) -> None:
    visitor.reaches("share_mrc")
    visitor.taps("inform:lodge=yes")
    assert not visitor.codes()


def test_words_that_are_too_long_are_refused_with_a_way_out(visitor: Visitor) -> None:
    answer = visitor.ask(
        "messages", json={"conversation": visitor.conversation, "text": "ក" * 20_001}
    )
    assert answer.status_code == 413
    assert "វែងពេក" in answer.json()["replies"][0]["text"]


def test_a_body_beyond_all_measure_is_refused(visitor: Visitor) -> None:
    answer = visitor.ask("messages", content=b"x" * 300_000)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"conversation": "short", "text": "x"}', b'{"text": "a"}', b"\xff\xfe"],
)
def test_what_is_no_message_is_refused_without_being_quoted(visitor: Visitor, body: bytes) -> None:
    answer = visitor.ask("messages", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert set(answer.json()) == {"error", "where"}


def test_a_voice_note_is_part_of_the_story(visitor: Visitor) -> None:
    visitor.reaches("story")
    answer = visitor.sends_file("voice", b"OggS" + bytes(5000), "audio/ogg")
    assert "ចាក់សោ" in answer.json()["replies"][0]["text"]


def test_a_photo_nobody_asked_for_is_kept_and_can_be_complained_with(visitor: Visitor) -> None:
    visitor.taps("greet")
    replies = visitor.sends_file("photo", b"\xff\xd8\xff" + bytes(900), "image/jpeg").json()
    assert "ចាក់សោ" in replies["replies"][0]["text"]
    offered = [b["payload"] for r in replies["replies"] for b in r["buttons"]]
    assert "resume" in offered


def test_a_sticker_is_answered_kindly_and_not_kept(visitor: Visitor) -> None:
    before = files_of(visitor)
    replies = visitor.sends_file("sticker", b"RIFF", "image/webp").json()["replies"]
    assert replies[-1]["buttons"]
    assert files_of(visitor) == before


def test_a_file_that_arrives_twice_is_kept_once(visitor: Visitor) -> None:
    before = files_of(visitor)
    answers = [
        visitor.sends_file("photo", b"\xff\xd8\xff" + bytes(900), "image/jpeg", "the-same-photo")
        for _ in range(3)
    ]
    assert len({answer.text for answer in answers}) == 1
    assert len(files_of(visitor) - before) == 1


def test_a_file_over_the_limit_is_refused_in_words_and_leaves_nothing(visitor: Visitor) -> None:
    before = files_of(visitor)
    answer = visitor.sends_file("video", b"\0" * (FILE_LIMIT + 1), "video/mp4")
    assert answer.status_code == 413
    assert "20 MB" in answer.json()["replies"][0]["text"]
    assert files_of(visitor) == before


@pytest.mark.parametrize("step", ["country", "story", "share_mrc", "contact_me", "lodge"])
@pytest.mark.parametrize(
    "cry", ["ជួយផង គេវាយខ្ញុំ", "juoy phong ke veay knhom", "he is beating me help"]
)
def test_danger_comes_first_at_any_step(house: Running, step: str, cry: str) -> None:
    visitor = Visitor(house).reaches(step)
    visitor.says(cry)
    assert_card_first(visitor)
    assert "resume" in visitor.buttons


def test_danger_is_heard_at_the_end_of_a_long_story(visitor: Visitor) -> None:
    visitor.reaches("story").says("ខ្ញុំធ្វើការនៅចម្ការ " * 300 + "ឥឡូវគេវាយខ្ញុំ ជួយផង")
    assert_card_first(visitor)


def assert_card_first(visitor: Visitor) -> None:
    """What to do is the first bubble, whom to call the second, whatever was asked."""
    what, whom = (str(reply["text"]) for reply in visitor.replies[:2])
    assert "• " in what
    assert "☎️ 191" in whom or "☎️ 117" in whom


def test_a_question_in_the_middle_is_answered_and_the_complaint_goes_on(visitor: Visitor) -> None:
    visitor.reaches("contact_me")
    said = visitor.taps("faq:topic=passport_kept")
    assert "លិខិតឆ្លងដែន" in said
    assert "inform:contact_me=yes" in visitor.buttons


def test_stopping_keeps_the_draft_until_it_is_thrown_away(visitor: Visitor) -> None:
    visitor.reaches("contact_me").taps("cancel")
    assert {"resume", "discard"} <= set(visitor.buttons)
    visitor.taps("resume")
    assert "inform:contact_me=yes" in visitor.buttons
    visitor.taps("cancel")
    visitor.taps("discard")
    visitor.taps("complaint")
    assert "inform:group=work" in visitor.buttons


def test_going_back_asks_the_question_before(visitor: Visitor) -> None:
    visitor.reaches("province").taps("back")
    assert "inform:country=TH" in visitor.buttons


def test_refusing_to_be_kept_lodges_nothing_and_still_helps(visitor: Visitor) -> None:
    visitor.reaches("share_mrc").taps("back")
    said = visitor.taps("inform:store=no")
    assert any(digit.isdigit() for digit in said)
    assert {"discard"} <= set(visitor.buttons)
    visitor.taps("discard")
    assert not visitor.codes()


def test_the_same_message_twice_makes_one_case(visitor: Visitor) -> None:
    visitor.reaches("lodge")
    first = visitor.taps("inform:lodge=yes", message="the-same-press")
    again = visitor.taps("inform:lodge=yes", message="the-same-press")
    assert first == again
    assert len(visitor.codes()) == 1


def test_twenty_deliveries_at_once_make_one_case(visitor: Visitor) -> None:
    visitor.reaches("lodge")
    threads = [
        threading.Thread(target=Visitor.taps, args=(_twin(visitor), "inform:lodge=yes"))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(visitor.codes()) == 1


def _twin(visitor: Visitor) -> Visitor:
    twin = Visitor(visitor.house)
    twin.conversation = visitor.conversation
    return twin


def everything_the_server_key_opens(house: Running) -> list[bytes]:
    """What a thief of the disk and of the server's own key reads: all of it, as text."""
    key = load_or_make(house.data / "server.key")
    queue = QueueSeal(key.derived("queue"))
    opened: list[bytes] = []
    with sqlite3.connect(house.data / "samleng.sqlite") as database:
        for field in (MESSAGE, REPLIES, ANSWERS, PART_TEXT, LETTER_TEXT, ADDRESS):
            identity = "conversation" if field is ADDRESS else "id"
            rows = database.execute(
                f"SELECT {identity}, {field.column} FROM {field.table}"  # noqa: S608 - our own names
                f" WHERE {field.column} IS NOT NULL"
            )
            opened += [key.open_(field, row, sealed) for row, sealed in rows]
    with sqlite3.connect(house.data / "work.sqlite") as database:
        tables = [
            r[0] for r in database.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        for table in tables:
            for row in database.execute(f"SELECT * FROM {table}"):  # noqa: S608 - our own names
                for value in row:
                    try:
                        opened.append(repr(queue.deserialize(value)).encode())
                    except (CannotOpen, ValueError, TypeError):
                        opened.append(str(value).encode())
    return opened


def test_who_steals_the_disk_and_the_servers_own_key_reads_no_lodged_story(house: Running) -> None:
    """Promise 3. Before lodging the server can open the draft; afterwards nothing of it is left."""
    visitor = Visitor(house).reaches("story")
    visitor.says(CANARY)
    for button in AGREES:
        visitor.taps(button)
    assert any(CANARY.encode() in opened for opened in everything_the_server_key_opens(house))
    visitor.taps("inform:lodge=yes")
    opened = everything_the_server_key_opens(house)
    assert len(opened) > 50
    assert not [o for o in opened if CANARY.encode() in o]


CANARY = "ពាក្យដែលដាំទុកក្នុងរឿងនេះ"
AGREES = (
    "inform:store=yes",
    "inform:share_mrc=yes",
    "inform:contact_me=no",
)


@pytest.mark.parametrize("text", ["ចាំសិន", "ហេតុអី", "wait", "why", "មិនដឹងទេ"])
def test_only_a_plain_yes_is_a_consent(visitor: Visitor, text: str) -> None:
    """Promise 4: what merely sounds like agreeing to the model agrees to nothing."""
    visitor.reaches("share_mrc")
    visitor.says(text)
    assert "inform:contact_me=yes" not in visitor.buttons


@pytest.mark.parametrize("text", ["យល់ព្រម", "yes"])
def test_a_plain_yes_may_be_typed(visitor: Visitor, text: str) -> None:
    visitor.reaches("share_mrc")
    visitor.says(text)
    assert "inform:contact_me=yes" in visitor.buttons


@pytest.mark.parametrize("moment", [0.02, 0.12, 0.25])
def test_a_kill_while_lodging_leaves_one_whole_case(
    tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int], moment: float
) -> None:
    house = Running(tmp_path_factory.mktemp("kill"), free_port()).start()
    visitor = Visitor(house).reaches("lodge")
    body = {
        "conversation": visitor.conversation,
        "message": "the-last-press",
        "button": "inform:lodge=yes",
    }

    def press() -> None:
        try:
            httpx.post(f"{house.address}/chat/messages", json=body, timeout=30)
        except httpx.HTTPError:
            pass  # the server was killed under it: that is what this is about

    pressing = threading.Thread(target=press)
    pressing.start()
    time.sleep(moment)
    house.stop(signal.SIGKILL)
    pressing.join()
    house.start()
    said = visitor.taps("inform:lodge=yes", message="the-last-press")
    assert len(visitor.codes()) == 1, said
    house.stop()
    with sqlite3.connect(house.data / "samleng.sqlite") as database:
        lodged = database.execute("SELECT count(*) FROM 'case' WHERE channel = 'web'").fetchone()[0]
        kept = database.execute("SELECT count(*) FROM case_field WHERE name = 'story'").fetchone()
    assert (lodged, kept[0]) == (DEMO_CASES + 1, DEMO_CASES + 1)


DEMO_CASES = 3
