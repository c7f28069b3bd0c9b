"""Every page, drawn from invented views: whole, in both languages, nothing inline or unnamed."""

import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from api.pages.page import STATIC, TEMPLATES, draw, error_page, static
from tests.api.pages.samples import PAGES, shell

PARTS = {
    "alarm_banner.html",
    "chat.html",
    "base.html",
    "macros.html",
    "error.html",
    "preview.html",
    "factor_parts.html",
    "export_copy.html",
    "repeats.html",
    "cases_table.html",
}
"""Templates that are no page of their own."""

VOID = {"meta", "link", "input", "img", "br", "path", "circle"}
LANGUAGES = ("km", "en")
DRAWN = [
    pytest.param(template, view, signed_in, language, id=f"{name}-{language}")
    for name, template, view, signed_in in PAGES
    for language in LANGUAGES
]


class Page(HTMLParser):
    """A drawn page, taken apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.crossed: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.crossed.append(tag)

    def all(self, *names: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.tags if tag in names]


def drawn(template: str, view: object, signed_in: bool, language: str) -> str:
    return draw(template, shell(language, signed_in=signed_in), view)


@pytest.mark.parametrize(("template", "view", "signed_in", "language"), DRAWN)
def test_a_page_is_whole_and_says_its_language(
    template: str, view: object, signed_in: bool, language: str
) -> None:
    page = Page(drawn(template, view, signed_in, language))
    assert page.open == []
    assert page.crossed == []
    assert page.all("html") == [{"lang": language}]
    ids = Counter(attributes["id"] for _, attributes in page.tags if "id" in attributes)
    assert [name for name, count in ids.items() if count > 1] == []
    assert len(page.all("h1")) == 1


@pytest.mark.parametrize(("template", "view", "signed_in", "language"), DRAWN)
def test_no_page_holds_inline_script_or_style(
    template: str, view: object, signed_in: bool, language: str
) -> None:
    page = Page(drawn(template, view, signed_in, language))
    assert page.all("style") == []
    assert all(script.get("src", "").startswith("/static/") for script in page.all("script"))
    for tag, attributes in page.tags:
        assert "style" not in attributes, tag
        assert not [name for name in attributes if name.startswith("on")], tag
        assert not attributes.get("href", "").startswith("javascript:"), tag


@pytest.mark.parametrize(("template", "view", "signed_in", "language"), DRAWN)
def test_every_form_that_changes_something_carries_the_guard(
    template: str, view: object, signed_in: bool, language: str
) -> None:
    text = drawn(template, view, signed_in, language)
    for form in re.findall(r'<form[^>]*method="post".*?</form>', text, re.DOTALL):
        assert 'name="csrf" value="invented-guard"' in form


@pytest.mark.parametrize(("template", "view", "signed_in", "language"), DRAWN)
def test_every_field_and_button_has_a_name(
    template: str, view: object, signed_in: bool, language: str
) -> None:
    text = drawn(template, view, signed_in, language)
    page = Page(text)
    labelled = {label["for"] for label in page.all("label")}
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    assert labelled <= ids
    for field in page.all("input", "textarea", "select"):
        if field.get("type") != "hidden" and field.get("aria-hidden") != "true":
            assert field.get("id") in labelled or field.get("aria-label"), field
    for _, attributes in page.tags:
        pointed = " ".join(attributes.get(a, "") for a in ("aria-labelledby", "aria-describedby"))
        assert set(pointed.split()) <= ids
    for opening, inside in re.findall(r"<button([^>]*)>(.*?)</button>", text, re.DOTALL):
        words = re.sub(r"<[^>]*>", "", inside).strip()
        assert words or "aria-label=" in opening, opening
    assert all(image.get("alt") for image in page.all("img"))


def test_urgency_and_status_are_words_not_colours_alone() -> None:
    for language, words in (("km", ("បន្ទាន់ឥឡូវ", "ឆាប់ៗ")), ("en", ("Urgent now", "Soon"))):
        _, template, view, signed_in = next(page for page in PAGES if page[0] == "cases")
        text = drawn(template, view, signed_in, language)
        assert all(word in text for word in words)


def test_a_code_is_shown_as_it_is_said() -> None:
    for wanted in ("cases", "case"):
        _, template, view, _ = next(page for page in PAGES if page[0] == wanted)
        assert "482-913-057" in drawn(template, view, signed_in=True, language="km")


def test_told_words_are_shown_as_words() -> None:
    _, template, view, _ = next(page for page in PAGES if page[0] == "case")
    text = drawn(template, view, signed_in=True, language="km")
    assert "&lt;b&gt;មិនមែន HTML&lt;/b&gt;" in text


def test_the_demo_is_marked_on_every_page_in_both_languages() -> None:
    for _, template, view, signed_in in PAGES:
        text = drawn(template, view, signed_in, "km")
        assert "DEMO: invented cases" in text
        assert "រឿងប្រឌិត" in text
        real = draw(template, shell(signed_in=signed_in, demo=False), view)
        assert "DEMO" not in real


@pytest.mark.parametrize("status", [403, 404, 413, 419, 429, 500, 405, 503])
def test_an_error_is_said_in_both_languages(status: int) -> None:
    answer = error_page(shell(signed_in=False), status)
    text = bytes(answer.body).decode()
    assert answer.status_code == status
    assert '<section lang="km">' in text
    assert '<section lang="en">' in text
    assert answer.headers["cache-control"] == "no-store"


def test_no_template_lies_unused() -> None:
    used = {template for _, template, _, _ in PAGES} | PARTS
    assert {file.name for file in TEMPLATES.glob("*.html")} == used


def test_the_style_sheets_are_small_and_call_nobody() -> None:
    for name in sorted(sheet.name for sheet in STATIC.glob("*.css")):
        sheet = (STATIC / name).read_text(encoding="utf-8")
        assert len(sheet.encode()) < 25_000
        assert "url(" not in sheet
        assert "@import" not in sheet


def test_a_static_address_changes_with_the_content() -> None:
    assert re.fullmatch(r"/static/site\.css\?v=[0-9a-f]{10}", static("site.css"))
