"""The pages in a real Chromium: a bad line, a phone's width, and no mouse at the desk."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.api.pages import preview
from tests.api.pages.at_door import code_now, new_phone
from tests.api.pages.conftest import STORY, serving
from tests.api.pages.samples import PAGES
from tests.house import PASSWORD, Town

pytestmark = pytest.mark.browser

A_PHONE = {"width": 360, "height": 740}
TINY_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c63606060f80f0001040100837fbfe30000000049454e44ae426082"
)


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    """A Chromium with a microphone that hums."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=chromium,
            args=[
                "--no-sandbox",
                "--disable-background-networking",
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
            ],
        )
        yield running
        running.close()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving(preview.app) as where:
        yield where


@pytest.fixture
def context(browser: Browser, address: str) -> Iterator[BrowserContext]:
    preview.received.clear()
    preview.failing.clear()
    made = browser.new_context(viewport=A_PHONE, reduced_motion="reduce", locale="km-KH")  # type: ignore[arg-type]
    made.grant_permissions(["microphone"], origin=address)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def chat(page: Page, address: str) -> Page:
    page.goto(address)
    expect(page.locator(".choices button")).to_have_count(6)
    return page


def test_the_chat_greets_and_keeps_nothing_but_a_random_number(chat: Page) -> None:
    kept = chat.evaluate(
        "JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie])"
    )
    assert re.fullmatch(r'\[{"conversation":"[0-9a-f]{32}"},{},""]', kept)
    assert preview.received[0]["button"] == "greet"
    chat.locator("#text").fill("ថៅកែមិនបើកប្រាក់ខែ")
    chat.keyboard.press("Enter")
    expect(chat.locator(".bubble.theirs")).to_have_count(2)
    assert "ថៅកែ" not in chat.evaluate("JSON.stringify({...sessionStorage})")


def test_a_button_is_said_aloud_once_and_then_gone(chat: Page) -> None:
    chat.get_by_role("button", name="ដាក់ពាក្យបណ្តឹង").click()
    expect(chat.locator(".bubble.mine")).to_contain_text("📝 ដាក់ពាក្យបណ្តឹង")
    expect(chat.locator(".bubble.theirs")).to_have_count(2)
    expect(chat.locator(".choices")).to_have_count(1)
    assert preview.received[-1]["button"] == "complaint"


def test_a_telephone_number_can_be_pressed(chat: Page) -> None:
    chat.get_by_role("button", name="មានគ្រោះថ្នាក់").click()
    expect(chat.locator(".bubble a")).to_have_attribute("href", "tel:1280")


def test_a_broken_line_loses_nothing_and_doubles_nothing(
    chat: Page, context: BrowserContext
) -> None:
    context.set_offline(True)
    chat.locator("#text").fill("ខ្ញុំចង់ប្តឹង")
    chat.keyboard.press("Enter")
    unsent = chat.locator(".bubble.mine.unsent")
    expect(unsent).to_contain_text("ខ្ញុំចង់ប្តឹង")
    expect(chat.locator("#state")).to_contain_text("អ៊ីនធឺណិតដាច់")
    expect(unsent.get_by_role("button")).to_be_focused()
    context.set_offline(False)
    preview.failing[:] = [503, 429]
    for _ in range(3):
        unsent.get_by_role("button", name="ផ្ញើម្តងទៀត").click()
        expect(chat.locator("#thinking")).to_be_hidden()
    expect(unsent).to_have_count(0)
    expect(chat.locator(".bubble.mine")).to_have_text(re.compile("ខ្ញុំចង់ប្តឹង"))
    tries = [heard for heard in preview.received if heard.get("text")]
    assert len(tries) == 3
    assert len({heard["message"] for heard in tries}) == 1


def test_a_first_greeting_that_fails_can_be_asked_for_again(page: Page, address: str) -> None:
    preview.failing[:] = [503]
    page.goto(address)
    page.get_by_role("button", name="ផ្ញើម្តងទៀត").click()
    expect(page.locator(".choices button")).to_have_count(6)
    expect(page.locator(".bubble.mine")).to_have_count(0)


def test_leaving_fast_leaves_nothing_behind(chat: Page, address: str) -> None:
    first = chat.evaluate("sessionStorage.conversation")
    chat.locator("#exit").click()
    chat.wait_for_url("about:blank")
    chat.go_back()
    assert chat.url == "about:blank"
    chat.goto(address)
    assert chat.evaluate("sessionStorage.conversation") != first


def test_a_voice_note_is_recorded_and_sent(chat: Page) -> None:
    chat.locator("#record").click()
    expect(chat.locator("#clock")).to_have_text("0:01")
    chat.locator("#keep").click()
    expect(chat.locator(".bubble.mine audio")).to_have_count(1)
    expect(chat.locator("#thinking")).to_be_hidden()
    sent = preview.received[-1]
    assert sent["kind"] == "voice"
    assert sent["media_type"].startswith("audio/")
    assert sent["size"] > 0


def test_a_recording_can_be_thrown_away(chat: Page) -> None:
    chat.locator("#record").click()
    chat.locator("#drop").click()
    expect(chat.locator("#writing")).to_be_visible()
    assert [heard for heard in preview.received if "kind" in heard] == []


def test_a_photo_is_shown_and_sent(chat: Page) -> None:
    chat.locator("#file").set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": TINY_PNG}
    )
    expect(chat.locator(".bubble.mine img")).to_have_count(1)
    expect(chat.locator("#thinking")).to_be_hidden()
    assert preview.received[-1]["kind"] == "photo"
    assert preview.received[-1]["size"] == len(TINY_PNG)


def test_what_the_camera_wrote_into_a_photo_stays_on_the_phone(chat: Page) -> None:
    drawn = chat.evaluate(
        """() => {
            const canvas = document.createElement("canvas");
            canvas.getContext("2d").fillRect(0, 0, 9, 9);
            return canvas.toDataURL("image/jpeg");
        }"""
    )
    plain = base64.b64decode(drawn.partition(",")[2])
    place = b"Exif\0\0MM\0\x2a\0\0\0\x08" + bytes(40)
    photo = plain[:2] + b"\xff\xe1" + (len(place) + 2).to_bytes(2, "big") + place + plain[2:]
    chat.locator("#file").set_input_files(
        {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo}
    )
    expect(chat.locator(".bubble.mine img")).to_have_count(1)
    expect(chat.locator("#thinking")).to_be_hidden()
    sent = preview.received[-1]
    assert (sent["kind"], sent["media_type"]) == ("photo", "image/jpeg")
    assert sent["size"] > 0
    assert not sent["camera"]


def test_the_number_that_opens_a_draft_is_never_in_an_address(
    chat: Page, context: BrowserContext
) -> None:
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    chat.locator("#file").set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": TINY_PNG}
    )
    expect(chat.locator(".bubble.mine img")).to_have_count(1)
    expect(chat.locator("#thinking")).to_be_hidden()
    conversation = chat.evaluate("sessionStorage.conversation")
    assert preview.received[-1]["conversation"] == conversation
    assert [address for address in asked if "/chat/files" in address]
    assert not [address for address in asked if conversation in address]


def test_the_whole_chat_works_from_the_keyboard(chat: Page) -> None:
    chat.locator(".choices button").first.focus()
    chat.keyboard.press("Tab")
    chat.keyboard.press("Enter")
    expect(chat.locator(".bubble.mine")).to_contain_text("សួរសំណួរ")
    expect(chat.locator(".choices button").first).to_be_focused()


@pytest.mark.parametrize("width", [320, 360, 1280])
@pytest.mark.parametrize("language", ["km", "en"])
def test_no_page_is_wider_than_the_screen(
    page: Page, address: str, width: int, language: str
) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    wrong: list[str] = []
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    for name, *_ in PAGES:
        page.goto(f"{address}/preview/{name}?language={language}")
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert over <= 0, name
        small = page.evaluate(
            """() => [...document.querySelectorAll(
                "button, .button, input, select, nav a, summary")]
            .filter((e) => e.offsetParent && e.type !== "hidden")
            .filter((e) => e.getBoundingClientRect().height < 43.9)
            .map((e) => e.outerHTML.slice(0, 80))"""
        )
        assert small == [], name
    assert wrong == [], "the pages run under the real content security policy without a complaint"


def _press_until(page: Page, selector: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"the keyboard never reaches {selector}")


def test_sign_in_to_letter_without_a_mouse(
    page: Page, town: Town, desk_address: str, code: str
) -> None:
    page.goto(f"{desk_address}/sign-in")
    # The browser gives the focus a moment after the page is loaded; keys before that are lost.
    expect(page.locator("#email")).to_be_focused()
    page.keyboard.type("mrc@example.org")
    _press_until(page, "#password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/second-factor/new")
    new_phone(town.site, "mrc@example.org")
    page.goto(f"{desk_address}/second-factor")
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type(code_now(town.site))
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases")
    _press_until(page, f'a[href="/cases/{code}"]')
    page.keyboard.press("Enter")
    expect(page.locator(".told")).to_contain_text(STORY)
    _press_until(page, "#letter")
    page.keyboard.type("សួស្តី")
    expect(page.locator("#letter-left")).to_contain_text("594")
    _press_until(page, ".write button")
    page.keyboard.press("Enter")
    expect(page.locator(".thread .from-us")).to_contain_text("សួស្តី")
    _press_until(page, "#status")
