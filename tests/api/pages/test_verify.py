"""Anybody can check a receipt; nobody learns more from it than it says."""

import ast
import base64
import logging
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any, cast

import pytest
import zxingcpp
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, expect
from sqlmodel import delete

from api.app import create_app
from api.pages.verify import NOT_GENUINE, STATES, UNKNOWN
from api.parts import Parts
from api.settings import Settings
from api.words import STATUSES, Words
from bot.content import content
from bot.message import Language
from bot.turn import Turns
from referrals import case, signed
from referrals.code import new_code
from referrals.installation import Mode
from tests.api.pages.conftest import serving
from tests.house import Town, build_town

STORY, NAME = "ថៅកែមិនបើកប្រាក់ខែ", "សុភា គំរូ"
STARTS = Path(__file__).parents[3] / "api" / "commands" / "start.py"
HERE = "https://samleng.example"
BROWSER = {"accept": "text/html"}
KM, EN = Words("km").gettext, Words("en").gettext


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return build_town(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="module")
def code(town: Town) -> str:
    return town.lodges(STORY, name=NAME)


@pytest.fixture(scope="module")
def text(town: Town, code: str) -> str:
    return signed_text(town, code)


def signed_text(town: Town, code: str) -> str:
    with town.site.store.reading() as session:
        receipt = signed.for_code(session, code)
    assert receipt is not None
    return signed.sign(town.site.server_key, receipt)


def program(town: Town, folder: Path, public_url: str | None) -> FastAPI:
    """The real program, without the dialogue."""
    settings = Settings(data_dir=folder, public_url=public_url)
    made = create_app(settings, Mode.REAL, town.site)
    nobody = cast(Turns, None)
    made.state.parts = Parts(
        settings, town.site, content(), Mode.REAL, nobody, "unused", lambda _: None
    )
    return made


@pytest.fixture(scope="module")
def app(town: Town, tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    return program(town, tmp_path_factory.mktemp("settings"), HERE)


@pytest.fixture
def visitor(app: FastAPI) -> TestClient:
    return TestClient(app, base_url="http://127.0.0.1", headers=BROWSER, follow_redirects=False)


def asks(visitor: TestClient, typed: str, language: str = "en") -> tuple[int, str]:
    answer = visitor.post("/verify", data={"code": typed, "language": language})
    return answer.status_code, unescape(answer.text)


# --- What is said ------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["km", "en"])
def test_a_receipt_is_genuine(visitor: TestClient, code: str, text: str, language: str) -> None:
    answer = visitor.get("/verify", params={"r": text, "language": language})
    said = unescape(answer.text)
    assert answer.status_code == 200
    assert Words(language).gettext("This receipt is genuine.") in said
    assert f"{code[:3]}-{code[3:6]}-{code[6:]}" in said
    assert {"km": "21 វិច្ឆិកា 2026", "en": "21 Nov 2026"}[language] in said
    assert content().label("group.work").text(Language(language)) in said
    assert f"<dd>{'mrc ខ្មែរ' if language == 'km' else 'mrc'}</dd>" in said
    assert f"<dd>{'lawyer ខ្មែរ' if language == 'km' else 'lawyer'}</dd>" not in said


@pytest.mark.parametrize(
    "typed", ["{}", " {0[0]}{0[1]}{0[2]} - {0[3]}{0[4]}{0[5]} {0[6]}{0[7]}{0[8]} ", "khmer"]
)
def test_a_code_says_the_same_however_it_is_typed(
    visitor: TestClient, code: str, text: str, typed: str
) -> None:
    khmer = code.translate({ord("0") + n: ord("០") + n for n in range(10)})
    status, said = asks(visitor, khmer if typed == "khmer" else typed.format(code))
    assert status == 200
    assert EN("A complaint with this code was lodged here.") in said
    by_text = unescape(visitor.get("/verify", params={"r": text, "language": "en"}).text)
    facts = re.compile(r'<dl class="stated">.*?</dl>', re.DOTALL)
    assert facts.findall(said) == facts.findall(by_text) != []


def test_nothing_else_is_said(town: Town, visitor: TestClient, code: str, text: str) -> None:
    pages = [
        visitor.get(path, params={"r": text, "language": language}).text
        for path in ("/verify", "/receipt")
        for language in ("km", "en")
    ]
    pages += [asks(visitor, code, language)[1] for language in ("km", "en")]
    wages = content().label("category.unpaid_wages")
    forbidden = [STORY, NAME, "unpaid_wages", wages.km, wages.en, "KH-14", "ព្រៃវែង", "Prey Veng"]
    forbidden += [content().label("country.TH").km, "Thailand"]
    forbidden += [say(word) for say in (KM, EN) for word in STATUSES.values() if len(word) > 4]
    assert len(pages) == 6
    for each in pages:
        assert [word for word in forbidden if word in unescape(each)] == []


@pytest.mark.parametrize("language", ["km", "en"])
def test_unknown_and_malformed_codes_get_the_same_sentence(
    visitor: TestClient, code: str, language: str
) -> None:
    unknown = new_code()
    wrong = str((int(code[0]) + 1) % 10) + code[1:]
    pages = set()
    for typed in (unknown, wrong, "12", "ក"):
        status, said = asks(visitor, typed, language)
        assert status == 404
        assert Words(language).gettext(UNKNOWN) in said
        pages.add(said.replace(f'value="{typed}"', ""))
    assert len(pages) == 1


@pytest.mark.parametrize("path", ["/verify", "/receipt"])
def test_a_changed_receipt_is_not_genuine(visitor: TestClient, text: str, path: str) -> None:
    changed = text[:8] + ("A" if text[8] != "A" else "B") + text[9:]
    answer = visitor.get(path, params={"r": changed, "language": "en"})
    assert answer.status_code == 404
    assert EN(NOT_GENUINE) in unescape(answer.text)
    assert 'class="stated"' not in answer.text


def test_a_receipt_page_without_a_text_shows_the_form(visitor: TestClient) -> None:
    assert visitor.get("/receipt").status_code == 404
    assert visitor.get("/verify").status_code == 200


@pytest.mark.parametrize(
    "form", ["{}", " {}\n", HERE + "/verify?r={}", HERE + "/receipt?r={}&language=en"]
)
def test_the_text_of_a_qr_code_can_be_put_in_too(visitor: TestClient, text: str, form: str) -> None:
    status, said = asks(visitor, form.format(text))
    assert status == 200
    assert EN("This receipt is genuine.") in said


def test_the_receipt_of_an_erased_case_stays_genuine(town: Town, visitor: TestClient) -> None:
    code = town.lodges(STORY, conversation="e" * 64, update="u-erased")
    text = signed_text(town, code)
    with town.site.store.writing() as session:
        session.exec(delete(case.Case).where(case.Case.code == code))
    said = unescape(visitor.get("/verify", params={"r": text, "language": "en"}).text)
    assert EN("This receipt is genuine. The complaint is no longer kept.") in said
    assert f"{code[:3]}-{code[3:6]}-{code[6:]}" in said
    status, said = asks(visitor, code)
    assert (status, EN(UNKNOWN) in said) == (404, True)


def test_the_key_is_shown_as_text(town: Town, visitor: TestClient) -> None:
    answer = visitor.get("/verify/key")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text == signed.public_key(town.site.server_key)
    assert answer.text.startswith("-----BEGIN PUBLIC KEY-----\n")
    assert "PRIVATE" not in answer.text


# --- What is kept back -------------------------------------------------------------------------


def test_codes_cannot_be_tried_one_after_the_other(visitor: TestClient, code: str) -> None:
    statuses = [asks(visitor, new_code())[0] for _ in range(40)]
    assert statuses == [404] * 30 + [429] * 10
    assert asks(visitor, code)[0] == 429, "a right code is refused as well"


def test_who_mistypes_or_scans_is_not_counted(visitor: TestClient, code: str, text: str) -> None:
    for _ in range(60):
        asks(visitor, "482913050")
        visitor.get("/verify", params={"r": text})
    assert asks(visitor, code)[0] == 200


def test_another_site_cannot_have_a_visitor_look_codes_up(visitor: TestClient, code: str) -> None:
    answer = visitor.post("/verify", data={"code": code}, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/verify", "/receipt", "/verify/key"])
def test_no_cache_no_referrer_no_robot_no_cookie(visitor: TestClient, text: str, path: str) -> None:
    answer = visitor.get(path, params={"r": text})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "script-src 'self';" in answer.headers["content-security-policy"]
    assert "set-cookie" not in answer.headers
    if path != "/verify/key":
        assert answer.headers["x-robots-tag"] == "noindex, nofollow"
        assert '<meta name="robots" content="noindex">' in answer.text


def test_no_log_holds_a_receipt_or_a_code(
    app: FastAPI, visitor: TestClient, code: str, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for path in ("/verify", "/receipt"):
        visitor.get(path, params={"r": text})
    asks(visitor, code)
    parts = app.state.parts
    app.state.parts = None  # now every page breaks, and the log says which
    try:
        broken = TestClient(app, raise_server_exceptions=False, headers=BROWSER)
        assert broken.get("/verify", params={"r": text}).status_code == 500
    finally:
        app.state.parts = parts
    ours = [each for each in caplog.records if not each.name.startswith(("httpx", "httpcore"))]
    assert [each for each in ours if "/verify failed" in each.getMessage()]
    written = "\n".join(logging.Formatter().format(each) for each in ours)
    assert text not in written
    assert code not in written


def test_the_server_writes_no_log_of_addresses() -> None:
    source = ast.parse(STARTS.read_text(encoding="utf-8"))
    said = [
        keyword.value
        for call in ast.walk(source)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "uvicorn.Config"
        for keyword in call.keywords
        if keyword.arg == "access_log"
    ]
    assert [ast.literal_eval(value) for value in said] == [False]


# --- The paper ---------------------------------------------------------------------------------


def test_a_receipt_speaks_both_languages_khmer_first(visitor: TestClient, text: str) -> None:
    for language in ("km", "en"):
        said = unescape(visitor.get("/receipt", params={"r": text, "language": language}).text)
        for name in ("title", "code", "day", "offices", "topic", "proves", "scan", "or_code"):
            assert said.index(f'lang="km">{KM(STATES[name])}') < said.index(
                f'lang="en">{EN(STATES[name])}'
            )
        assert f"{HERE}/verify</b>" in said
        assert f'<html lang="{language}">' in said


def test_without_an_address_the_paper_says_so(
    town: Town, text: str, tmp_path: Path, code: str
) -> None:
    alone = TestClient(program(town, tmp_path, None), base_url="http://127.0.0.1")
    said = unescape(alone.get("/receipt", params={"r": text}).text)
    assert KM(STATES["scan_text"]) in said
    assert EN(STATES["scan_text"]) in said
    assert HERE not in said


# --- In a browser ------------------------------------------------------------------------------

PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
PIXELS = """async (address) => {
    const picture = new Image();
    picture.src = address;
    await picture.decode();
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    const context = canvas.getContext("2d");
    context.drawImage(picture, 0, 0);
    const { data } = context.getImageData(0, 0, picture.width, picture.height);
    let grey = "";
    for (let at = 0; at < data.length; at += 4) grey += String.fromCharCode(data[at + 1]);
    return [picture.width, picture.height, btoa(grey)];
}"""


@pytest.fixture(scope="module")
def address(app: FastAPI) -> Iterator[str]:
    with serving(app) as where:
        yield where


@pytest.fixture
def sheet(browser: Browser) -> Iterator[Page]:
    made = browser.new_context(viewport=PHONE, device_scale_factor=2, locale="km-KH")  # type: ignore[arg-type]
    yield made.new_page()
    made.close()


def read_by_a_camera(sheet: Page) -> list[str]:
    """What a reader of QR codes finds in what the page shows as a whole."""
    shown = base64.b64encode(sheet.screenshot(full_page=True)).decode()
    eye = sheet.context.new_page()
    width, height, grey = eye.evaluate(PIXELS, f"data:image/png;base64,{shown}")
    eye.close()
    found = zxingcpp.read_barcodes(memoryview(base64.b64decode(grey)).cast("B", (height, width)))
    return [each.text for each in found]


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_the_drawn_qr_code_leads_to_the_check(
    sheet: Page, address: str, visitor: TestClient, text: str, scheme: Any, viewport: Any
) -> None:
    sheet.emulate_media(color_scheme=scheme)
    sheet.set_viewport_size(viewport)
    sheet.goto(f"{address}/receipt?r={text}")
    assert read_by_a_camera(sheet) == [f"{HERE}/verify?r={text}"]
    answer = visitor.get(f"/verify?r={text}&language=en")
    assert EN("This receipt is genuine.") in answer.text


@pytest.mark.browser
@pytest.mark.parametrize(("paper", "width"), [("80 mm", 272), ("A4", 764)])
def test_the_paper_can_be_read_by_a_camera(
    sheet: Page, address: str, text: str, paper: str, width: int
) -> None:
    sheet.emulate_media(media="print", color_scheme="dark")
    sheet.set_viewport_size({"width": width, "height": 900})
    sheet.goto(f"{address}/receipt?r={text}")
    assert sheet.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert read_by_a_camera(sheet) == [f"{HERE}/verify?r={text}"]
    expect(sheet.locator("#exit")).to_be_hidden()
    expect(sheet.locator("#print")).to_be_hidden()
    ground = sheet.evaluate("getComputedStyle(document.body).backgroundColor")
    ink = sheet.evaluate("getComputedStyle(document.querySelector('dd')).color")
    assert (ground, ink) == ("rgb(255, 255, 255)", "rgb(0, 0, 0)")


@pytest.mark.browser
def test_a_receipt_prints_on_one_sheet(browser: Browser, address: str, text: str) -> None:
    sheet = browser.new_page()
    sheet.goto(f"{address}/receipt?r={text}")
    printed = sheet.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
    sheet.close()


@pytest.mark.browser
def test_a_code_is_checked_with_the_keyboard_alone_and_without_script(
    browser: Browser, address: str, code: str
) -> None:
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)  # type: ignore[arg-type]
    sheet = context.new_page()
    sheet.goto(f"{address}/verify")
    for _ in range(6):
        sheet.keyboard.press("Tab")
        if sheet.locator("#code:focus").count():
            break
    sheet.keyboard.type(code.translate({ord("0") + n: ord("០") + n for n in range(10)}))
    sheet.keyboard.press("Enter")
    expect(sheet.locator("#found")).to_contain_text(
        KM("A complaint with this code was lodged here.")
    )
    assert sheet.url == f"{address}/verify", "the code stands in no address"
    sheet.get_by_role("button", name="English").press("Enter")
    expect(sheet.locator("#found")).to_contain_text("lodged here")
    assert context.cookies() == []
    context.close()


@pytest.mark.browser
def test_leaving_fast_takes_the_receipt_out_of_the_way(
    sheet: Page, address: str, text: str
) -> None:
    sheet.goto(f"{address}/verify")
    sheet.goto(f"{address}/receipt?r={text}")
    sheet.locator("#other-language").click()
    expect(sheet.locator("html")).to_have_attribute("lang", "en")
    sheet.locator("#exit").click()
    sheet.wait_for_url("about:blank")
    sheet.go_back()
    assert text not in sheet.url


@pytest.mark.browser
@pytest.mark.parametrize("language", ["km", "en"])
@pytest.mark.parametrize("width", [320, 360, 1280])
def test_no_page_of_receipts_is_wider_than_the_screen(
    sheet: Page, address: str, text: str, width: int, language: str
) -> None:
    wrong: list[str] = []
    sheet.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    sheet.set_viewport_size({"width": width, "height": 740})
    for path in ("/verify?", f"/verify?r={text}&", f"/receipt?r={text}&"):
        sheet.goto(f"{address}{path}language={language}")
        assert sheet.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
        small = sheet.evaluate(
            """() => [...document.querySelectorAll("button, .button, input")]
            .filter((e) => e.offsetParent && e.type !== "hidden")
            .filter((e) => e.getBoundingClientRect().height < 43.9)
            .map((e) => e.outerHTML.slice(0, 80))"""
        )
        assert small == [], path
    assert wrong == [], "the pages run under the real content security policy without a complaint"
