"""Answers as a file: taken away, and brought back with a look at every change before."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlmodel import Session
from starlette.responses import Response

from api.pages import editing
from api.pages.editing import Editor
from api.pages.editing_views import ChangeLine, Complaint, ImportView
from api.pages.page import page
from api.pages.shell import shell_of, site_of
from api.policy import Upload, checked_upload
from api.words import Words
from bot.content import exchange, living
from bot.content.exchange import BadFile, Proposal
from referrals import audit

router = APIRouter(
    prefix="/answers",
    dependencies=[Depends(editing.editor)],
    default_response_class=HTMLResponse,
    include_in_schema=False,
)

File = Annotated[Upload, Depends(checked_upload)]

BODY = 4 * exchange.FILE_LIMIT
"""Bytes of a form with such a file; one somewhat over the limit still comes in, to be refused
kindly.
"""


@router.get("/export.yml")
def export(request: Request) -> Response:
    """Give all answers as they hold now, in the shape of the files."""
    site = site_of(request)
    with site.store.reading() as session:
        content = living.current(session, site.clock())
    return Response(
        exchange.write(content.faq),
        media_type="application/yaml; charset=utf-8",
        headers={"Content-Disposition": "attachment; filename=answers.yml"},
    )


@router.get("/import")
def ask(request: Request, who: Editor) -> HTMLResponse:
    """Ask for a file."""
    return page("import.html", shell_of(request, who), ImportView())


@router.post("/import", max_body_size=BODY)
def judge(request: Request, who: Editor, sent: File) -> HTMLResponse:
    """Show what a file would change, or why it is refused. Nothing is saved."""
    site = site_of(request)
    try:
        answers = exchange.read(sent.file)
        with site.store.reading() as session:
            proposal = exchange.propose(session, answers, site.clock())
            return _review(request, who, session, proposal)
    except BadFile as error:
        return _bad(request, who, error)


@router.post("/take-over", max_body_size=BODY)
def take_over(request: Request, who: Editor, sent: File) -> Response:
    """Take over the changes that were shown. They come again, and are judged again; when others
    would be changed now, these are shown first.
    """
    site = site_of(request)
    try:
        answers = exchange.read(sent.fields.get("content", "").encode())
        with site.store.writing() as session:
            now = site.clock()
            proposal = exchange.propose(session, answers, now)
            if proposal.complaints or proposal.mark != sent.fields.get("mark"):
                return _review(request, who, session, proposal, meanwhile=True)
            note = editing.tidy(sent.fields.get("note", "")) or "⇪"
            exchange.take_over(session, proposal, author=who.member_id, note=note, now=now)
            for each in proposal.changes:
                audit.add(
                    session,
                    now,
                    audit.Act.EDITED,
                    member_id=who.member_id,
                    subject=f"{each.topic}/{each.new.country}",
                )
    except BadFile as error:
        return _bad(request, who, error)
    return RedirectResponse(f"/answers?taken_over={len(proposal.changes)}", status_code=303)


def _bad(request: Request, who: Editor, error: BadFile) -> HTMLResponse:
    view = ImportView(sent=True, problem=error.problem, where=error.where)
    return page("import.html", shell_of(request, who), view, status=422)


def _review(
    request: Request,
    who: Editor,
    session: Session,
    proposal: Proposal,
    *,
    meanwhile: bool = False,
) -> HTMLResponse:
    shell, site = shell_of(request, who), site_of(request)
    words, content = Words(shell.language), living.current(session, site.clock())
    view = ImportView(
        sent=True,
        changes=tuple(
            ChangeLine(
                path=f"/answers/{each.topic}/{each.new.country}",
                title=editing.title(each.topic, words),
                country=editing.country(each.new.country, words),
                old=editing.reading(each.old, content, words),
                new=editing.reading(each.new, content, words),
            )
            for each in proposal.changes
        ),
        complaints=tuple(
            Complaint(each.rule, each.found, each.place.removeprefix("faq."))
            for each in proposal.complaints
        ),
        content=exchange.write(proposal.answers),
        mark=proposal.mark,
        meanwhile=meanwhile,
    )
    status = 409 if meanwhile else 422 if proposal.complaints else 200
    return page("import.html", shell, view, status=status)
