"""What surrounds a page, taken from the request: language, demo mode, who is signed in."""

from fastapi import Request
from fastapi.responses import HTMLResponse

from api import sessions
from api.pages import places
from api.pages.page import error_page
from api.pages.views import Me, Shell
from api.parts import parts_of
from api.words import DEFAULT_LANGUAGE, LANGUAGES, ROLES, Words
from referrals.directory import SignedIn
from referrals.site import Site

LANGUAGE_COOKIE = "language"


def site_of(request: Request) -> Site:
    """Give the installation that the app serves."""
    return parts_of(request).site


def demo_of(request: Request) -> bool:
    """Tell whether this installation is the demo."""
    return parts_of(request).demo


def language_of(request: Request, who: SignedIn | None) -> str:
    """Give the language to draw in: the one chosen by button, else the member's own, else Khmer."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    if chosen in LANGUAGES:
        return chosen
    return who.language if who is not None else DEFAULT_LANGUAGE


def shell_of(request: Request, who: SignedIn | None = None, *, language: str = "") -> Shell:
    """Build the shell of a page. `language` overrides what the cookie says (visitors' page)."""
    language = language if language in LANGUAGES else language_of(request, who)
    me = None
    if who is not None:
        words = Words(language)
        me = Me(
            who.name,
            words.named(ROLES, who.role),
            who.organisation_name(language),
            menu=places.menu(who.role, request.url.path),
            beside=places.beside(who.role, request.url.path),
            home=home_of(who),
        )
    return Shell(
        language=language,
        now=site_of(request).clock(),
        path=request.url.path,
        demo=demo_of(request),
        me=me,
        csrf=who.csrf if who is not None else "",
    )


def home_of(who: SignedIn) -> str:
    """Give the path where a member begins."""
    return places.home(who.role)


def error(request: Request, status: int) -> HTMLResponse:
    """Say an HTTP error kindly, in both languages.

    Nothing is read from the database, which may be what failed: whether somebody is signed in is
    only guessed from the cookie, to choose where the way back leads.
    """
    home = "/home" if sessions.COOKIE in request.cookies else "/"
    return error_page(shell_of(request), status, home=home)
