"""The walk-in's screen in Chromium: one visitor after the other, by keyboard, and on paper."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from bot import durable
from tests.api.pages.at_counter import SECRET, Counter, counter
from tests.api.pages.at_door import shows_code
from tests.api.pages.conftest import serving
from tests.house import PASSWORD

pytestmark = pytest.mark.browser

STORY = "ថៅកែយកលិខិតឆ្លងដែនខ្ញុំ"
A_PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Counter:
    return counter(tmp_path_factory.mktemp("counter"))


@pytest.fixture(scope="module")
def address(house: Counter) -> Iterator[str]:
    with serving(house.app) as where:
        yield where


@pytest.fixture
def asked(context: BrowserContext) -> list[str]:
    """Every address the browser asked for."""
    seen: list[str] = []
    context.on("request", lambda request: seen.append(request.url))
    return seen


@pytest.fixture
def context(
    browser: Browser, address: str, house: Counter, monkeypatch: pytest.MonkeyPatch
) -> Iterator[BrowserContext]:
    house.heard.clear()
    monkeypatch.setattr(durable, "converse", house.turn)
    made = browser.new_context(viewport=A_PHONE, reduced_motion="reduce", locale="km-KH")  # type: ignore[arg-type]
    made.grant_permissions(["microphone"], origin=address)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, address: str, house: Counter) -> Page:
    page = context.new_page()
    page.goto(f"{address}/sign-in")
    page.fill("#email", "mrc@example.org")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    shows_code(page, house.town.site, "mrc@example.org")
    page.wait_for_url("**/cases")
    return page


@pytest.fixture
def chat(page: Page, address: str) -> Page:
    page.goto(f"{address}/assist")
    page.get_by_role("link", name="ភាសាខ្មែរ").click()
    expect(page.locator(".choices button")).to_have_count(2)
    return page


def tells(chat: Page, words: str = STORY) -> None:
    chat.locator("#text").fill(words)
    chat.keyboard.press("Enter")
    expect(chat.get_by_role("button", name="ផ្ញើ", exact=True).last).to_be_visible()


def sends(chat: Page) -> str:
    tells(chat)
    chat.locator(".choices button").first.click()
    expect(chat.locator("#sent")).to_be_visible()
    return chat.locator("#paper-code").text_content() or ""


def ends(chat: Page) -> None:
    chat.locator("#end").click()
    chat.locator("#end-now").click()
    chat.wait_for_url("**/assist")


def stored(page: Page) -> str:
    kept = "JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie])"
    return str(page.evaluate(kept))


def test_two_visitors_never_see_each_others_words(chat: Page, house: Counter) -> None:
    tells(chat)
    first = chat.evaluate("sessionStorage.visit")
    ends(chat)
    assert stored(chat) == '[{},{},""]'
    chat.get_by_role("link", name="ភាសាខ្មែរ").click()
    expect(chat.locator(".choices button")).to_have_count(2)
    assert STORY not in chat.content()
    assert chat.evaluate("sessionStorage.visit") != first
    assert len(house.conversations()) == 2
    assert [m.conversation for m in house.heard if m.text] == [house.heard[0].conversation]


def test_the_back_button_shows_nothing_of_a_visit_that_ended(chat: Page) -> None:
    tells(chat)
    ends(chat)
    for _ in range(3):
        chat.go_back()
        expect(chat.locator("main")).to_be_visible()
        assert STORY not in chat.content()
        assert "/assist/chat" not in chat.url


def test_a_page_that_is_loaded_again_asks_who_sits_there(chat: Page, house: Counter) -> None:
    tells(chat)
    chat.reload()
    expect(chat.locator("#same")).to_be_visible()
    expect(chat.locator("#go-on")).to_be_focused()
    expect(chat.locator("#chat")).to_be_hidden()
    assert STORY not in chat.content()
    chat.keyboard.press("Enter")
    expect(chat.locator(".choices button")).to_have_count(2)
    assert len(house.conversations()) == 1
    chat.reload()
    chat.locator("#another").click()
    expect(chat.locator(".choices button")).to_have_count(2)
    assert len(house.conversations()) == 2


def test_the_other_language_is_the_same_visit(chat: Page, house: Counter) -> None:
    chat.locator("#other-language").click()
    expect(chat.locator("html")).to_have_attribute("lang", "en")
    expect(chat.locator(".choices button")).to_have_count(2)
    assert len(house.conversations()) == 1
    assert house.heard[-1].button == "language:language=en"


def test_code_and_secret_are_in_the_page_and_nowhere_else(asked: list[str], chat: Page) -> None:
    code = sends(chat)
    expect(chat.locator("#paper-secret")).to_have_text(SECRET)
    visit = chat.evaluate("sessionStorage.visit")
    assert re.fullmatch(r"[0-9a-f]{32}", visit)
    assert stored(chat) == f'[{{"visit":"{visit}"}},{{}},""]'
    assert not [url for url in asked if visit in url or code in url or "4071" in url]
    assert {urlsplit(url).path for url in asked} >= {"/assist/visits", "/assist/messages"}
    ends(chat)
    assert SECRET not in chat.content()


def test_the_paper_has_code_and_secret_and_not_a_word_of_hers(chat: Page) -> None:
    chat.emulate_media(media="print")
    assert chat.locator("body").inner_text().strip() == "", "nothing to print yet"
    chat.emulate_media(media="screen")
    code = sends(chat)
    chat.emulate_media(media="print")
    printed = chat.locator("body").inner_text()
    assert code in printed
    assert SECRET in printed
    for button in ("រឿងរបស់ខ្ញុំ", "ខ្ញុំមានលេខកូដ"):
        assert button in printed, "the way to get her case back"
    assert STORY not in printed
    assert "ផ្ញើរួចហើយ" not in printed
    assert "បណ្តឹង" not in printed, "whoever finds the paper does not learn what it is"
    assert chat.locator(".bubble:visible").count() == 0
    assert not re.search(r"\d{3}", printed.replace(code, "").replace(SECRET, ""))


def test_hiding_the_chat_takes_the_paper_too(chat: Page) -> None:
    sends(chat)
    chat.locator(".choices button").last.click()
    expect(chat.locator("#sent")).to_be_hidden()
    assert SECRET not in chat.content()


def test_the_chat_ends_on_the_screen_when_the_member_signs_out(chat: Page, address: str) -> None:
    tells(chat)
    elsewhere = chat.context.new_page()
    elsewhere.goto(f"{address}/cases")
    elsewhere.locator('form[action="/sign-out"] button').click()
    elsewhere.wait_for_url("**/sign-in")
    chat.locator("#text").fill(STORY)
    chat.keyboard.press("Enter")
    expect(chat.locator("#closed")).to_be_visible()
    expect(chat.locator("#chat")).to_be_hidden()
    assert STORY not in chat.content()
    assert stored(chat) == '[{},{},""]'


def test_a_line_that_breaks_at_the_beginning_is_tried_again(page: Page, address: str) -> None:
    page.route("**/assist/visits", lambda route: route.abort())
    page.goto(f"{address}/assist/chat")
    expect(page.locator("#retry")).to_be_focused()
    page.unroute("**/assist/visits")
    page.keyboard.press("Enter")
    expect(page.locator(".choices button")).to_have_count(2)


def test_a_secret_is_not_lost_by_a_slip(chat: Page) -> None:
    sends(chat)
    expect(chat.locator("#other-language")).to_be_hidden()
    chat.on("dialog", lambda dialog: dialog.dismiss())
    with chat.expect_event("dialog") as asks:
        chat.evaluate("setTimeout(() => location.reload())")
    assert asks.value.type == "beforeunload"
    expect(chat.locator("#paper-secret")).to_have_text(SECRET)


def _press_until(page: Page, selector: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"the keyboard never reaches {selector}")


def test_a_whole_visit_without_a_mouse(page: Page) -> None:
    _press_until(page, 'a[href="/assist"]')
    page.keyboard.press("Enter")
    page.wait_for_url("**/assist")
    _press_until(page, 'a[href$="language=km"]')
    page.keyboard.press("Enter")
    expect(page.locator(".choices button")).to_have_count(2)
    _press_until(page, "#text")
    page.keyboard.type("abc")
    page.keyboard.press("Enter")
    expect(page.locator(".bubble.theirs")).to_have_count(2)
    _press_until(page, ".choices button")
    page.keyboard.press("Enter")
    expect(page.locator("#sent")).to_be_visible()
    _press_until(page, "#print")
    _press_until(page, "#end")
    page.keyboard.press("Enter")
    expect(page.locator("#stay")).to_be_focused()
    expect(page.locator("#ending-sent")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#ending")).to_be_hidden()
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")
    expect(page.locator("#end-now")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/assist")


@pytest.mark.parametrize("width", [320, 360, 1280])
@pytest.mark.parametrize("language", ["km", "en"])
def test_nothing_is_wider_than_the_screen_or_too_small_to_press(
    page: Page, address: str, width: int, language: str
) -> None:
    wrong: list[str] = []
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.set_viewport_size({"width": width, "height": 740})

    def fits() -> None:
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        small = page.evaluate(
            """() => [...document.querySelectorAll("button, .button, textarea, nav a")]
            .filter((e) => e.offsetParent && e.getBoundingClientRect().height < 43.9)
            .map((e) => e.outerHTML.slice(0, 80))"""
        )
        assert small == []

    page.goto(f"{address}/assist")
    fits()
    page.goto(f"{address}/assist/chat?language={language}")
    expect(page.locator(".choices button")).to_have_count(2)
    fits()
    sends(page)
    fits()
    page.locator("#end").click()
    fits()
    assert wrong == [], "it runs under the real content security policy without a complaint"


def test_letters_are_large_and_black_on_white(chat: Page) -> None:
    style = "e => [getComputedStyle(e).fontSize, getComputedStyle(e).color]"
    size, colour = chat.locator(".bubble.theirs").first.evaluate(style)
    assert float(size.removesuffix("px")) >= 20
    assert colour == "rgb(0, 0, 0)"
    chat.emulate_media(color_scheme="dark")
    assert chat.locator(".bubble.theirs").first.evaluate(style)[1] == "rgb(255, 255, 255)"
