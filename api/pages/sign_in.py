"""Coming in and going out."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from api import limits, sessions
from api.pages.page import page
from api.pages.shell import demo_of, home_of, shell_of, site_of
from api.pages.views import DemoAccount, Shell, SignInView
from api.parts import parts_of
from api.policy import allowed, checked_form, open_form, public
from api.words import mark
from referrals import demo
from referrals.directory import SignedIn
from referrals.permission import Permission

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

NOT_RIGHT = mark("The e-mail or the password is not right.")
"""The same words whichever of the two is wrong: nobody learns who has an account."""


def _accounts(request: Request, shell: Shell) -> tuple[DemoAccount, ...]:
    if not demo_of(request):
        return ()
    khmer = shell.language == "km"
    return tuple(
        DemoAccount(
            email=account.email,
            password=demo.PASSWORD,
            role=account.organisation_km if khmer else account.organisation_en,
            organisation=account.name,
        )
        for account in demo.accounts()
    )


@router.get("/sign-in", dependencies=[Depends(public)])
def ask(request: Request) -> HTMLResponse:
    """Show the form."""
    shell = shell_of(request)
    return page("sign_in.html", shell, SignInView(accounts=_accounts(request, shell)))


@router.post("/sign-in", dependencies=[Depends(public)])
def sign_in(request: Request, form: Annotated[Mapping[str, str], Depends(open_form)]) -> Response:
    """Open a session, or show the form again with the e-mail kept and the password forgotten.

    Raises HTTPException 429 after too many tries.
    """
    shell = shell_of(request)
    email = form.get("email", "").strip()
    if limits.too_many(request, "sign-in", email.lower()):
        raise HTTPException(429)
    try:
        cookie = sessions.sign_in(site_of(request), email, form.get("password", ""))
    except sessions.SignInFailed:
        view = SignInView(email=email, problem=NOT_RIGHT, accounts=_accounts(request, shell))
        return page("sign_in.html", shell, view, status=401)
    limits.signed_in(request, email.lower())
    who = sessions.current(site_of(request), cookie)
    answer = RedirectResponse(home_of(who) if who else "/cases", status_code=303)
    answer.set_cookie(
        sessions.COOKIE,
        cookie,
        httponly=True,
        samesite="lax",
        secure=parts_of(request).settings.secure_cookies,
    )
    return answer


@router.post("/sign-out", dependencies=[Depends(checked_form)])
def sign_out(
    request: Request, _: Annotated[SignedIn, Depends(allowed(Permission.OWN_ACCOUNT))]
) -> Response:
    """Close the session and make the browser forget what it holds of us."""
    sessions.sign_out(site_of(request), request.cookies.get(sessions.COOKIE))
    answer = RedirectResponse("/sign-in", status_code=303)
    answer.delete_cookie(sessions.COOKIE)
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer
