"""An editor in a real Chromium: a phone's width, Khmer, no mouse, and a line that breaks."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect
from sqlmodel import delete

from bot.content import living
from referrals.taxonomy import Role
from tests.api.pages.at_door import shows_code
from tests.api.pages.conftest import serving
from tests.house import PASSWORD, Town, build_town

pytestmark = pytest.mark.browser

PATH = "/answers/send_money/any"
NEW = "សូមផ្ញើតាមធនាគារ។"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    built = build_town(tmp_path_factory.mktemp("town"))
    built.comes("editor@example.org", None, "editor", Role.EDITOR)
    return built


@pytest.fixture(scope="module")
def address(app: FastAPI) -> Iterator[str]:
    with serving(app) as where:
        yield where


@pytest.fixture
def page(browser: Browser, town: Town) -> Iterator[Page]:
    town.clock.pass_(seconds=1)
    with town.site.store.writing() as session:
        session.exec(delete(living.AnswerVersion))
    size = {"width": 360, "height": 740}
    context = browser.new_context(viewport=size, locale="km-KH", reduced_motion="reduce")  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


def says(town: Town) -> str:
    with town.site.store.reading() as session:
        return living.current(session, town.clock()).faq["send_money"][0].km.answer


def tab_to(page: Page, selector: str) -> None:
    for _ in range(250):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"the keyboard never reaches {selector}")


def signs_in(page: Page, address: str, town: Town) -> None:
    page.goto(f"{address}/sign-in")
    expect(page.locator("#email")).to_be_focused()
    page.keyboard.type("editor@example.org")
    tab_to(page, "#password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    shows_code(page, town.site, "editor@example.org")
    page.wait_for_url("**/answers")


def types(page: Page, field: str, words: str) -> None:
    tab_to(page, field)
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(words)


def test_an_editor_looks_and_saves_without_a_mouse(page: Page, address: str, town: Town) -> None:
    signs_in(page, address, town)
    assert page.evaluate("document.documentElement.lang") == "km"
    tab_to(page, f'a[href="{PATH}"]')
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{PATH}")
    types(page, "#km_answer", NEW)
    expect(page.locator("#km_answer-left [data-number]")).to_have_text(str(330 - len(NEW)))
    tab_to(page, 'button[formaction$="/preview"]')
    page.keyboard.press("Enter")
    expect(page.locator("#preview")).to_be_focused()
    expect(page.locator(".chat-preview[lang=km]").first).to_contain_text(NEW)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert says(town) != NEW
    tab_to(page, "#save")
    page.keyboard.press("Enter")
    expect(page.locator(".done")).to_be_visible()
    expect(page.locator("#km_answer")).to_have_value(NEW)
    assert says(town) == NEW
    expect(page.locator("#put-back")).to_be_hidden()


def test_a_number_is_refused_beside_the_words_that_hold_it(
    page: Page, address: str, town: Town
) -> None:
    signs_in(page, address, town)
    page.goto(address + PATH)
    types(page, "#km_answer", "ហៅ 012 345 678")
    tab_to(page, "#save")
    page.keyboard.press("Enter")
    expect(page.locator("#km_answer-wrong")).to_contain_text("012 345 678")
    expect(page.locator("#km_answer")).to_have_value("ហៅ 012 345 678")
    expect(page.locator("#km_answer")).to_have_attribute("aria-invalid", "true")
    assert "012" not in says(town)


def test_what_was_typed_outlives_a_session_that_ended(page: Page, address: str, town: Town) -> None:
    signs_in(page, address, town)
    page.goto(address + PATH)
    types(page, "#km_answer", NEW)
    town.clock.pass_(hours=2)
    tab_to(page, "#save")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in")
    signs_in(page, address, town)
    page.goto(address + PATH)
    expect(page.locator("#put-back")).to_be_visible()
    expect(page.locator("#km_answer")).to_have_value(NEW)
    page.locator("#throw-away").click()
    expect(page.locator("#put-back")).to_be_hidden()
    expect(page.locator("#km_answer")).not_to_have_value(NEW)


def test_a_long_address_as_a_note_and_the_steps_of_a_version_fit(
    page: Page, address: str, town: Town
) -> None:
    signs_in(page, address, town)
    page.goto(address + PATH)
    types(page, "#km_answer", NEW)
    page.locator("#note").fill("https://example.org/" + "x" * 200)
    page.locator("#save").click()
    page.locator(".versions summary").first.click()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    step = page.locator(".versions .steps li").first
    assert step.evaluate("e => getComputedStyle(e).display") == "list-item"


def test_what_was_typed_after_saving_outlives_a_page_loaded_again(
    page: Page, address: str, town: Town
) -> None:
    signs_in(page, address, town)
    page.goto(address + PATH)
    types(page, "#km_answer", NEW)
    page.locator("#save").click()
    expect(page.locator(".done")).to_be_visible()
    types(page, "#km_answer", NEW + NEW)
    page.reload()
    expect(page.locator("#put-back")).to_be_visible()
    expect(page.locator("#km_answer")).to_have_value(NEW + NEW)


def test_the_language_can_be_changed_over_the_preview(page: Page, address: str, town: Town) -> None:
    signs_in(page, address, town)
    page.goto(address + PATH)
    types(page, "#km_answer", NEW)
    page.locator('button[formaction$="/preview"]').click()
    page.locator("button[name=language]").click()
    page.wait_for_url(f"**{PATH}")
    assert page.evaluate("document.documentElement.lang") == "en"
    expect(page.locator("#km_answer")).to_have_value(NEW)


def test_a_list_may_be_longer_and_the_page_counts_so(page: Page, address: str, town: Town) -> None:
    signs_in(page, address, town)
    page.goto(address + PATH)
    types(page, "#km_answer", "• " + "ក" * 400)
    expect(page.locator("#km_answer-left [data-number]")).to_have_text("48")


def test_a_flag_stands_by_itself_beside_khmer(page: Page, address: str, town: Town) -> None:
    signs_in(page, address, town)
    page.goto(f"{address}/answers/minimum_wage/TH")
    page.locator('button[formaction$="/preview"]').click()
    flags = page.locator(".flag", has_text="🇲🇾")
    expect(flags).to_have_count(4)  # two languages, and each more simply
    assert {flag.inner_text() for flag in flags.all()} == {"🇲🇾"}
