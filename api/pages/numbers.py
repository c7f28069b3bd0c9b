"""Numbers that migrants are told to call: each is called again every 90 days, or it goes."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlmodel import Session, col, select
from starlette.responses import Response

from api.pages import editing
from api.pages.editing import Editor
from api.pages.editing_views import Call, NumberLine, NumbersView
from api.pages.page import page
from api.pages.shell import shell_of, site_of
from api.policy import checked_form
from api.words import Words, mark
from bot.content import content, living
from bot.content.shapes import ContactWords
from bot.message import Language
from bot.when import local_date
from referrals import audit

router = APIRouter(
    prefix="/numbers",
    dependencies=[Depends(editing.editor)],
    default_response_class=HTMLResponse,
    include_in_schema=False,
)

Form = Annotated[Mapping[str, str], Depends(checked_form)]

SOON = timedelta(days=14)
"""How long before its 90 days are over a number stands among those to call."""

THANKS = mark("Noted. Thank you for calling.")


@router.get("")
def numbers(request: Request, who: Editor, done: str = "") -> HTMLResponse:
    """List all numbers, those to call first."""
    shell, site = shell_of(request, who), site_of(request)
    words, today = Words(shell.language), local_date(site.clock())
    with site.store.reading() as session:
        states = living.numbers(session, content(), today)
        calls = _calls(session)
    lines = sorted(
        (
            _line(code, contact, states[code], calls.get(code, ()), today, words)
            for code, contact in content().contacts.items()
        ),
        key=lambda line: (line.state != "broken", line.until, line.name),
    )
    view = NumbersView(
        due=tuple(line for line in lines if line.state != "good"),
        others=tuple(line for line in lines if line.state == "good"),
        days=living.CONFIRMED_FOR.days,
        note=THANKS if done else "",
    )
    return page("numbers.html", shell, view)


def _calls(session: Session) -> dict[str, tuple[Call, ...]]:
    rows = session.exec(select(living.NumberCheck).order_by(col(living.NumberCheck.id).desc()))
    kept = list(rows)
    names = editing.names(session, (each.author_id for each in kept))
    found: dict[str, tuple[Call, ...]] = {}
    for each in kept:
        call = Call(each.at, names.get(each.author_id, ""), each.works, each.note)
        found[each.contact] = (*found.get(each.contact, ()), call)
    return found


def _line(
    code: str,
    contact: ContactWords,
    state: living.NumberState,
    calls: tuple[Call, ...],
    today: date,
    words: Words,
) -> NumberLine:
    if state.works is False:
        found = "broken"
    elif today > state.until:
        found = "over"
    else:
        found = "soon" if today + SOON >= state.until else "good"
    return NumberLine(
        code=code,
        name=contact.name(Language(words.language)),
        number=contact.phone,
        whatsapp=contact.whatsapp or "",
        country=editing.country(contact.country, words),
        mark=contact.mark,
        source=contact.note or "",
        emergency=contact.emergency,
        checked=state.checked,
        until=state.until,
        works=state.works,
        shown=state.shown or contact.emergency,
        state=found,
        calls=calls,
    )


@router.post("/{contact}")
def call(request: Request, who: Editor, contact: str, form: Form) -> Response:
    """Note that the editor called a number today. Raises HTTPException 404, and 422 when the form
    does not say whether it works.
    """
    site, works = site_of(request), form.get("works", "")
    if contact not in content().contacts:
        raise HTTPException(404)
    if works not in ("yes", "no"):
        raise HTTPException(422)
    now = site.clock()
    with site.store.writing() as session:
        living.check(
            session,
            contact,
            works=works == "yes",
            author=who.member_id,
            note=editing.tidy(form.get("note", "")),
            now=now,
        )
        audit.add(
            session,
            now,
            audit.Act.CHECKED_NUMBER,
            member_id=who.member_id,
            subject=contact,
        )
    return RedirectResponse(f"/numbers?done=yes#{contact}", status_code=303)
