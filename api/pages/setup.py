"""One-time links: the first administrator, everybody who was invited, and who lost a password."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from sqlmodel import Session, col, delete, select

from api.pages.members_views import AccountView, DoneView
from api.pages.page import page
from api.pages.shell import shell_of, site_of
from api.pages.views import Shell
from api.policy import open_form, setup_link
from api.sessions import StaffSession
from api.words import mark
from referrals import directory, keyring
from referrals.directory import Member, Organisation, UsedLink
from referrals.keyring import PASSWORD_LENGTH, WeakPassword
from referrals.taxonomy import Role

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

Form = Annotated[Mapping[str, str], Depends(open_form)]

DIFFERENT = mark("The two passwords are not the same.")
WEAK = mark("The password is too short or too long.")
NAMELESS = mark("Please write your name.")
NO_EMAIL = mark("Please write an e-mail address that nobody else uses here.")


def _has_email(member: Member) -> bool:
    """Tell whether there is an e-mail address: the first administrator's link has none yet."""
    return "@" in member.email


def _view(
    session: Session, member: Member, shell: Shell, form: Mapping[str, str], problem: str = ""
) -> AccountView:
    organisation = ""
    if member.organisation_id is not None:
        row = session.get_one(Organisation, member.organisation_id)
        organisation = row.name_km if shell.language == "km" else row.name_en
    return AccountView(
        first=not _has_email(member),
        organisation=organisation,
        edits=member.role == Role.EDITOR,
        counts=member.role == Role.ANALYST,
        begins=_begins(session, member),
        lost=member.public_key is not None,
        email=member.email if _has_email(member) else form.get("email", ""),
        name=form.get("name", member.name),
        problem=problem,
        least=PASSWORD_LENGTH[0],
    )


def _begins(session: Session, member: Member) -> bool:
    """Tell whether an office's key comes into being with this account."""
    return member.organisation_id is not None and directory.nobody_came(
        session, member.organisation_id
    )


@router.get("/setup/{token}", dependencies=[Depends(setup_link)])
@router.get("/invite/{token}", dependencies=[Depends(setup_link)], name="ask_invited")
def ask(request: Request, token: str) -> HTMLResponse:
    """Show the form behind a one-time link; an old link says where to get a new one."""
    shell, site = shell_of(request), site_of(request)
    try:
        with site.store.reading() as session:
            member = directory.invited(session, token, site.clock())
            return page("setup.html", shell, _view(session, member, shell, {}))
    except UsedLink:
        return page("done.html", shell, DoneView(gone=True), status=410)


def _problem(session: Session, member: Member, form: Mapping[str, str]) -> str:
    if not form.get("name", "").strip():
        return NAMELESS
    if not _has_email(member) and not _free(session, _email(form)):
        return NO_EMAIL
    return "" if form.get("password", "") == form.get("again", "") else DIFFERENT


def _email(form: Mapping[str, str]) -> str:
    return form.get("email", "").strip().lower()


def _free(session: Session, email: str) -> bool:
    taken = session.exec(select(Member.id).where(Member.email == email)).first()
    return "@" in email and len(email) <= 254 and taken is None


def _accept(session: Session, member: Member, form: Mapping[str, str], now: datetime) -> str:
    """Make the member's keys; gives the problem when the password is refused."""
    try:
        keyring.accept(
            session, member, form.get("name", "").strip()[:120], form.get("password", ""), now
        )
    except WeakPassword:
        return WEAK
    # Who lost her password may have been signed in elsewhere, with the key that it opened.
    session.exec(delete(StaffSession).where(col(StaffSession.member_id) == member.id))
    if not _has_email(member):
        member.email = _email(form)
        session.add(member)
    return ""


@router.post("/setup/{token}", dependencies=[Depends(setup_link)])
@router.post("/invite/{token}", dependencies=[Depends(setup_link)])
def make(request: Request, token: str, form: Form) -> HTMLResponse:
    """Make the account. The link is used up in the same transaction."""
    shell, site = shell_of(request), site_of(request)
    try:
        with site.store.writing() as session:
            member = directory.invited(session, token, site.clock())
            begins = _begins(session, member)
            problem = _problem(session, member, form) or _accept(
                session, member, form, site.clock()
            )
            if problem:
                view = _view(session, member, shell, form, problem)
                return page("setup.html", shell, view, status=422)
            waiting = any(
                member.id == other.id
                for other in directory.waiting_members(session, member.organisation_id or "")
            )
            first = begins and not waiting  # of two at once only one is
    except UsedLink:
        return page("done.html", shell, DoneView(gone=True), status=410)
    return page("done.html", shell, DoneView(waiting=waiting, begins=first))
