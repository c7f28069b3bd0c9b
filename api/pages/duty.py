"""Who is called when somebody is in danger: one's own phone, the office's order, open alarms."""

from collections.abc import Callable, Mapping
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlmodel import Session
from starlette.responses import Response

from api.pages.duty_views import AlarmLine, CallLine, DutyView, PhoneLine
from api.pages.page import page
from api.pages.shell import shell_of, site_of
from api.parts import parts_of
from api.policy import allowed, checked_form
from api.words import mark
from referrals import alarm, audit, desk, duty
from referrals.case import Case
from referrals.directory import SignedIn
from referrals.duty import Alarm
from referrals.permission import Permission, permits
from referrals.site import Site
from referrals.taxonomy import Role

callable_ = allowed(Permission.BE_ON_DUTY)

router = APIRouter(
    prefix="/duty",
    dependencies=[Depends(callable_)],
    default_response_class=HTMLResponse,
    include_in_schema=False,
)

Who = Annotated[SignedIn, Depends(callable_)]
Form = Annotated[Mapping[str, str], Depends(checked_form)]

TOO_LATE = mark("Somebody else has taken it already.")
RESTRICTED = mark("You cannot open this case. Tell your supervisor now, by telephone.")
NOTES: Mapping[str, str] = {"late": TOO_LATE, "restricted": RESTRICTED}
NOT_ADMITTED = mark("A supervisor of your organisation must admit you before you can be on duty.")
NOT_CHANGED = mark("You cannot change this phone.")


def alarm_lines(session: Session, who: SignedIn, language: str) -> tuple[AlarmLine, ...]:
    """Give the open alarms of the cases that the member's office can read, for a page or banner."""
    if who.organisation_id is None or not permits(who.role, Permission.BE_ON_DUTY):
        return ()
    return tuple(
        AlarmLine(
            each.id,
            each.code,
            each.raised_at,
            each.given_up_at is not None,
            tuple(
                CallLine(
                    call.name
                    or (call.organisation_km if language == "km" else call.organisation_en),
                    call.at,
                    call.reached,
                )
                for call in each.calls
            ),
        )
        for each in alarm.open_alarms(session, who.organisation_id)
    )


def _page(
    request: Request,
    who: SignedIn,
    *,
    code: str = "",
    note: str = "",
    problem: str = "",
    status: int = 200,
) -> HTMLResponse:
    shell = shell_of(request, who)
    with site_of(request).store.reading() as session:
        kept = duty.roster(session, who.organisation_id or "")
        phones = tuple(
            PhoneLine(
                each.member_id,
                each.name,
                each.on_duty,
                each.since,
                each.member_id == who.member_id,
                number == 0,
                number == len(kept) - 1,
            )
            for number, each in enumerate(kept)
        )
        view = DutyView(
            alarms=alarm_lines(session, who, shell.language),
            phones=phones,
            mine=next((phone for phone in phones if phone.mine), None),
            orders=who.role is Role.SUPERVISOR,
            connected=parts_of(request).telegram is not None,
            minutes=int(duty.CODE_HOLDS.total_seconds() // 60),
            code=code,
            note=note,
            problem=problem,
        )
    return page("duty.html", shell, view, status=status)


@router.get("")
def on_duty(request: Request, who: Who, done: str = "") -> HTMLResponse:
    """Show alarms, the reader's phone and the office's order. `done` names one of NOTES."""
    site = site_of(request)
    audit.record(
        site,
        audit.Act.LISTED,
        member_id=who.member_id,
        organisation_id=who.organisation_id,
        subject="duty",
    )
    return _page(request, who, note=NOTES.get(done, ""))


@router.post("/link", dependencies=[Depends(checked_form)])
def link(request: Request, who: Who) -> HTMLResponse:
    """Make a one-time code for the reader; it is shown in this answer and never again."""
    site = site_of(request)
    try:
        with site.store.writing() as session:
            code = duty.link_code(session, site, who.member_id)
            _trace(session, site, who, who.member_id)
    except duty.CannotBeCalled:
        return _page(request, who, problem=NOT_ADMITTED, status=403)
    return _page(request, who, code=code)


def _trace(session: Session, site: Site, who: SignedIn, member_id: str) -> None:
    audit.add(
        session,
        site.clock(),
        audit.Act.DUTY_CHANGED,
        member_id=who.member_id,
        organisation_id=who.organisation_id,
        subject=member_id[:32],
    )


def _change(
    request: Request, who: SignedIn, member_id: str, act: Callable[[Session], None]
) -> Response:
    site = site_of(request)
    try:
        with site.store.writing() as session:
            act(session)
            _trace(session, site, who, member_id)
    except PermissionError:
        return _page(request, who, problem=NOT_CHANGED, status=403)
    return RedirectResponse("/duty", status_code=303)


@router.post("/{member_id}/unlink", dependencies=[Depends(checked_form)])
def unlink(request: Request, who: Who, member_id: str) -> Response:
    """Forget a phone: one's own, or a supervisor any of the office."""
    return _change(request, who, member_id, lambda session: duty.unlink(session, who, member_id))


@router.post("/{member_id}/switch")
def switch(request: Request, who: Who, member_id: str, form: Form) -> Response:
    """Put a member on duty (`on` is yes) or take her off: oneself, or a supervisor any."""
    on = form.get("on") == "yes"
    return _change(
        request, who, member_id, lambda session: duty.set_on_duty(session, who, member_id, on)
    )


@router.post("/{member_id}/move")
def move(request: Request, who: Who, member_id: str, form: Form) -> Response:
    """Have a member called one place earlier (`to` is earlier) or later: supervisors only."""
    earlier = form.get("to") == "earlier"
    return _change(
        request, who, member_id, lambda session: duty.move(session, who, member_id, earlier=earlier)
    )


@router.post("/alarms/{alarm_id}/take", dependencies=[Depends(checked_form)])
def take(request: Request, who: Who, alarm_id: str) -> Response:
    """Answer an alarm, become the handler when there is none, and go to the case.

    Raises HTTPException 404 when there is no such alarm for this office.
    """
    site = site_of(request)
    with site.store.writing() as session:
        found = session.get(Alarm, alarm_id)
        if found is None:
            raise HTTPException(404)
        try:
            mine = alarm.answer(session, site, found, who.member_id)
        except alarm.NotYours:
            raise HTTPException(404) from None
        case = session.get_one(Case, found.case_id)
        code, held = case.code, case.handler_id is not None
    if not mine:
        return RedirectResponse("/duty?done=late", status_code=303)
    if not held:
        try:
            desk.take(site, who, code)
        except (desk.NotYours, desk.NotAllowed):
            return RedirectResponse("/duty?done=restricted", status_code=303)
    return RedirectResponse(f"/cases/{quote(code)}", status_code=303)
