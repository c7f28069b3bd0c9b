"""The page of one case in a real Chromium: a phone's width, an old laptop's, dark, and no mouse."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, expect

from referrals import case, group, intake
from referrals.taxonomy import Category, Country
from tests.api.pages.at_door import shows_code
from tests.api.pages.conftest import serving
from tests.house import PASSWORD, Town
from tests.told import CHOSEN, lodges_much, taken_in_phnom_penh

pytestmark = pytest.mark.browser

EVERYTHING = {detail: ",".join(codes) for detail, codes in intake.CHOICES.items()} | CHOSEN
WORDS = {detail: f"{detail} " + "ពាក្យដែលវែងណាស់" * 12 for detail in intake.Detail}


@pytest.fixture(scope="module")
def told(town: Town) -> str:
    """A case with every detail told at length, every choice, and every banner."""
    both = [
        lodges_much(
            town,
            conversation=f"{number:064d}",
            chosen=EVERYTHING | {"not_see": "somebody"},
            told=WORDS,
            photo=(taken_in_phnom_penh((3000, 2000)), "image/jpeg"),
        )
        for number in range(2)
    ]
    with town.site.store.writing() as session:
        begun = group.begin(session, town.site, Category.UNPAID_WAGES, Country.TH)
        for code in both:
            held = case.by_code(session, code)
            held.group_id, held.minor, held.danger, held.callback = begun.id, True, True, True
            held.assisted_by = town.people["mrc"].member_id
            held.closed_at, held.closed_by = town.clock(), "office"
            held.satisfied, held.money = "partly", "none"
            session.add(held)
    return both[0]


@pytest.fixture(scope="module")
def desk_at(app: FastAPI) -> Iterator[str]:
    with serving(app) as address:
        yield address


@pytest.fixture(scope="module")
def kept(browser: Browser, town: Town, desk_at: str) -> Iterator[BrowserContext]:
    made = browser.new_context(locale="km-KH", reduced_motion="reduce")
    page = made.new_page()
    page.goto(f"{desk_at}/sign-in")
    page.fill("#email", "mrc@example.org")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    shows_code(page, town.site, "mrc@example.org")
    page.wait_for_url("**/cases")
    page.close()
    yield made
    made.close()


@pytest.fixture
def page(kept: BrowserContext, desk_at: str, told: str) -> Iterator[Page]:
    made = kept.new_page()
    made.goto(f"{desk_at}/cases/{told}")
    yield made
    made.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 1280])
def test_the_fullest_case_fits_and_can_be_pressed(page: Page, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    cut = page.evaluate(
        """() => [...document.querySelectorAll("dd, dt, li, p, code, .chip")]
        .filter((e) => getComputedStyle(e).display !== "inline")
        .filter((e) => e.scrollWidth > e.clientWidth + 1)
        .map((e) => e.outerHTML.slice(0, 90))"""
    )
    assert cut == []
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, .button, select, nav a, summary")]
        .filter((e) => e.offsetParent && e.getBoundingClientRect().height < 43.9)
        .map((e) => e.outerHTML.slice(0, 90))"""
    )
    assert small == []


def test_the_box_is_the_first_thing_below_the_banners(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    tops = [
        page.locator(where).bounding_box()["y"]  # type: ignore[index]
        for where in (".banners", ".before", "#told", "#letters", "#work")
    ]
    assert tops == sorted(tops)


def test_a_picture_is_drawn_small_and_only_when_it_is_near(page: Page) -> None:
    picture = page.locator(".file-image img").first
    assert picture.get_attribute("loading") == "lazy"
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("e => [e.naturalWidth, e.naturalHeight]") == [1280, 853]
    assert "1" in (picture.get_attribute("alt") or "")


def test_the_original_is_saved_whole(page: Page) -> None:
    with page.expect_download() as saved:
        page.locator(".file-image .button").first.click()
    with saved.value.path().open("rb") as file:
        assert file.read() == taken_in_phnom_penh((3000, 2000))


def _press_until(page: Page, selector: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"the keyboard never reaches {selector}")


def test_the_group_the_files_and_the_fingerprint_without_a_mouse(page: Page, told: str) -> None:
    _press_until(page, ".kin a")
    _press_until(page, ".before audio")
    _press_until(page, ".file-image a")
    _press_until(page, ".file-image .button")
    _press_until(page, ".file-image summary")
    page.keyboard.press("Enter")
    expect(page.locator(".file-image code").first).to_be_visible()
    _press_until(page, "#letter")
    page.evaluate("scrollTo(0, 0)")
    page.reload()
    _press_until(page, ".kin a")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "/cases/" in address and told not in address)


def test_nothing_on_the_page_breaks_a_rule_of_the_browser(
    kept: BrowserContext, desk_at: str, told: str
) -> None:
    made, wrong = kept.new_page(), []
    made.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    made.on("pageerror", lambda error: wrong.append(str(error)))
    made.goto(f"{desk_at}/cases/{told}")
    made.locator(".file-image img").first.scroll_into_view_if_needed()
    made.wait_for_load_state("networkidle")
    assert wrong == []
    made.close()
