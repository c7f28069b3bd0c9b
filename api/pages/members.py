"""Who works here: the list, inviting, admitting, leaving, and a lost second factor."""

from collections.abc import Callable, Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlmodel import Session, col, select
from starlette.responses import Response

from api import factors
from api.pages import labels
from api.pages.members_views import MemberLine, MembersView
from api.pages.page import page
from api.pages.shell import shell_of, site_of
from api.pages.views import Label, Shell
from api.parts import parts_of
from api.policy import allowed, checked_form
from api.words import MEMBER_STATES, ROLES, ZONE, Words, mark
from referrals import audit, directory, keyring, membership
from referrals.directory import Member, Organisation, SignedIn, SupervisorFirst, UsedLink
from referrals.keyring import LastHolder, LastSupervisor
from referrals.permission import Permission, permits
from referrals.site import Site
from referrals.taxonomy import OF_NO_OFFICE, Role

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

Who = Annotated[SignedIn, Depends(allowed(Permission.SEE_MEMBERS))]
Inviter = Annotated[SignedIn, Depends(allowed(Permission.INVITE_MEMBERS))]
Manager = Annotated[SignedIn, Depends(allowed(Permission.MANAGE_MEMBERS))]
Form = Annotated[Mapping[str, str], Depends(checked_form)]

HAS_ACCOUNT = mark("This person already has an account.")
INCOMPLETE = mark("Please write an e-mail and choose a role.")
SUPERVISOR_FIRST = mark("Nobody is in this organisation yet: its first member is a supervisor.")
NOT_ADMITTABLE = mark("You cannot admit this person.")
NOT_YOURS = mark("You cannot do this for this person.")
LAST_HOLDER = mark(
    "Nobody else holds the key of your office. If this person left, its cases could not be opened "
    "any more. Admit somebody else first."
)
LAST_SUPERVISOR = mark(
    "There is nobody else in this role. If this person left, nobody could admit or invite anybody. "
    "Let another one come first."
)
HAS_COME = mark("This person has come already, or the invitation was taken back.")

NOTES: Mapping[str, str] = {
    "left": mark("This person has left. The open cases are with nobody: please give them out."),
    "ended": mark("This account has ended."),
    "withdrawn": mark("The invitation is taken back. Its link opens nothing any more."),
    "reset": mark("The second factor is gone. At the next sign-in this person sets up a new one."),
}

_OF_AN_OFFICE = (Role.CASE_WORKER, Role.TRIAGE, Role.PARTNER_WORKER, Role.SUPERVISOR)
_INVITABLE: Mapping[Role, tuple[Role, ...]] = {
    Role.SUPERVISOR: _OF_AN_OFFICE,
    Role.ADMINISTRATOR: (
        Role.SUPERVISOR,
        Role.CASE_WORKER,
        Role.TRIAGE,
        Role.PARTNER_WORKER,
        Role.EDITOR,
        Role.ANALYST,
        Role.ADMINISTRATOR,
    ),
}


def invitable(who: SignedIn) -> tuple[Role, ...]:
    """Give the roles to invite to: a supervisor fills her office, an administrator begins one."""
    return _INVITABLE.get(who.role, ())


def _state(member: Member, waiting: frozenset[str]) -> str:
    if member.public_key is None:
        return "left" if member.left_at and not member.link_hash else "invited"
    return "pending" if member.id in waiting else "active"


def _invited_to_offices(session: Session) -> list[Member]:
    """Give those who were invited to an office and have not come, for who invited the first."""
    return list(
        session.exec(
            select(Member)
            .where(
                col(Member.organisation_id).is_not(None),
                col(Member.public_key).is_(None),
                col(Member.link_hash).is_not(None),
            )
            .order_by(col(Member.email))
        )
    )


def _line(
    session: Session, who: SignedIn, words: Words, member: Member, waiting: frozenset[str]
) -> MemberLine:
    state, mine = _state(member, waiting), member.id == who.member_id
    manages = permits(who.role, Permission.MANAGE_MEMBERS)
    here = state in ("active", "pending")
    office = ""
    if member.organisation_id is not None and member.organisation_id != who.organisation_id:
        row = session.get_one(Organisation, member.organisation_id)
        office = labels.organisation(row, words.language)
    return MemberLine(
        id=member.id,
        name=member.name,
        email=member.email,
        role=words.named(ROLES, member.role),
        state=Label(state, words.named(MEMBER_STATES, state)),
        office=office,
        left=words.day(member.left_at.astimezone(ZONE).date()) if member.left_at else "",
        mine=mine,
        may_admit=manages and state == "pending",
        may_end=manages and here,
        may_reset=manages and here and not mine and factors.has_any(session, member.id),
        may_withdraw=state == "invited" and permits(who.role, Permission.INVITE_MEMBERS),
    )


def _view(
    session: Session,
    who: SignedIn,
    shell: Shell,
    *,
    link: str = "",
    link_for: str = "",
    note: str = "",
    problem: str = "",
) -> MembersView:
    words, administers = Words(shell.language), who.role is Role.ADMINISTRATOR
    waiting = (
        frozenset(m.id for m in directory.waiting_members(session, who.organisation_id))
        if who.organisation_id
        else frozenset()
    )
    members = directory.members(session, who.organisation_id)
    if administers:
        members += _invited_to_offices(session)
    lines = [_line(session, who, words, member, waiting) for member in members]
    organisations = (
        tuple(
            Label(each.id, labels.organisation(each, shell.language))
            for each in directory.organisations(session)
        )
        if administers
        else ()
    )
    roles = invitable(who)
    return MembersView(
        lines=tuple(line for line in lines if line.state.code != "left"),
        left=tuple(line for line in lines if line.state.code == "left"),
        may_invite=bool(roles),
        roles=tuple(Label(role, words.named(ROLES, role)) for role in roles),
        organisations=organisations,
        link=link,
        link_for=link_for,
        note=note,
        problem=problem,
        keeps_keys=who.organisation_id is not None,
    )


@router.get("/members")
def members(request: Request, who: Who, done: str = "") -> HTMLResponse:
    """List the members of the reader's organisation; an administrator sees those who belong to
    none, and who was invited to an office and has not come. `done` is one of NOTES.
    """
    shell, site = shell_of(request, who), site_of(request)
    with site.store.reading() as session:
        view = _view(session, who, shell, note=NOTES.get(done, ""))
    return page("members.html", shell, view)


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
            except SupervisorFirst:
                problem = SUPERVISOR_FIRST
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
    site = site_of(request)
    try:
        keyring.admit(site, who, member_id)
    except (PermissionError, ValueError):
        return _refused(request, who, NOT_ADMITTABLE)
    return RedirectResponse("/members", status_code=303)


def _refused(request: Request, who: SignedIn, problem: str, status: int = 403) -> HTMLResponse:
    shell = shell_of(request, who)
    with site_of(request).store.reading() as session:
        view = _view(session, who, shell, problem=problem)
    return page("members.html", shell, view, status=status)


def _change(
    request: Request, who: SignedIn, done: str, act: Callable[[Session, Site], None]
) -> Response:
    """Do something in one transaction, and say on the page what it was, or why it was refused."""
    site = site_of(request)
    try:
        with site.store.writing() as session:
            act(session, site)
    except LastHolder:
        return _refused(request, who, LAST_HOLDER, 409)
    except LastSupervisor:
        return _refused(request, who, LAST_SUPERVISOR, 409)
    except UsedLink:
        return _refused(request, who, HAS_COME, 409)
    except PermissionError:
        return _refused(request, who, NOT_YOURS)
    return RedirectResponse(f"/members?done={done}", status_code=303)


def _member(session: Session, member_id: str) -> Member:
    found = session.get(Member, member_id)
    if found is None:
        raise HTTPException(404)
    return found


def let_go(session: Session, site: Site, who: SignedIn, member: Member) -> None:
    """Let a member leave (membership.let_go), and with her the ways in: sessions, second factors,
    known devices. Raises as that does.
    """
    membership.let_go(session, who, member, site.clock())
    # By oneself nobody resets a factor; here the account ends with it.
    by = None if member.id == who.member_id else who
    factors.reset(session, site, by, member)


@router.post("/members/{member_id}/leave", dependencies=[Depends(checked_form)])
def leave(request: Request, who: Manager, member_id: str) -> Response:
    """Let a member leave: a new key begins for the office, her sessions end, her cases go back."""
    answer = _change(
        request,
        who,
        "left" if who.organisation_id else "ended",
        lambda session, site: let_go(session, site, who, _member(session, member_id)),
    )
    if answer.status_code == 303 and member_id == who.member_id:
        return RedirectResponse("/sign-in", status_code=303)
    return answer


@router.post("/members/{member_id}/withdraw", dependencies=[Depends(checked_form)])
def withdraw(request: Request, who: Inviter, member_id: str) -> Response:
    """Take back the invitation of somebody who has not come."""
    return _change(
        request,
        who,
        "withdrawn",
        lambda session, site: membership.withdraw(session, who, member_id, site.clock()),
    )


@router.post("/members/{member_id}/reset-factor", dependencies=[Depends(checked_form)])
def reset_factor(request: Request, who: Manager, member_id: str) -> Response:
    """Take the second factor away from a member who lost it; her sessions end."""
    return _change(
        request,
        who,
        "reset",
        lambda session, site: factors.reset(session, site, who, _member(session, member_id)),
    )
