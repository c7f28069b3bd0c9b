"""The page for visitors, with the chat."""

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from api.pages.page import page
from api.pages.shell import shell_of
from api.pages.views import FrontView
from api.policy import public
from api.words import DEFAULT_LANGUAGE

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

FIRST_BUTTON = {"km": "greet", "en": "language:language=en"}
"""The payload the chat opens with: choosing English is answered with the greeting in English."""


@router.get("/", dependencies=[Depends(public)])
def front(request: Request, language: str = DEFAULT_LANGUAGE) -> HTMLResponse:
    """Show what Samleng is, in Khmer first, and the chat.

    The language is in the address and in no cookie: nothing stays on the visitor's phone.
    """
    shell = shell_of(request, language=language if language == "en" else DEFAULT_LANGUAGE)
    return page("front.html", shell, FrontView(first_button=FIRST_BUTTON[shell.language]))
