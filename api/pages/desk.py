"""The desk: the list of cases, one case, its files, and what is done with it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse
from starlette.responses import Response

from api.pages.case_shown import INLINE, case_line, case_view
from api.pages.duty import alarm_lines
from api.pages.page import page
from api.pages.shell import home_of, shell_of, site_of
from api.pages.views import CasesView, Withdrawn
from api.parts import parts_of
from api.policy import allowed, checked_form
from api.words import ZONE, Words, mark
from referrals import desk
from referrals.desk import CaseRow, NotAllowed, NotYours
from referrals.directory import OrganisationKey, SignedIn
from referrals.permission import Permission
from referrals.preview import NoPreview, preview
from referrals.taxonomy import Role, Status

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

Who = Annotated[SignedIn, Depends(allowed(Permission.LIST_CASES))]
Reader = Annotated[SignedIn, Depends(allowed(Permission.OPEN_CASES))]
Handler = Annotated[SignedIn, Depends(allowed(Permission.HANDLE_CASES))]
LetterWriter = Annotated[SignedIn, Depends(allowed(Permission.WRITE_LETTERS))]
Form = Annotated[Mapping[str, str], Depends(checked_form)]

SHOWS = ("mine", "new", "all")
READS_NO_CASE = mark("An administrator invites people and reads no case.")
NOT_ADMITTED = mark("A supervisor of your organisation must admit you before you can open a case.")
LETTER_REFUSED = mark("The letter is empty or too long, or the person does not want letters.")
STATUS_REFUSED = mark("This change is not possible.")

FILE_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    # Should a browser ever open the file as a page: it may do nothing at all.
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


@contextmanager
def _only_ours() -> Iterator[None]:
    """Turn NotYours into HTTPException 404: a case of others and no case at all look the same."""
    try:
        yield
    except NotYours:
        raise HTTPException(404) from None


def _shown(row: CaseRow, show: str) -> bool:
    if show == "mine":
        return row.mine
    return show == "all" or row.handler is None


@router.get("/cases")
def cases(request: Request, who: Who, show: str = "") -> Response:
    """List the cases the member may open: urgent and old first. `show` is mine, new or all.

    An editor, who reads no case, is brought to the answers.
    """
    if home_of(who) != "/cases":
        return RedirectResponse(home_of(who), status_code=303)
    shell, site = shell_of(request, who), site_of(request)
    with site.store.reading() as session:
        rows = desk.list_cases(session, who, site.clock())
        taken_back = desk.withdrawn(session, who, site.clock())
        alarms = alarm_lines(session, who, shell.language)
        admitted = (
            who.organisation_id is not None
            and session.get(OrganisationKey, (who.organisation_id, who.member_id)) is not None
        )
    counts = tuple((each, sum(_shown(row, each) for row in rows)) for each in SHOWS)
    if show not in SHOWS:
        show = "all"
    words = Words(shell.language)
    note = "" if admitted else NOT_ADMITTED
    view = CasesView(
        show=show,
        lines=tuple(case_line(row, words) for row in rows if _shown(row, show)),
        alarms=alarms,
        counts=counts,
        note=READS_NO_CASE if who.role is Role.ADMINISTRATOR else note,
        withdrawn=tuple(
            Withdrawn(row.code, words.day(row.at.astimezone(ZONE).date()) if row.at else "")
            for row in taken_back
        ),
    )
    return page("cases.html", shell, view)


@router.get("/cases/{code}")
def case(request: Request, who: Reader, code: str) -> HTMLResponse:
    """Open one case. The opening is written down first. Raises HTTPException 404."""
    shell = shell_of(request, who)
    with _only_ours():
        opened = desk.open_case(site_of(request), who, code)
    return page("case.html", shell, case_view(opened, shell))


@router.get("/cases/{code}/files/{file_id}")
def case_file(request: Request, who: Reader, code: str, file_id: str) -> StreamingResponse:
    """Stream one file, opened chunk by chunk. Written down first. Raises HTTPException 404."""
    with _only_ours():
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
    with _only_ours():
        row, chunks = desk.open_file(site_of(request), who, code, file_id)
    try:
        shown = preview(chunks, row.media_type)
    except NoPreview:
        return Response(status_code=415, headers=dict(FILE_HEADERS))
    return Response(shown, media_type="image/jpeg", headers=dict(FILE_HEADERS))


def _back_to(code: str) -> RedirectResponse:
    return RedirectResponse(f"/cases/{quote(code)}", status_code=303)


@router.post("/cases/{code}/take", dependencies=[Depends(checked_form)])
def take(request: Request, who: Handler, code: str) -> Response:
    """Become the handler. Raises HTTPException 404."""
    try:
        with _only_ours():
            desk.take(site_of(request), who, code)
    except NotAllowed:
        return _again(request, who, code, STATUS_REFUSED)
    return _back_to(code)


@router.post("/cases/{code}/status")
def status(request: Request, who: Handler, code: str, form: Form) -> Response:
    """Change where the case stands. Raises HTTPException 404."""
    try:
        with _only_ours():
            desk.set_status(site_of(request), who, code, Status(form.get("status", "")))
    except (NotAllowed, ValueError):
        return _again(request, who, code, STATUS_REFUSED)
    return _back_to(code)


@router.post("/cases/{code}/letters")
def write(request: Request, who: LetterWriter, code: str, form: Form) -> Response:
    """Write to the migrant; what cannot be sent stays in the form. Raises HTTPException 404."""
    # Browsers send a line end as two characters but count it as one against maxlength.
    text = form.get("text", "").replace("\r\n", "\n")
    try:
        with _only_ours():
            letter = desk.write(site_of(request), who, code, text)
    except NotAllowed:
        return _again(request, who, code, LETTER_REFUSED, unsent=text)
    parts_of(request).announce(letter)
    return RedirectResponse(f"/cases/{quote(code)}#letters", status_code=303)


def _again(
    request: Request, who: SignedIn, code: str, problem: str, unsent: str = ""
) -> HTMLResponse:
    shell = shell_of(request, who)
    with _only_ours():
        opened = desk.open_case(site_of(request), who, code)
    view = case_view(opened, shell, unsent=unsent, problem=problem)
    return page("case.html", shell, view, status=422)
