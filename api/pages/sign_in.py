"""Coming in with the password, and going out. The second factor: second_factor.py."""

from collections.abc import Mapping
from math import ceil
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from api import devices, sessions, tries
from api.pages import entering
from api.pages.page import page
from api.pages.shell import demo_of, home_of, shell_of, site_of
from api.pages.views import DemoAccount, Shell, SignInView
from api.policy import allowed, checked_form, open_form, public
from api.words import mark
from referrals import demo
from referrals.directory import SignedIn
from referrals.permission import Permission

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

NOT_RIGHT = mark("The e-mail or the password is not right.")
"""The same words whichever of the two is wrong: nobody learns who has an account."""
TOO_OFTEN = mark("There were too many wrong tries. Please wait a while and try again.")
"""Said of every name that was tried too often, whether somebody has it or not."""


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


def _refused(request: Request, email: str, problem: str, status: int) -> HTMLResponse:
    shell = shell_of(request)
    view = SignInView(email=email, problem=problem, accounts=_accounts(request, shell))
    return page("sign_in.html", shell, view, status=status)


@router.post("/sign-in", dependencies=[Depends(public)])
def sign_in(request: Request, form: Annotated[Mapping[str, str], Depends(open_form)]) -> Response:
    """Take the password and go on to the second factor, or show the form again with the e-mail kept
    and the password forgotten: 401, or 429 after too many wrong tries.
    """
    site, email = site_of(request), form.get("email", "").strip()
    account = sessions.account_name(email)
    try:
        with site.store.writing() as session:
            place = entering.place_of(request, session, account)
            number = tries.begin(session, site, account, place)
    except tries.MustWait as waiting:
        refused = _refused(request, email, TOO_OFTEN, 429)
        refused.headers["Retry-After"] = str(ceil(waiting.wait.total_seconds()))
        return refused
    needed = not demo_of(request)
    try:
        cookie = sessions.sign_in(
            site,
            email,
            form.get("password", ""),
            device=devices.label(request.headers.get("user-agent", "")),
            factor_needed=needed,
        )
    except sessions.SignInFailed:
        return _refused(request, email, NOT_RIGHT, 401)
    sessions.sign_out(site, request.cookies.get(sessions.COOKIE))  # who was here before
    who = sessions.current(site, cookie, factor_needed=needed)
    device = entering.device_of(request)
    with site.store.writing() as session:
        tries.right(session, number)
        if who is not None:
            tries.know(session, site, who.member_id, device)
    answer = RedirectResponse(home_of(who) if who else "/second-factor", status_code=303)
    entering.hand_cookie(request, answer, cookie)
    if who is not None:
        entering.hand_device(request, answer, device)
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
