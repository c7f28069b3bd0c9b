"""The desk: the list of cases, one case, its files, and what is done with it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse
from starlette.responses import Response

from api.pages import labels
from api.pages.page import page
from api.pages.shell import home_of, shell_of, site_of
from api.pages.views import (
    CaseLine,
    CasesView,
    CaseView,
    Consent,
    Field,
    File,
    Letter,
    Reader,
    Route,
    Shell,
)
from api.parts import parts_of
from api.policy import checked_form, signed_in
from api.words import (
    CHANNELS,
    CONFIDENTIALITY,
    FIELDS,
    FILE_KINDS,
    LANGUAGE_NAMES,
    REASONS,
    Words,
    mark,
)
from bot.content import content
from referrals import desk
from referrals.desk import CaseRow, FileRow, NotAllowed, NotYours, OpenCase
from referrals.directory import OrganisationKey, SignedIn
from referrals.taxonomy import Role, Status

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

Who = Annotated[SignedIn, Depends(signed_in)]
Form = Annotated[Mapping[str, str], Depends(checked_form)]

SHOWS = ("mine", "new", "all")
READS_NO_CASE = mark("An administrator invites people and reads no case.")
NOT_ADMITTED = mark("A supervisor of your organisation must admit you before you can open a case.")
LETTER_REFUSED = mark("The letter is empty or too long, or the person does not want letters.")
STATUS_REFUSED = mark("This change is not possible.")

INLINE = frozenset(
    {
        "audio/ogg",
        "audio/mpeg",
        "audio/mp4",
        "audio/aac",
        "audio/wav",
        "audio/webm",
        "image/jpeg",
        "image/png",
        "image/webp",
        "image/gif",
        "video/mp4",
        "video/webm",
    }
)
"""Media types a browser may show inside our page; anything else (SVG, HTML) is only saved."""


@contextmanager
def _only_ours() -> Iterator[None]:
    """Turn NotYours into HTTPException 404: a case of others and no case at all look the same."""
    try:
        yield
    except NotYours:
        raise HTTPException(404) from None


def _line(row: CaseRow, words: Words) -> CaseLine:
    return CaseLine(
        code=row.code,
        urgency=row.urgency,
        age=row.age,
        category=labels.label("category", row.category, words.language),
        province=labels.province(row.province, words.language),
        country=labels.label("country", row.country, words.language).text,
        status=labels.status(row.status, words),
        handler=row.handler,
        mine=row.mine,
        unread=row.unread,
    )


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
        lines=tuple(_line(row, words) for row in rows if _shown(row, show)),
        counts=counts,
        note=READS_NO_CASE if who.role is Role.ADMINISTRATOR else note,
    )
    return page("cases.html", shell, view)


@router.get("/cases/{code}")
def case(request: Request, who: Who, code: str) -> HTMLResponse:
    """Open one case. The opening is written down first. Raises HTTPException 404."""
    shell = shell_of(request, who)
    with _only_ours():
        opened = desk.open_case(site_of(request), who, code)
    return page("case.html", shell, case_view(opened, shell))


def case_view(opened: OpenCase, shell: Shell, *, unsent: str = "", problem: str = "") -> CaseView:
    """Put an opened case in the reader's language."""
    words = Words(shell.language)
    line = _line(opened.row, words)
    return CaseView(
        code=line.code,
        urgency=line.urgency,
        category=line.category,
        province=line.province,
        country=line.country,
        status=line.status,
        statuses=tuple(labels.status(s, words) for s in Status if s is not Status.LODGED),
        lodged_at=opened.lodged_at,
        handler=line.handler,
        mine=line.mine,
        may_write=opened.may_write,
        fields=_fields(opened, words),
        files=tuple(_file(row, words) for row in opened.files),
        consents=tuple(
            Consent(_consent_name(c.code, words), c.granted, c.at) for c in opened.consents
        ),
        routes=tuple(
            Route(
                labels.organisation(office, words.language),
                tuple(words.named(REASONS, reason) for reason in office.reasons),
            )
            for office in opened.offices
        ),
        thread=tuple(Letter(row.at, row.author, row.text) for row in opened.thread),
        readers=tuple(
            Reader(row.at, row.name, labels.reader_organisation(row, shell))
            for row in opened.readers
        ),
        letter_limit=desk.LETTER_LIMIT,
        unsent=unsent,
        problem=problem,
    )


def _consent_name(code: str, words: Words) -> str:
    """Name a consent shortly; fall back on its full question while there is no short name."""
    short = labels.label("consent", code, words.language)
    if short.text != code or code not in content().consents:
        return short.text
    asked = content().consents[code]
    return asked.km if words.language == "km" else asked.en


def _fields(opened: OpenCase, words: Words) -> tuple[Field, ...]:
    complainant = labels.label("complainant", opened.complainant, words.language).text
    told = (
        Field(words.named(FIELDS, name), text, long=name in ("story", "addition"))
        for name, text in opened.fields
    )
    return (
        *told,
        Field(words.named(FIELDS, "complainant"), complainant),
        Field(
            words.named(FIELDS, "confidentiality"),
            words.named(CONFIDENTIALITY, opened.confidentiality),
        ),
        Field(words.named(FIELDS, "language"), words.named(LANGUAGE_NAMES, opened.language)),
        Field(words.named(FIELDS, "channel"), words.named(CHANNELS, opened.channel)),
    )


def _file(row: FileRow, words: Words) -> File:
    family = row.media_type.partition("/")[0]
    shown = family if row.media_type in INLINE else "link"
    return File(row.id, words.named(FILE_KINDS, row.kind), shown, row.size, row.added_later)


@router.get("/cases/{code}/files/{file_id}")
def case_file(request: Request, who: Who, code: str, file_id: str) -> StreamingResponse:
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
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            # Should a browser ever open the file as a page: it may do nothing at all.
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )


def _back_to(code: str) -> RedirectResponse:
    return RedirectResponse(f"/cases/{quote(code)}", status_code=303)


@router.post("/cases/{code}/take", dependencies=[Depends(checked_form)])
def take(request: Request, who: Who, code: str) -> RedirectResponse:
    """Become the handler. Raises HTTPException 404."""
    with _only_ours():
        desk.take(site_of(request), who, code)
    return _back_to(code)


@router.post("/cases/{code}/status")
def status(request: Request, who: Who, code: str, form: Form) -> Response:
    """Change where the case stands. Raises HTTPException 404."""
    try:
        with _only_ours():
            desk.set_status(site_of(request), who, code, Status(form.get("status", "")))
    except (NotAllowed, ValueError):
        return _again(request, who, code, STATUS_REFUSED)
    return _back_to(code)


@router.post("/cases/{code}/letters")
def write(request: Request, who: Who, code: str, form: Form) -> Response:
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
