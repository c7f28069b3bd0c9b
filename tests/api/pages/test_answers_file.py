"""Answers as a file at the desk: looked at before anything is taken over, and judged again."""

import re
from html import unescape

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from api.pages import editing
from bot.content import content, living, rules
from bot.content import exchange as files
from bot.message import Language
from referrals import audit
from tests.api.pages.at_desk import (
    COUNTRY,
    PATH,
    TOPIC,
    acts,
    form,
    guard,
    now_says,
)
from tests.house import Town

pytestmark = pytest.mark.usefixtures("nothing_was_changed_before")


def bring(desk: TestClient, text: str) -> Response:
    sent = {"file": ("answers.yml", text.encode(), "application/yaml")}
    return desk.post("/answers/import", data={"csrf": guard(desk)}, files=sent)


def take(desk: TestClient, page: Response) -> Response:
    hidden = {
        name: re.search(f'name="{name}" value="([^"]*)"', page.text) for name in ("mark", "content")
    }
    given = {name: unescape(found[1]) for name, found in hidden.items() if found}
    # As a browser sends it: in parts, with its own line ends.
    parts = {n: (None, v.replace("\n", "\r\n").encode()) for n, v in given.items()}
    return desk.post("/answers/take-over", files={"csrf": (None, guard(desk).encode()), **parts})


def exported(desk: TestClient) -> str:
    answer = desk.get("/answers/export.yml")
    assert answer.headers["content-disposition"] == "attachment; filename=answers.yml"
    return answer.text


def test_what_is_taken_away_and_brought_back_changes_nothing(desk: TestClient, town: Town) -> None:
    desk.post(PATH, data=form(town, desk, en_simple="Changed: here."))
    text = exported(desk)
    assert "Changed: here." in text
    page = bring(desk, text)
    assert page.status_code == 200
    assert "គ្មានអ្វីត្រូវយកមកប្រើទេ" in page.text


def test_a_file_is_taken_over_after_a_look(desk: TestClient, town: Town) -> None:
    text = exported(desk).replace("Use a bank or a licensed service. Do not", "Use a bank. Do not")
    page = bring(desk, text)
    assert "ចម្លើយ 1 នឹងប្តូរ" in page.text
    assert "Use a bank. Do not" in page.text
    assert now_says(town) in content().faq[TOPIC]
    assert take(desk, page).headers["location"] == "/answers?taken_over=1"
    assert now_says(town).en.simple.startswith("Use a bank. Do not")
    assert acts(town, audit.Act.EDITED) == [(town.people["editor"].member_id, f"{TOPIC}/{COUNTRY}")]


def test_a_change_of_buttons_alone_is_shown_too(desk: TestClient, town: Town) -> None:
    entry = now_says(town).model_copy(update={"related": (), "category": "delayed_deployment"})
    page = bring(desk, files.write({TOPIC: (entry,)})).text
    changed = re.search(r'<p class="soft differs">.*?</p>', page[page.index('id="change-1"') :])
    assert changed
    assert content().label("category.delayed_deployment").name(Language.KM) in changed[0]


def test_a_file_with_one_wrong_answer_changes_none(desk: TestClient, town: Town) -> None:
    text = exported(desk).replace("Use a bank or a licensed service. Do not", "Call 1300. Do not")
    text = text.replace("You can complain without papers.", "You can complain.")
    page = bring(desk, text)
    assert page.status_code == 422
    assert "1300" in page.text
    assert 'action="/answers/take-over"' not in page.text
    with town.site.store.reading() as session:
        assert living.edits(session) == {}


def test_what_is_taken_over_is_judged_again(desk: TestClient, town: Town) -> None:
    text = files.write({TOPIC: (now_says(town),)}).replace("Do not send through", "1300 through")
    forged = {"content": (None, text.encode()), "csrf": (None, guard(desk).encode())}
    assert desk.post("/answers/take-over", files=forged).status_code == 409
    assert now_says(town) in content().faq[TOPIC]


def test_a_change_between_look_and_take_over_is_shown_first(desk: TestClient, town: Town) -> None:
    text = exported(desk).replace("Use a bank or a licensed service. Do not", "Use a bank. Do not")
    page = bring(desk, text)
    desk.post(PATH, data=form(town, desk, en_simple="In between."))
    again = take(desk, page)
    assert again.status_code == 409
    assert "In between." in again.text
    assert now_says(town).en.simple == "In between."
    assert take(desk, again).status_code == 303
    assert now_says(town).en.simple.startswith("Use a bank. Do not")


@pytest.mark.parametrize("text", ["- x", "a: [", "no_topic: []\nx: 1", "\0"])
def test_what_is_no_file_of_answers_is_said_kindly(desk: TestClient, text: str) -> None:
    answer = bring(desk, text)
    assert answer.status_code == 422
    assert "ឯកសារ" in answer.text


def test_the_desk_can_say_every_rule_and_every_problem_of_a_file() -> None:
    assert set(editing.SENTENCES) >= rules.RULES | files.PROBLEMS
