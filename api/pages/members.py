"""Who works here: the list, inviting, admitting."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlmodel import Session
from starlette.responses import Response

from api.pages import labels
from api.pages.page import page
from api.pages.shell import shell_of, site_of
from api.pages.views import Label, MemberLine, MembersView, Shell
from api.parts import parts_of
from api.policy import allowed, checked_form
from api.words import MEMBER_STATES, ROLES, Words, mark
from referrals import audit, directory, keyring
from referrals.directory import Member, SignedIn, UsedLink
from referrals.permission import Permission
from referrals.taxonomy import OF_NO_OFFICE, Role

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

Who = Annotated[SignedIn, Depends(allowed(Permission.SEE_MEMBERS))]
Inviter = Annotated[SignedIn, Depends(allowed(Permission.INVITE_MEMBERS))]
Manager = Annotated[SignedIn, Depends(allowed(Permission.MANAGE_MEMBERS))]
Form = Annotated[Mapping[str, str], Depends(checked_form)]

HAS_ACCOUNT = mark("This person already has an account.")
INCOMPLETE = mark("Please write an e-mail and choose a role.")
NOT_ADMITTABLE = mark("You cannot admit this person.")


def invitable(who: SignedIn) -> tuple[Role, ...]:
    """Give the roles to invite to: a supervisor fills her office, an administrator begins one."""
    if who.role is Role.ADMINISTRATOR:
        return (Role.SUPERVISOR, Role.CASE_WORKER, Role.EDITOR, Role.ADMINISTRATOR)
    return (Role.CASE_WORKER, Role.SUPERVISOR) if who.role is Role.SUPERVISOR else ()


def _state(member: Member, waiting: frozenset[str]) -> str:
    if member.public_key is None:
        return "invited"
    return "pending" if member.id in waiting else "active"


def _view(
    session: Session,
    who: SignedIn,
    shell: Shell,
    *,
    link: str = "",
    link_for: str = "",
    problem: str = "",
) -> MembersView:
    words = Words(shell.language)
    waiting = (
        frozenset(m.id for m in directory.waiting_members(session, who.organisation_id))
        if who.organisation_id
        else frozenset()
    )
    lines = []
    for member in directory.members(session, who.organisation_id):
        state = _state(member, waiting)
        lines.append(
            MemberLine(
                id=member.id,
                name=member.name,
                email=member.email,
                role=words.named(ROLES, member.role),
                state=Label(state, words.named(MEMBER_STATES, state)),
            )
        )
    organisations = (
        tuple(
            Label(each.id, labels.organisation(each, shell.language))
            for each in directory.organisations(session)
        )
        if who.role is Role.ADMINISTRATOR
        else ()
    )
    roles = invitable(who)
    return MembersView(
        lines=tuple(lines),
        may_invite=bool(roles),
        may_admit=who.role is Role.SUPERVISOR,
        roles=tuple(Label(role, words.named(ROLES, role)) for role in roles),
        organisations=organisations,
        link=link,
        link_for=link_for,
        problem=problem,
    )


@router.get("/members")
def members(request: Request, who: Who) -> HTMLResponse:
    """List the members of the reader's organisation (administrators and editors have none, and see
    each other).
    """
    shell, site = shell_of(request, who), site_of(request)
    with site.store.reading() as session:
        return page("members.html", shell, _view(session, who, shell))


@router.post("/members")
def invite(request: Request, who: Inviter, form: Form) -> HTMLResponse:
    """Make a one-time link for one person; it is shown in this answer and never again."""
    shell, site = shell_of(request, who), site_of(request)
    email, wanted = form.get("email", "").strip(), form.get("role", "")
    link, problem = "", INCOMPLETE
    with site.store.writing() as session:
        if "@" in email and wanted in invitable(who):
            role = Role(wanted)
            try:
                secret = directory.invite(
                    session, email, role, _organisation(who, role, form), site.clock()
                )
                link, problem = _invite_link(request, secret), ""
            except UsedLink:
                problem = HAS_ACCOUNT
            except ValueError:
                problem = INCOMPLETE
        view = _view(session, who, shell, link=link, link_for=email, problem=problem)
    if link:
        audit.record(
            site,
            audit.Act.INVITED,
            member_id=who.member_id,
            organisation_id=who.organisation_id,
            subject=wanted,
        )
    return page("members.html", shell, view, status=422 if problem else 200)


def _invite_link(request: Request, secret: str) -> str:
    """Give the whole address of an invitation. Where this server's own is set, the request's `Host`
    is not believed: whoever forged it would be sent the secret.
    """
    known = parts_of(request).settings.public_url
    if known is None:
        return str(request.url_for("ask_invited", token=secret))
    return known.rstrip("/") + str(request.app.url_path_for("ask_invited", token=secret))


def _organisation(who: SignedIn, role: Role, form: Mapping[str, str]) -> str | None:
    """Give the organisation to invite into. Only an administrator chooses it."""
    if who.role is not Role.ADMINISTRATOR:
        return who.organisation_id
    return None if role in OF_NO_OFFICE else form.get("organisation") or None


@router.post("/members/{member_id}/admit", dependencies=[Depends(checked_form)])
def admit(request: Request, who: Manager, member_id: str) -> Response:
    """Give the organisation's key to a member who waits."""
    shell, site = shell_of(request, who), site_of(request)
    try:
        keyring.admit(site, who, member_id)
    except (PermissionError, ValueError):
        with site.store.reading() as session:
            view = _view(session, who, shell, problem=NOT_ADMITTABLE)
        return page("members.html", shell, view, status=403)
    return RedirectResponse("/members", status_code=303)
