"""The language switch of the desk."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse

from api.pages.shell import LANGUAGE_COOKIE
from api.parts import parts_of
from api.policy import open_form, public
from api.words import LANGUAGES

router = APIRouter(include_in_schema=False)

A_YEAR = 365 * 24 * 3600
"""Seconds the choice is remembered on a staff computer."""


def place_of_ours(path: str) -> str:
    """Give the path when it is one of ours, else `/`: a form must not send anybody elsewhere."""
    ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if ours else "/"


@router.post("/language", dependencies=[Depends(public)])
def switch(
    request: Request, form: Annotated[Mapping[str, str], Depends(open_form)]
) -> RedirectResponse:
    """Remember the language and go back to the page the button was on."""
    answer = RedirectResponse(place_of_ours(form.get("back", "/")), status_code=303)
    language = form.get("language", "")
    if language in LANGUAGES:
        answer.set_cookie(
            LANGUAGE_COOKIE,
            language,
            max_age=A_YEAR,
            httponly=True,
            samesite="lax",
            secure=parts_of(request).settings.secure_cookies,
        )
    return answer
