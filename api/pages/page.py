"""Drawing a page: the templates, the two languages, the addresses of static files."""

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import regex
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from api.pages.views import ErrorView, Shell
from api.words import LANGUAGES, URGENCIES, Words, mark
from referrals.code import spoken

HERE = Path(__file__).parent.parent
TEMPLATES = HERE / "templates"
STATIC = HERE / "static"

DEMO = mark("DEMO: invented cases. Do not tell real things.")
"""Shown in both languages at the top of every page in demo mode."""

HEADERS: Mapping[str, str] = {
    # Nothing a migrant or a counsellor read may be read again from the browser's cache.
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}


@cache
def static(name: str) -> str:
    """Give the address of a static file, with a mark that changes when its content does.

    Raises FileNotFoundError for a name that is not there.
    """
    mark = sha256((STATIC / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={mark}"


_PICTURE = regex.compile(
    r"\p{RI}\p{RI}|\p{Extended_Pictographic}\ufe0f?(?:\u200d\p{Extended_Pictographic}\ufe0f?)*"
)


def pictures(text: str) -> Markup:
    """Put every picture of a text into an element of its own, and escape the text.

    Chromium joins the two signs of a flag only where no Khmer stands in the same run of text.
    """
    return Markup(_PICTURE.sub(r'<span class="flag">\g<0></span>', str(escape(text))))  # noqa: S704


@cache
def templates(language: str) -> Environment:
    """Give the template environment that speaks one language. Everything is escaped."""
    words = Words(language)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    # The i18n extension adds this method when it is loaded; jinja2's types do not know it.
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        words.gettext, words.ngettext, newstyle=True
    )
    both = {each: Words(each).gettext for each in LANGUAGES}
    environment.filters["pictures"] = pictures
    environment.globals.update(
        words=words,
        static=static,
        spoken=spoken,
        both=both,
        URGENCIES=URGENCIES,
        DEMO=DEMO,
    )
    return environment


def draw(name: str, shell: Shell, view: object, **extra: Any) -> str:
    """Draw a template with its shell and view as text."""
    return templates(shell.language).get_template(name).render(shell=shell, view=view, **extra)


def page(name: str, shell: Shell, view: object, status: int = 200) -> HTMLResponse:
    """Draw a template as an answer that no cache keeps."""
    return HTMLResponse(draw(name, shell, view), status_code=status, headers=dict(HEADERS))


ERRORS: Mapping[int, tuple[str, str]] = {
    403: (
        mark("This is not open to you"),
        mark("Your account may not see this page. If you think it should, ask your supervisor."),
    ),
    404: (
        mark("This page is not here"),
        mark("The address may be mistyped, or what you look for was moved or closed."),
    ),
    413: (
        mark("That is too large"),
        mark("Please go back and send something smaller."),
    ),
    419: (
        mark("The page waited too long"),
        mark("For safety a form works only for a while. Go back, load the page again and resend."),
    ),
    429: (
        mark("A little slower, please"),
        mark("There were many tries in a short time. Wait a few minutes and try again."),
    ),
    500: (
        mark("Something broke on our side"),
        mark("It is not your fault and it was noted. Please try again in a little while."),
    ),
}
"""A title and one sentence for each HTTP status that has a page of its own."""


def error_page(shell: Shell, status: int, *, home: str = "/") -> HTMLResponse:
    """Say an HTTP error kindly, in both languages.

    A status we have no words for reads as 404 or 500. `home` is where the way back leads.
    """
    known = status if status in ERRORS else (404 if status < 500 else 500)
    text = draw("error.html", shell, ErrorView(status=status, home=home), says=ERRORS[known])
    return HTMLResponse(text, status_code=status, headers=dict(HEADERS))
