"""News at the desk: written, looked at, sent after a second question, watched and stopped."""

import html
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.routing import APIRoute
from sqlmodel import col, delete, select
from starlette.staticfiles import StaticFiles

from api import pages
from api.pages import news as desk
from api.pages.page import STATIC
from api.parts import Parts
from api.settings import Settings
from bot import broadcast, news
from bot.broadcast import Terms
from bot.content import content
from bot.news import Alert, AlertDelivery, AlertState, Delivery, NewsSubscription
from bot.when import QuietHours
from referrals import audit
from referrals.installation import Mode
from referrals.taxonomy import PartnerType, Role
from tests.api.pages.at_door import shows_code
from tests.api.pages.conftest import serving
from tests.api.pages.newsroom import FORM, Desk, Newsroom, drafts, id_of, over, said, told
from tests.bot.sending import asks_for as asks
from tests.bot.sending import (
    ends,
    heard_from,
    new_site,
    on_telegram,
    result,
    sending,
    settings_of,
    state,
)
from tests.house import PASSWORD, START, Clock, Town
from tests.standins import wait_for
from tests.standins.telegram import TelegramStandin

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    folder, clock = tmp_path_factory.mktemp("newsroom"), Clock()
    site = new_site(folder / "data", clock=clock)
    town = Town(site, clock)
    town.comes("editor@example.org", None, "Sokha", Role.EDITOR)
    town.joins("mrc", PartnerType.MRC, "KH-14")
    before, broadcast._terms = broadcast._terms, Terms(work=2, nap=0.3)
    with TelegramStandin() as telegram:
        channels = settings_of(telegram)
        with sending(site, channels, folder, quiet=QuietHours(), per_second=30) as turns:
            app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
            app.mount("/static", StaticFiles(directory=STATIC), name="static")
            for router in pages.routers:
                app.include_router(router)
            app.state.parts = Parts(
                Settings(data_dir=folder / "settings"),
                site,
                content(),
                Mode.REAL,
                turns,
                "unused",
                lambda _: None,
            )

            @app.exception_handler(HTTPException)
            def refused(request: Request, error: HTTPException) -> Response:
                return pages.error(request, error.status_code)

            yield Newsroom(site, clock, telegram, app)
    broadcast._terms = before


@pytest.fixture
def room(newsroom: Newsroom) -> Newsroom:
    """The newsroom, in the afternoon, with nobody who asked for news and nothing written."""
    newsroom.clock.now = START
    with newsroom.site.store.writing() as session:
        for table in (AlertDelivery, Alert, NewsSubscription):
            session.exec(delete(table))
    return newsroom


@pytest.fixture
def editor(room: Newsroom) -> Desk:
    return room.visitor()


# ---- who


def test_news_is_the_editors_alone(room: Newsroom) -> None:
    counsellor = room.visitor("mrc")
    for route in desk.router.routes:
        assert isinstance(route, APIRoute)
        for method in route.methods:
            answer = counsellor.client.request(method, route.path.replace("{alert_id}", "x"))
            assert answer.status_code == 403, route.path


def test_a_form_without_its_guard_changes_nothing(room: Newsroom, editor: Desk) -> None:
    path = editor.writes()
    for form in ("/news/new", *(f"{path}/{act}" for act in ("change", "discard", "send", "stop"))):
        assert editor.client.post(form, data={**FORM, "told": "0"}).status_code == 419
    assert [alert.state for alert in drafts(room)] == [AlertState.DRAFT]


def test_what_is_not_there_is_not_found(editor: Desk) -> None:
    for page in ("", "/send", "/change", "/progress"):
        assert editor.client.get(f"/news/nothing{page}").status_code == 404
    for act in ("change", "discard", "send", "stop"):
        answer = editor.sends(f"/news/nothing/{act}", **FORM, told="1")
        assert answer.status_code == 404, act


# ---- writing


def test_a_draft_is_kept_changed_and_thrown_away(room: Newsroom, editor: Desk) -> None:
    path = editor.writes()
    assert FORM["text_en"] in said(editor.reads("/news"))
    changed = editor.changes(path, **{**FORM, "country": "MY"})
    assert changed.headers["location"] == f"{path}?saved=change"
    assert "Nothing is sent yet" in said(editor.reads(f"{path}?saved=change"))
    assert [alert.country for alert in drafts(room)] == ["MY"]
    assert editor.sends(f"{path}/discard").headers["location"] == "/news"
    assert drafts(room) == []


@pytest.mark.parametrize(
    ("field", "wrong", "rule"),
    [
        ("text_km", "សូមហៅទៅលេខ 1280", "number that could be called"),
        ("text_en", "Call 012 345 678 now.", "number that could be called"),
        ("text_en", "Call +66 2 957 5880.", "number that could be called"),
        ("text_en", "Call {1280} now.", "number that could be called"),
        ("source_en", "Hotline 1280", "number that could be called"),
        ("text_en", "", "no words in this language"),
        ("text_en", "x" * 351, "too long"),
        ("text_en", "ភាសាខ្មែរ", "Khmer in the English words"),
        ("text_km", "English only", "no Khmer in the Khmer words"),
        ("as_of", "2026-02-30", "no such day"),
        ("as_of", "2026-11-22", "still to come"),
        ("country", "KR", "no such code"),
        ("country", "", "no such code"),
    ],
)
def test_what_cannot_be_said_is_refused_and_nothing_typed_is_lost(
    room: Newsroom, editor: Desk, field: str, wrong: str, rule: str
) -> None:
    typed = {**FORM, field: wrong}
    answer = editor.sends("/news/new", **typed)
    assert answer.status_code == 422
    assert rule in said(answer.text)
    page = html.unescape(answer.text)
    for name, words in typed.items():
        if name != "country":
            assert f'value="{words}"' in page or f">{words}</textarea>" in page, name
        elif words in news.COUNTRIES:
            assert f'<option value="{words}" selected>' in page
    assert drafts(room) == []


def test_a_number_is_refused_even_when_it_is_one_of_ours(editor: Desk) -> None:
    """It may have stopped working when somebody reads the news again."""
    ours = next(iter(content().contacts.values())).phone.partition(" / ")[0]
    answer = editor.sends("/news/new", **{**FORM, "text_en": f"Call {ours}."})
    assert answer.status_code == 422
    assert "number that could be called" in said(answer.text)


def test_news_is_one_bubble_whatever_was_typed(room: Newsroom, editor: Desk) -> None:
    editor.writes(text_en="First.\r\n\r\n  \r\nSecond.\r\n")
    assert [alert.text_en for alert in drafts(room)] == ["First.\nSecond."]


# ---- sending


def test_the_number_that_is_agreed_to_is_the_number_it_goes_to(
    room: Newsroom, editor: Desk
) -> None:
    people = [on_telegram(room.site, room.telegram, "TH") for _ in range(2)]
    on_telegram(room.site, room.telegram, "MY")
    asks(room.site, heard_from(room.site, "web", "w-1"), "any")
    path = editor.writes()
    for page in (editor.reads(path), editor.reads(f"{path}/send")):
        assert "Goes now to: 2 (Telegram: 2)" in said(page)
        assert "See it when they next write: 1 (This website: 1)" in said(page)
    question = editor.reads(f"{path}/send")
    assert "Send it to 3 people" in said(question)
    assert [len(person.bubbles) for person in people] == [0, 0]
    assert editor.lets_go(path).headers["location"] == path
    counts = ends(room.site, id_of(path))
    assert counts == {Delivery.SENT: 2, Delivery.LATER: 1}
    page = said(editor.reads(path))
    assert "Arrived 2" in page
    assert "See it when they next write 1" in page


def test_the_preview_is_what_arrives(room: Newsroom, editor: Desk) -> None:
    person = on_telegram(room.site, room.telegram, "TH")
    path = editor.writes()
    shown = re.search(r'<ol class="chat-preview" lang="km".*?</ol>', editor.reads(path), re.DOTALL)
    assert shown
    editor.lets_go(path)
    bubble = wait_for(lambda: person.bubbles)[0]
    assert said(bubble.text).strip() in said(shown[0])
    assert all(choice.title in said(shown[0]) for choice in bubble.buttons)


def test_nothing_is_sent_without_the_second_question(room: Newsroom, editor: Desk) -> None:
    on_telegram(room.site, room.telegram, "TH")
    path = editor.writes()
    assert 'name="told"' not in editor.reads(path)
    assert editor.sends(f"{path}/send").headers["location"] == f"{path}/send"
    assert state(room.site, id_of(path)) == AlertState.DRAFT


def test_when_the_number_changed_it_is_asked_again(room: Newsroom, editor: Desk) -> None:
    person = on_telegram(room.site, room.telegram, "TH")
    path = editor.writes()
    question = editor.reads(f"{path}/send")
    on_telegram(room.site, room.telegram, "TH")
    answer = editor.sends(f"{path}/send", told=told(question), over=over(question))
    assert answer.status_code == 409
    assert told(answer.text) == "2"
    assert state(room.site, id_of(path)) == AlertState.DRAFT
    assert person.bubbles == []


def test_when_the_words_changed_it_is_asked_again(room: Newsroom, editor: Desk) -> None:
    person = on_telegram(room.site, room.telegram, "TH")
    path = editor.writes()
    question = editor.reads(f"{path}/send")
    room.visitor().changes(path, **{**FORM, "text_en": "Somebody else's words."})
    answer = editor.sends(f"{path}/send", told=told(question), over=over(question))
    assert answer.status_code == 409
    assert "Somebody else's words." in said(answer.text)
    assert "Nothing was sent" in said(answer.text)
    assert state(room.site, id_of(path)) == AlertState.DRAFT
    assert person.bubbles == []


def test_two_editors_of_one_draft_lose_nothing(room: Newsroom, editor: Desk) -> None:
    path = editor.writes()
    opened = over(editor.reads(f"{path}/change"))
    room.visitor().changes(path, **{**FORM, "text_en": "Theirs."})
    mine = {**FORM, "text_en": "Mine."}
    answer = editor.sends(f"{path}/change", over=opened, **mine)
    assert answer.status_code == 409
    assert "Theirs." in answer.text
    assert ">Mine.</textarea>" in answer.text
    assert [alert.text_en for alert in drafts(room)] == ["Theirs."]
    editor.sends(f"{path}/change", over=over(answer.text), **mine)
    assert [alert.text_en for alert in drafts(room)] == ["Mine."]


def test_pressed_twice_it_is_sent_once(room: Newsroom, editor: Desk) -> None:
    person = on_telegram(room.site, room.telegram, "TH")
    path = editor.writes()
    pressed = {"told": "1", "over": over(editor.reads(f"{path}/send"))}
    for _ in range(3):
        assert editor.sends(f"{path}/send", **pressed).headers["location"] == path
    ends(room.site, id_of(path))
    assert editor.sends(f"{path}/send", **pressed).headers["location"] == path
    time.sleep(0.3)
    assert len(person.bubbles) == 1


def test_with_nobody_to_send_to_nothing_can_be_sent(room: Newsroom, editor: Desk) -> None:
    path = editor.writes()
    for page in (editor.reads(path), editor.reads(f"{path}/send")):
        assert "Nobody asked for this news yet" in said(page)
        assert 'name="told"' not in page


def test_what_was_sent_is_never_changed(room: Newsroom, editor: Desk) -> None:
    on_telegram(room.site, room.telegram, "TH")
    path = editor.writes()
    editor.lets_go(path)
    ends(room.site, id_of(path))
    assert editor.client.get(f"{path}/change").headers["location"] == path
    late = editor.sends(f"{path}/change", **{**FORM, "text_en": "Something else."})
    assert late.headers["location"] == path
    assert "Nothing is sent yet" not in said(editor.reads(f"{path}?saved=change"))
    assert editor.sends(f"{path}/discard").headers["location"] == path
    assert [alert.text_en for alert in drafts(room)] == [FORM["text_en"]]


def test_it_can_be_stopped_and_says_to_how_many_it_was_not_sent(
    room: Newsroom, editor: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast, "_terms", Terms(per_second=5, work=2, nap=0.3))
    people = [on_telegram(room.site, room.telegram, "TH") for _ in range(30)]
    path = editor.writes()
    editor.lets_go(path)
    wait_for(lambda: sum(len(person.bubbles) for person in people) >= 2)
    live = editor.client.get(f"{path}/progress").json()
    assert live["state"] == "sending"
    assert 1 <= live["handled"] == live["counts"]["sent"] < 30
    editor.sends(f"{path}/stop")
    time.sleep(0.5)
    counts = result(room.site, id_of(path))
    page = said(editor.reads(path))
    assert f"Not sent {counts[Delivery.WAITING]}" in page
    assert f"Arrived {counts[Delivery.SENT]}" in page
    assert "Stopped" in page


def test_what_was_sent_can_still_be_kept_from_those_who_write_later(
    room: Newsroom, editor: Desk
) -> None:
    her = heard_from(room.site, "web", "w-2")
    asks(room.site, her, "TH")
    path = editor.writes()
    editor.lets_go(path)
    ends(room.site, id_of(path))
    assert "Show it to nobody else" in said(editor.reads(path))
    editor.sends(f"{path}/stop")
    with room.site.store.reading() as session:
        assert news.due(session, her, room.clock()) == []
    assert "Show it to nobody else" not in said(editor.reads(path))


def test_at_night_the_page_says_that_it_waits_for_the_morning(room: Newsroom) -> None:
    person = on_telegram(room.site, room.telegram, "TH")
    room.clock.pass_(hours=7)  # 22:00 in Phnom Penh
    editor = room.visitor()
    path = editor.writes()
    assert "It would wait until 22 Nov 2026 07:00" in said(editor.reads(path))
    editor.lets_go(path)
    assert "It waits for the morning: until 22 Nov 2026 07:00" in said(editor.reads(path))
    assert editor.client.get(f"{path}/progress").json()["asleep"] is True
    assert person.bubbles == []
    room.clock.pass_(hours=9)
    assert ends(room.site, id_of(path)) == {Delivery.SENT: 1}


def test_who_did_what_is_written_down(room: Newsroom, editor: Desk) -> None:
    on_telegram(room.site, room.telegram, "TH")
    path = editor.writes()
    editor.lets_go(path)
    ends(room.site, id_of(path))
    editor.sends(f"{path}/stop")
    with room.site.store.reading() as session:
        noted = session.exec(
            select(audit.AuditRow.subject)
            .where(
                audit.AuditRow.act == audit.Act.NEWS,
                col(audit.AuditRow.subject).startswith(id_of(path)),
            )
            .order_by(col(audit.AuditRow.id))
        ).all()
    assert [subject.partition(" ")[2] for subject in noted if subject] == [
        "draft",
        "sending",
        "stopped",
    ]


@pytest.mark.browser
def test_an_editor_writes_sends_and_watches_it_arrive(
    room: Newsroom, browser: "Browser", monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(broadcast, "_terms", Terms(per_second=4, work=5, nap=0.3))
    people = [on_telegram(room.site, room.telegram, "TH") for _ in range(16)]
    with serving(room.app) as address:
        page = browser.new_context(
            locale="km-KH", viewport={"width": 360, "height": 740}
        ).new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))

        def fits() -> None:
            over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert over <= 0, page.url

        page.goto(f"{address}/sign-in")
        page.fill("input[name=email]", "editor@example.org")
        page.fill("input[name=password]", PASSWORD)
        page.click("form[action='/sign-in'] button.strong")
        shows_code(page, room.site, "editor@example.org")
        page.wait_for_url("**/answers")
        page.goto(f"{address}/news")
        fits()
        page.click("a[href='/news/new']")
        page.select_option("select[name=country]", "TH")
        for name in ("text_km", "text_en", "source_km", "source_en", "as_of"):
            page.fill(f"[name={name}]", FORM[name])
        fits()
        page.click("form.edit button.strong")
        page.wait_for_selector(".chat-preview")
        fits()
        page.click("a[href$='/send']")
        fits()
        page.click("form[action$='/send'] button.strong")
        page.wait_for_selector("#live[data-progress]")
        fits()
        page.wait_for_function(
            "() => { const n = +document.getElementById('handled').textContent;"
            " return n > 0 && n < 16 }"
        )
        page.wait_for_selector(".chip.news-done", timeout=20_000)  # nobody pressed anything
        assert page.inner_text("#handled") == "16"
        fits()
        page.screenshot(path=tmp_path / "done.png", full_page=True)
        assert wrong == []
    assert [len(person.bubbles) for person in people] == [1] * 16
