"""A counsellor lodges for a walk-in: whose visit it is, who is refused, what is left of it.

The stand-in dialogue is in at_counter.py; everything else is the program, over HTTP.
"""

from collections.abc import Iterator

import pytest
from limits import RateLimitItemPerHour
from sqlmodel import select

from api import limits
from api.limits import PER_KEY
from api.pages.assist import receipt_in
from api.sessions import IDLE
from bot import durable
from bot.message import ChannelName
from referrals import assisted, draft
from tests.api.pages.at_counter import SECRET, Counter, Desk, counter
from tests.api.pages.conftest import serving

STORY = "ថៅកែយកលិខិតឆ្លងដែនខ្ញុំ"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Counter:
    return counter(tmp_path_factory.mktemp("counter"))


@pytest.fixture(scope="module")
def address(house: Counter) -> Iterator[str]:
    with serving(house.app) as where:
        yield where


@pytest.fixture(autouse=True)
def nothing_was_said_before(house: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    house.heard.clear()
    monkeypatch.setattr(durable, "converse", house.turn)


@pytest.fixture
def desk(address: str, house: Counter) -> Desk:
    return Desk(address, "mrc", site=house.town.site)


def helper_of(house: Counter, conversation: str) -> str | None:
    with house.town.site.store.reading() as session:
        return assisted.helper_of(session, conversation)


def has_draft(house: Counter, conversation: str) -> bool:
    with house.town.site.store.reading() as session:
        return draft.find(session, conversation) is not None


@pytest.mark.parametrize(
    ("name", "status"), [("mrc", 200), ("worker", 200), ("editor", 403), ("administrator", 403)]
)
def test_only_who_works_on_cases_helps(
    address: str, house: Counter, name: str, status: int
) -> None:
    desk = Desk(address, name, site=house.town.site)
    assert desk.client.get("/assist").status_code == status
    assert desk.client.get("/assist/chat").status_code == status
    assert desk.calls("visits", {}).status_code == status
    link = 'href="/assist"' in desk.client.get("/members").text
    assert link == (status == 200)


def test_who_is_not_signed_in_is_shown_the_way_in_and_her_script_is_told(desk: Desk) -> None:
    visit = desk.begins()
    desk.client.cookies.clear()
    for path in ("/assist", "/assist/chat"):
        assert desk.client.get(path).headers["location"] == "/sign-in"
    assert desk.calls("visits", {}).status_code == 401
    assert desk.says(visit, STORY).status_code == 401


def test_a_visit_is_a_conversation_of_its_own_and_its_helper_is_known(
    house: Counter, desk: Desk
) -> None:
    for _ in range(2):
        assert desk.says(desk.begins(), STORY).json()["replies"]
    first, second = house.heard
    assert first.conversation != second.conversation
    assert first.channel is ChannelName.WEB
    me = house.town.people["mrc"].member_id
    assert [helper_of(house, each.conversation) for each in house.heard] == [me, me]


@pytest.mark.parametrize("other", ["worker", "lawyer", "mrc"])
def test_another_session_cannot_go_on_with_a_visit(
    house: Counter, address: str, desk: Desk, other: str
) -> None:
    """Neither a colleague's nor another one of the same member."""
    visit = desk.begins()
    stranger = Desk(address, other, site=house.town.site)
    assert stranger.says(visit, STORY).status_code == 404
    assert stranger.taps(visit, "inform:lodge=yes").status_code == 404
    given = {"x-visit": visit, "x-csrf": stranger.csrf}
    assert stranger.client.post(
        "/assist/files?kind=photo", content=b"x", headers=given
    ).status_code == 404  # fmt: skip
    assert house.heard == []


def test_a_visitors_page_cannot_reach_a_visit(house: Counter, desk: Desk) -> None:
    visit = desk.begins()
    desk.says(visit, STORY)
    for name in (visit, f"assisted:{desk.csrf}:{visit}"):
        desk.client.post("/chat/messages", json={"conversation": name, "button": "greet"})
    assert [m.button for m in house.heard] == [None, "greet"]
    assert len(house.conversations()) == 2
    assert helper_of(house, house.heard[1].conversation) is None


def test_a_visit_that_nobody_began_does_not_exist(house: Counter, desk: Desk) -> None:
    assert desk.says("0" * 32, STORY).status_code == 404
    assert desk.says("../../etc", STORY).status_code == 422
    assert house.heard == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"x-csrf": "another"}, 419),
        ({"x-csrf": ""}, 419),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"origin": "https://elsewhere.example"}, 403),
    ],
)
def test_another_site_cannot_speak_for_a_signed_in_member(
    house: Counter, desk: Desk, headers: dict[str, str], status: int
) -> None:
    visit = desk.begins()
    body = {"visit": visit, "button": "inform:lodge=yes"}
    assert desk.calls("visits", {}, **headers).status_code == status
    assert desk.calls("messages", body, **headers).status_code == status
    assert desk.calls("end", {"visit": visit}, **headers).status_code == status
    given = {"x-visit": visit, "x-csrf": desk.csrf} | headers
    path = "/assist/files?kind=photo"
    assert desk.client.post(path, content=b"x", headers=given).status_code == status
    assert house.heard == []
    assert desk.says(visit, STORY).status_code == 200


def test_the_conversation_ends_with_the_session(house: Counter, address: str, desk: Desk) -> None:
    visit = desk.begins()
    desk.client.post("/sign-out", data={"csrf": desk.csrf})
    assert desk.says(visit, STORY).status_code == 401
    again = Desk(address, "mrc", site=house.town.site)
    assert again.says(visit, STORY).status_code == 404
    later = again.begins()
    house.town.clock.now += IDLE * 1.1
    assert again.says(later, STORY).status_code == 401
    assert house.heard == []


def test_a_file_comes_in_on_the_same_road(house: Counter, desk: Desk) -> None:
    visit = desk.begins()
    desk.says(visit, STORY)
    given = {"x-visit": visit, "x-csrf": desk.csrf, "content-type": "audio/webm"}
    path = "/assist/files?kind=voice"
    assert desk.client.post(path, content=b"\x1aE\xdf\xa3", headers=given).json()["replies"]
    assert desk.client.post(path, content=b"", headers=given).status_code == 400
    assert len(house.conversations()) == 1
    assert [a.kind.value for m in house.heard for a in m.attachments] == ["voice"]


def test_ending_destroys_what_was_not_sent_and_nobody_goes_on(house: Counter, desk: Desk) -> None:
    visit = desk.begins()
    desk.says(visit, STORY)
    (conversation,) = house.conversations()
    assert has_draft(house, conversation)
    for _ in range(2):
        assert desk.calls("end", {"visit": visit}).status_code == 204
    assert not has_draft(house, conversation)
    assert helper_of(house, conversation) is None
    assert desk.says(visit, STORY).status_code == 404
    assert len(house.heard) == 1


def test_a_stranger_cannot_end_a_visit(house: Counter, address: str, desk: Desk) -> None:
    visit = desk.begins()
    desk.says(visit, STORY)
    Desk(address, "worker", site=house.town.site).calls("end", {"visit": visit})
    (conversation,) = house.conversations()
    assert has_draft(house, conversation)
    assert desk.says(visit, STORY).status_code == 200


def test_the_limit_is_the_members_however_many_visits_she_begins(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits._storage.reset()
    monkeypatch.setitem(PER_KEY, "chat", RateLimitItemPerHour(6))  # a slow machine takes minutes
    answers = [desk.taps(desk.begins(), "greet").status_code for _ in range(3)]
    assert answers == [200] * 3
    assert desk.calls("visits", {}).status_code == 429


def test_the_receipt_tells_what_belongs_on_the_paper(house: Counter, desk: Desk) -> None:
    visit = desk.begins()
    assert "receipt" not in desk.says(visit, STORY).json()
    answer = desk.taps(visit, "inform:lodge=yes").json()
    code = answer["receipt"]["code"]
    assert answer["receipt"] == {"code": code, "secret": SECRET}
    assert code in answer["replies"][1]["text"]
    assert "receipt" not in desk.taps(visit, "greet").json()


@pytest.mark.parametrize("secret", ["40719326", "4071 9326", "4071-9326"])
def test_a_secret_is_found_however_its_digits_are_grouped(secret: str) -> None:
    same = [f"code 482-913-057, secret {secret}."]
    apart = ["21 11 2026", f"secret: {secret}", "code: 482-913-057"]
    for texts in (same, apart):
        found = receipt_in(["111-111-111", "482-913-057"], texts)
        assert found == {"code": "482-913-057", "secret": secret}


@pytest.mark.parametrize(
    "texts",
    [
        [],
        ["482-913-057"],
        ["4071 9326"],
        ["482-913-057, 2026-11-21, ☎ 012 345 678, 1297, group 12-34-56-78, r=ab40719326"],
        ["111-222-333 4071 9326"],
    ],
)
def test_half_a_paper_is_none(texts: list[str]) -> None:
    assert receipt_in(["482-913-057"], texts) == {}


def test_no_cache_keeps_a_page_or_an_answer(desk: Desk) -> None:
    visit = desk.begins()
    answers = [desk.client.get("/assist"), desk.client.get("/assist/chat"), desk.says(visit, STORY)]
    assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}


def test_the_helper_is_kept_by_a_pseudonym_and_no_word(house: Counter, desk: Desk) -> None:
    visit = desk.begins()
    desk.says(visit, STORY)
    with house.town.site.store.reading() as session:
        rows = session.exec(select(assisted.Assisted)).all()
    assert rows
    assert not [row for row in rows if visit in row.conversation or len(row.conversation) != 64]
