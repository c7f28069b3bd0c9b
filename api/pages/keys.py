"""The office's key: who holds it, how far its cases have followed, and the recovery key."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlmodel import Session, col, select
from starlette.responses import Response

from api.pages.keys_views import Holder, KeysView
from api.pages.page import page
from api.pages.shell import shell_of, site_of
from api.policy import allowed, checked_form
from api.words import ROLES, Words, mark
from referrals import audit, directory, keyring, recoverykey, rotation
from referrals.audit import AuditRow
from referrals.directory import Member, Organisation, OrganisationGeneration, SignedIn
from referrals.keyring import NoKey
from referrals.permission import Permission
from referrals.recoverykey import WrongRecoveryKey

router = APIRouter(prefix="/keys", default_response_class=HTMLResponse, include_in_schema=False)

Who = Annotated[SignedIn, Depends(allowed(Permission.MANAGE_KEYS))]
Form = Annotated[Mapping[str, str], Depends(checked_form)]

AT_ONCE = 50
"""Cases that follow at one press of the button: half a second of work."""

NOTES: Mapping[str, str] = {
    "set": mark("The recovery key is in force. The one before, if there was one, opens nothing."),
    "recovered": mark("You hold the key of your office again."),
}
SLIP = mark(
    "This is not a recovery key, or there is a slip in it. Compare it with the paper, sign by sign."
)
NOT_OURS = mark("This is not the recovery key of your office, or there is a slip in it.")
NO_KEY = mark("You do not hold the key of your office.")


def _last(session: Session, organisation_id: str, act: audit.Act) -> AuditRow | None:
    return session.exec(
        select(AuditRow)
        .where(AuditRow.act == act, AuditRow.organisation_id == organisation_id)
        .order_by(col(AuditRow.id).desc())
        .limit(1)
    ).first()


def _view(
    session: Session,
    who: SignedIn,
    words: Words,
    *,
    shown: str = "",
    typing: bool = False,
    note: str = "",
    problem: str = "",
) -> KeysView:
    office = session.get_one(Organisation, who.organisation_id or "")
    present = session.get(OrganisationGeneration, (office.id, office.generation))
    going = rotation.progress(session, office.id)
    made = _last(session, office.id, audit.Act.RECOVERY_SET)
    gone = _last(session, office.id, audit.Act.LEFT)

    def people(members: list[Member]) -> tuple[Holder, ...]:
        return tuple(
            Holder(each.name, words.named(ROLES, each.role), each.id == who.member_id)
            for each in members
        )

    return KeysView(
        organisation=who.organisation_name(words.language),
        holds=keyring.holds(session, office.id, who.member_id),
        generation=office.generation,
        since=present.made_at if present else None,
        holders=people(keyring.holders(session, office.id)),
        waiting=people(directory.waiting_members(session, office.id)),
        left=going.left,
        of=going.of,
        recovery=office.sealed_recovery is not None,
        recovery_at=made.at if made else None,
        left_since=bool(made and gone and (gone.id or 0) > (made.id or 0)),
        shown=tuple(shown.split("-")) if shown else (),
        typing=typing,
        note=note,
        problem=problem,
    )


def _page(request: Request, who: SignedIn, *, status: int = 200, **more: object) -> HTMLResponse:
    shell = shell_of(request, who)
    with site_of(request).store.reading() as session:
        view = _view(session, who, Words(shell.language), **more)  # type: ignore[arg-type]
    return page("keys.html", shell, view, status=status)


@router.get("")
def show(request: Request, who: Who, done: str = "") -> HTMLResponse:
    """Show who holds the key, and what becomes of it. `done` is one of NOTES."""
    return _page(request, who, note=NOTES.get(done, ""))


@router.post("/follow", dependencies=[Depends(checked_form)])
def follow(request: Request, who: Who) -> Response:
    """Let some more cases follow the present key."""
    site = site_of(request)
    with site.store.writing() as session:
        rotation.rewrap(session, who, AT_ONCE, site.clock())
    return RedirectResponse("/keys", status_code=303)


@router.post("/recovery", dependencies=[Depends(checked_form)])
def draw(request: Request, who: Who) -> HTMLResponse:
    """Draw a recovery key; it is shown in this answer and never again. Nothing is kept of it: it
    comes into force when it is typed back.
    """
    with site_of(request).store.reading() as session:
        if not keyring.holds(session, who.organisation_id or "", who.member_id):
            return _page(request, who, status=403, problem=NO_KEY)
    return _page(request, who, shown=recoverykey.new_recovery_key(), typing=True)


@router.get("/recovery/set")
def type_back(request: Request, who: Who) -> HTMLResponse:
    """Ask for the key on the paper: the way back to the form when the second factor was asked for
    between drawing it and typing it.
    """
    return _page(request, who, typing=True)


@router.post("/recovery/set")
def set_(request: Request, who: Who, form: Form) -> Response:
    """Put the recovery key in force that was typed back."""
    site = site_of(request)
    try:
        with site.store.writing() as session:
            recoverykey.set_recovery_key(session, who, form.get("typed", ""), site.clock())
    except WrongRecoveryKey:
        return _page(request, who, status=422, typing=True, problem=SLIP)
    except (NoKey, PermissionError):
        return _page(request, who, status=403, problem=NO_KEY)
    return RedirectResponse("/keys?done=set", status_code=303)


@router.post("/recover")
def recover(request: Request, who: Who, form: Form) -> Response:
    """Take the office's key back with the recovery key, when nobody is left to admit the reader."""
    site = site_of(request)
    try:
        with site.store.writing() as session:
            member = session.get_one(Member, who.member_id)
            recoverykey.recover(session, member, form.get("typed", ""), site.clock())
    except (WrongRecoveryKey, PermissionError):
        audit.record(
            site,
            audit.Act.REFUSED,
            member_id=who.member_id,
            organisation_id=who.organisation_id,
            subject="recovery_key",
        )
        return _page(request, who, status=422, problem=NOT_OURS)
    return RedirectResponse("/keys?done=recovered", status_code=303)
