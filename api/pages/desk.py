"""The desk: the list of cases, one case, its files, and what is done with it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse
from sqlmodel import Session
from starlette.responses import Response

from api.pages.case_shown import INLINE, case_line, case_view
from api.pages.duty import alarm_lines
from api.pages.page import page
from api.pages.shell import shell_of, site_of
from api.pages.views import CasesView, Hands, Person, Withdrawn
from api.parts import parts_of
from api.policy import allowed, checked_form
from api.words import ZONE, Words, mark
from referrals import audit, desk, handling, retention, rotation, searching
from referrals.case import by_code
from referrals.desk import CaseRow, NotAllowed, NotYours, OpenCase
from referrals.directory import OrganisationKey, SignedIn
from referrals.permission import Permission, permits
from referrals.preview import NoPreview, preview
from referrals.site import Site
from referrals.taxonomy import Confidentiality, Status

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

Who = Annotated[SignedIn, Depends(allowed(Permission.LIST_CASES))]
Reader = Annotated[SignedIn, Depends(allowed(Permission.OPEN_CASES))]
Handler = Annotated[SignedIn, Depends(allowed(Permission.HANDLE_CASES))]
Assigner = Annotated[SignedIn, Depends(allowed(Permission.ASSIGN_CASES))]
Namer = Annotated[SignedIn, Depends(allowed(Permission.NAME_READERS))]
LetterWriter = Annotated[SignedIn, Depends(allowed(Permission.WRITE_LETTERS))]
Form = Annotated[Mapping[str, str], Depends(checked_form)]

FOLLOW_AT_ONCE = 20
"""Cases that are wrapped to a new key of the office during one visit to the list."""

SHOWS = ("mine", "new", "all")
NOT_ADMITTED = mark("A supervisor of your organisation must admit you before you can open a case.")
LETTER_REFUSED = mark("The letter is empty or too long, or the person does not want letters.")
STATUS_REFUSED = mark("This change is not possible.")
NOT_POSSIBLE = mark("This person cannot be chosen for it.")

FILE_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    # Should a browser ever open the file as a page: it may do nothing at all.
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


@contextmanager
def only_ours() -> Iterator[None]:
    """Turn NotYours into HTTPException 404: a case of others and no case at all look the same."""
    try:
        yield
    except NotYours:
        raise HTTPException(404) from None


def _drawn(
    request: Request, who: SignedIn, code: str, *, unsent: str = "", problem: str = ""
) -> HTMLResponse:
    """Open a case and draw it. Raises HTTPException 404."""
    shell, site = shell_of(request, who), site_of(request)
    with only_ours():
        opened = desk.open_case(site, who, code)
    with site.store.reading() as session:
        hands = _hands(session, who, opened)
        repeats = searching.repeats(session, who, by_code(session, code))
    view = case_view(opened, shell, hands, repeats, unsent=unsent, problem=problem)
    return page("case.html", shell, view, status=422 if problem else 200)


def _hands(session: Session, who: SignedIn, opened: OpenCase) -> Hands:
    office, named = who.organisation_id, {each.id for each in opened.named}
    restricted = opened.confidentiality == Confidentiality.RESTRICTED
    names = restricted and permits(who.role, Permission.NAME_READERS)
    could_handle = handling.colleagues(session, office, Permission.HANDLE_CASES)
    could_open = handling.colleagues(session, office, Permission.OPEN_CASES) if names else []
    return Hands(
        handles=permits(who.role, Permission.HANDLE_CASES),
        writes=permits(who.role, Permission.WRITE_LETTERS),
        exports=permits(who.role, Permission.EXPORT_CASES),
        names=names,
        assignable=tuple(
            Person(each.id, each.name)
            for each in could_handle
            if permits(who.role, Permission.ASSIGN_CASES)
            and each.id != opened.row.handler_id
            and (not restricted or names or each.id in named)
        ),
        named=tuple(Person(each.id, each.name) for each in opened.named),
        nameable=tuple(Person(e.id, e.name) for e in could_open if e.id not in named),
    )


def _shown(row: CaseRow, show: str) -> bool:
    if show == "mine":
        return row.mine
    return show == "all" or row.handler is None


@router.get("/cases")
def cases(request: Request, who: Who, show: str = "") -> Response:
    """List the cases the member may open: urgent and old first. `show` is mine, new or all."""
    shell, site = shell_of(request, who), site_of(request)
    audit.record(
        site, audit.Act.LISTED, member_id=who.member_id, organisation_id=who.organisation_id
    )
    with site.store.writing() as session:
        # After somebody left, the cases follow to the office's new key little by little.
        rotation.rewrap(session, who, limit=FOLLOW_AT_ONCE, now=site.clock())
    with site.store.reading() as session:
        rows = desk.list_cases(session, who, site.clock())
        taken_back = desk.withdrawn(session, who, site.clock())
        alarms = alarm_lines(session, who, shell.language)
        erased_soon = retention.warned_count(session, who)
        admitted = (
            who.organisation_id is not None
            and session.get(OrganisationKey, (who.organisation_id, who.member_id)) is not None
        )
    counts = tuple((each, sum(_shown(row, each) for row in rows)) for each in SHOWS)
    if show not in SHOWS:
        show = "all"
    words = Words(shell.language)
    view = CasesView(
        show=show,
        lines=tuple(case_line(row, words) for row in rows if _shown(row, show)),
        alarms=alarms,
        erased_soon=erased_soon,
        counts=counts,
        note="" if admitted else NOT_ADMITTED,
        withdrawn=tuple(
            Withdrawn(row.code, words.day(row.at.astimezone(ZONE).date()) if row.at else "")
            for row in taken_back
        ),
    )
    return page("cases.html", shell, view)


@router.get("/cases/{code}")
def case(request: Request, who: Reader, code: str) -> HTMLResponse:
    """Open one case. The opening is written down first. Raises HTTPException 404."""
    return _drawn(request, who, code)


@router.get("/cases/{code}/files/{file_id}")
def case_file(request: Request, who: Reader, code: str, file_id: str) -> StreamingResponse:
    """Stream one file, opened chunk by chunk. Written down first. Raises HTTPException 404."""
    with only_ours():
        row, chunks = desk.open_file(site_of(request), who, code, file_id)
    inline = row.media_type in INLINE
    ending = row.media_type.partition("/")[2].partition("+")[0].partition(".")[0]
    name = quote(f"{code}-{row.kind}-{row.id[:6]}.{ending if ending.isalnum() else 'bin'}")
    return StreamingResponse(
        chunks,
        media_type=row.media_type if inline else "application/octet-stream",
        headers={
            "Content-Disposition": f"{'inline' if inline else 'attachment'}; filename={name}",
            "Content-Length": str(row.size),
            **FILE_HEADERS,
        },
    )


@router.get("/cases/{code}/files/{file_id}/preview")
def case_file_preview(request: Request, who: Reader, code: str, file_id: str) -> Response:
    """Show a picture small and without what the camera wrote beside it. Written down like the
    opening of the file. A file that has no preview is answered 415. Raises HTTPException 404.
    """
    with only_ours():
        row, chunks = desk.open_file(site_of(request), who, code, file_id)
    try:
        shown = preview(chunks, row.media_type)
    except NoPreview:
        return Response(status_code=415, headers=dict(FILE_HEADERS))
    return Response(shown, media_type="image/jpeg", headers=dict(FILE_HEADERS))


def back_to(code: str) -> RedirectResponse:
    """Bring the member back to the case."""
    return RedirectResponse(f"/cases/{quote(code)}", status_code=303)


@router.post("/cases/{code}/take", dependencies=[Depends(checked_form)])
def take(request: Request, who: Handler, code: str) -> Response:
    """Become the handler. Raises HTTPException 404."""
    try:
        with only_ours():
            desk.take(site_of(request), who, code)
    except NotAllowed:
        return _drawn(request, who, code, problem=STATUS_REFUSED)
    return back_to(code)


@router.post("/cases/{code}/status")
def status(request: Request, who: Handler, code: str, form: Form) -> Response:
    """Change where the case stands. Raises HTTPException 404."""
    try:
        with only_ours():
            desk.set_status(site_of(request), who, code, Status(form.get("status", "")))
    except (NotAllowed, ValueError):
        return _drawn(request, who, code, problem=STATUS_REFUSED)
    return back_to(code)


@router.post("/cases/{code}/letters")
def write(request: Request, who: LetterWriter, code: str, form: Form) -> Response:
    """Write to the migrant; what cannot be sent stays in the form. Raises HTTPException 404."""
    # Browsers send a line end as two characters but count it as one against maxlength.
    text = form.get("text", "").replace("\r\n", "\n")
    try:
        with only_ours():
            letter = desk.write(site_of(request), who, code, text)
    except NotAllowed:
        return _drawn(request, who, code, unsent=text, problem=LETTER_REFUSED)
    parts_of(request).announce(letter)
    return RedirectResponse(f"/cases/{quote(code)}#letters", status_code=303)


@router.post("/cases/{code}/assign")
def assign(request: Request, who: Assigner, code: str, form: Form) -> Response:
    """Give the case to a colleague. Raises HTTPException 404."""
    return _by_hand(request, who, code, handling.assign, form)


@router.post("/cases/{code}/readers")
def name_reader(request: Request, who: Namer, code: str, form: Form) -> Response:
    """Name who may open a restricted case. Raises HTTPException 404."""
    return _by_hand(request, who, code, handling.name_reader, form)


@router.post("/cases/{code}/readers/remove")
def remove_reader(request: Request, who: Namer, code: str, form: Form) -> Response:
    """Take a name away. Raises HTTPException 404."""
    return _by_hand(request, who, code, handling.remove_reader, form)


def _by_hand(
    request: Request,
    who: SignedIn,
    code: str,
    act: Callable[[Site, SignedIn, str, str], None],
    form: Mapping[str, str],
) -> Response:
    try:
        with only_ours():
            act(site_of(request), who, code, form.get("member", ""))
    except NotAllowed:
        return _drawn(request, who, code, problem=NOT_POSSIBLE)
    with site_of(request).store.reading() as session:
        try:
            desk.key_of(session, who, code)
        except NotYours:  # she took her own name away
            return RedirectResponse("/cases", status_code=303)
    return back_to(code)
