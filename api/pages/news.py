"""News to people who asked for it: the list, writing, the second question, progress, stopping."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from sqlmodel import Session
from starlette.responses import Response

from api.pages import editing, news_shown
from api.pages.editing import Editor
from api.pages.editing_views import Complaint
from api.pages.news_views import AlertLine, AlertsView, AlertView, Phone, WriteView
from api.pages.page import page
from api.pages.shell import shell_of, site_of
from api.parts import parts_of
from api.policy import checked_form
from api.words import Words, mark
from bot import broadcast, news
from bot.audience import AudienceChanged, audience, freeze
from bot.content import living
from bot.content.rules import SOURCE_LIMIT
from bot.news import TEXT_LIMIT, Alert, AlertState, NoSuchAlert, NotADraft, Written
from bot.when import QuietHours, local_date
from referrals import audit
from referrals.directory import SignedIn

router = APIRouter(
    prefix="/news",
    dependencies=[Depends(editing.editor)],
    default_response_class=HTMLResponse,
    include_in_schema=False,
)

Form = Annotated[Mapping[str, str], Depends(checked_form)]

FIELDS = ("country", "text_km", "text_en", "source_km", "source_en", "as_of")
LIMITS: Mapping[str, int] = {
    "text_km": TEXT_LIMIT,
    "text_en": TEXT_LIMIT,
    "source_km": SOURCE_LIMIT,
    "source_en": SOURCE_LIMIT,
}

REFUSED = mark("Not saved: some words cannot be said like this. See below.")
COUNT_CHANGED = mark("The number of people has changed meanwhile. Nothing was sent: look again.")
MEANWHILE = mark(
    "Somebody else changed this news while you wrote. Yours is still in the form, and above it "
    "stands what holds now. When you save, yours takes its place."
)
WORDS_CHANGED = mark(
    "Somebody else changed the words meanwhile. Nothing was sent: read them again."
)
NOT_A_DAY = mark("There is no such day.")
ONE_BUBBLE = mark("There is an empty line: news is one bubble.")

_EMPTY_LINES = re.compile(r"\n\s*\n")


class _WordsChanged(Exception):
    """What would be sent is not what the sender read."""


# ---- the list


@router.get("")
def alerts(request: Request, who: Editor) -> HTMLResponse:
    """List all news, the newest first."""
    shell, site, now = shell_of(request, who), site_of(request), _now(request)
    words = Words(shell.language)
    with site.store.reading() as session:
        found, results = news.alerts(session), news.results(session)
        names = editing.names(session, (alert.author_id for alert in found))
    lines = tuple(
        AlertLine(
            path=f"/news/{alert.id}",
            country=editing.country(alert.country, words),
            text=alert.text_km if shell.language == "km" else alert.text_en,
            state=news_shown.state(alert, words),
            at=alert.started_at or alert.created_at,
            who=names.get(alert.author_id, ""),
            counts=news_shown.counts(alert, results[alert.id], now, words)
            if alert.id in results
            else (),
        )
        for alert in found
    )
    return page("news.html", shell, AlertsView(lines))


# ---- writing


@router.get("/new")
def new(request: Request, who: Editor) -> HTMLResponse:
    """Show the empty form."""
    today = local_date(site_of(request).clock())
    fields = dict.fromkeys(FIELDS, "") | {"as_of": today.isoformat()}
    return _form(request, who, "/news/new", fields)


@router.post("/new")
def write(request: Request, who: Editor, form: Form) -> Response:
    """Keep a draft; what cannot be said like this stays in the form."""
    fields = _tidied(form)
    written, complaints = _judged(request, fields)
    if complaints:
        return _form(request, who, "/news/new", fields, complaints)
    with _site_writing(request) as session:
        alert = news.write(session, written, author=who.member_id, now=_now(request))
        _note(request, session, who, alert.id, AlertState.DRAFT)
    return RedirectResponse(f"/news/{alert.id}?saved=new", status_code=303)


@router.get("/{alert_id}/change")
def reopen(request: Request, who: Editor, alert_id: str) -> Response:
    """Show the form of a draft. Raises HTTPException 404."""
    with site_of(request).store.reading() as session:
        alert = _alert(session, alert_id)
    if alert.state != AlertState.DRAFT:
        return _to(alert_id)
    return _form(request, who, f"/news/{alert_id}/change", _fields(alert), over=_words_of(alert))


@router.post("/{alert_id}/change")
def change(request: Request, who: Editor, alert_id: str, form: Form) -> Response:
    """Write a draft anew. Raises HTTPException 404; what was sent stays as it was."""
    fields = _tidied(form)
    written, complaints = _judged(request, fields)
    path, over = f"/news/{alert_id}/change", form.get("over", "")
    if complaints:
        return _form(request, who, path, fields, complaints, over=over)
    with _drafts_only(), _site_writing(request) as session:
        standing = news.draft_of(session, alert_id)
        if over != _words_of(standing):
            return _form(request, who, path, fields, over=_words_of(standing), stands=standing)
        news.change(session, alert_id, written, author=who.member_id)
        _note(request, session, who, alert_id, AlertState.DRAFT)
        return RedirectResponse(f"/news/{alert_id}?saved=change", status_code=303)
    return _to(alert_id)


@router.post("/{alert_id}/discard", dependencies=[Depends(checked_form)])
def discard(request: Request, who: Editor, alert_id: str) -> Response:
    """Throw a draft away. Raises HTTPException 404; what was sent stays."""
    with _drafts_only(), _site_writing(request) as session:
        news.discard(session, alert_id)
        _note(request, session, who, alert_id, "discarded")
        return RedirectResponse("/news", status_code=303)
    return _to(alert_id)


def _tidied(form: Mapping[str, str]) -> dict[str, str]:
    """Give the fields as they were typed, in order; news is one bubble, so without empty lines."""
    tidied = {name: editing.tidy(form.get(name, "")) for name in FIELDS}
    return {name: _EMPTY_LINES.sub("\n", text) for name, text in tidied.items()}


def _judged(
    request: Request, fields: Mapping[str, str]
) -> tuple[Written, dict[str, tuple[Complaint, ...]]]:
    """Read the form, with what is wrong with it by the field of the form."""
    now = _now(request)
    found: dict[str, tuple[Complaint, ...]] = {}
    today = local_date(now)
    try:
        as_of = date.fromisoformat(fields["as_of"])
    except ValueError:
        as_of, found["as_of"] = today, (Complaint(NOT_A_DAY),)
    written = Written(**{**fields, "as_of": as_of})  # type: ignore[arg-type]
    with site_of(request).store.reading() as session:
        words = living.current(session, now)
    for each in news.judge(written, words, today):
        field = each.place.replace(".", "_")
        found[field] = (*found.get(field, ()), Complaint(each.rule, each.found))
    return written, found


def _form(
    request: Request,
    who: SignedIn,
    path: str,
    fields: Mapping[str, str],
    complaints: Mapping[str, tuple[Complaint, ...]] | None = None,
    *,
    over: str = "",
    stands: Alert | None = None,
) -> HTMLResponse:
    shell, now = shell_of(request, who), _now(request)
    words, phones = Words(shell.language), tuple[Phone, ...]()
    if stands is not None:
        with site_of(request).store.reading() as session:
            content = living.current(session, now)
        phones = news_shown.phones(stands, content, local_date(now), words)
    view = WriteView(
        path=path,
        back="/news" if path == "/news/new" else path.rpartition("/")[0],
        form=fields,
        countries=tuple(editing.country(code, words) for code in news.COUNTRIES),
        limits=LIMITS,
        complaints=complaints or {},
        problem=REFUSED if complaints else MEANWHILE if stands else "",
        typed=bool(complaints or stands),
        over=over,
        stands=phones,
    )
    status = 422 if complaints else 409 if stands else 200
    return page("news_write.html", shell, view, status=status)


def _fields(alert: Alert) -> dict[str, str]:
    return {name: str(getattr(alert, name)) for name in FIELDS}


def _words_of(alert: Alert) -> str:
    """Name what a draft says: another when it was written anew."""
    return sha256("\0".join(_fields(alert).values()).encode()).hexdigest()


# ---- one piece of news


@router.get("/{alert_id}")
def alert(request: Request, who: Editor, alert_id: str, saved: str = "") -> HTMLResponse:
    """Show a draft as the chat will, or how far the sending is. Raises HTTPException 404."""
    kept = {"new": "/news/new", "change": f"/news/{alert_id}/change"}
    return _shown(request, who, alert_id, saved=kept.get(saved, ""))


@router.get("/{alert_id}/send")
def ask(request: Request, who: Editor, alert_id: str) -> HTMLResponse:
    """Ask once more, naming the number of people. Raises HTTPException 404."""
    return _shown(request, who, alert_id, asking=True)


@router.post("/{alert_id}/send")
def send(request: Request, who: Editor, alert_id: str, form: Form) -> Response:
    """Let it go to the number of people that was named. Raises HTTPException 404.

    Pressed twice, it is sent once. When the number or the words have changed, the question is asked
    again.
    """
    try:
        told = int(form.get("told", ""))
    except ValueError:
        return _to(alert_id, "/send")
    try:
        with _drafts_only(), _site_writing(request) as session:
            if form.get("over") != _words_of(news.draft_of(session, alert_id)):
                raise _WordsChanged
            freeze(session, alert_id, _channels(request), _now(request), told=told)
            _note(request, session, who, alert_id, AlertState.SENDING)
    except AudienceChanged:
        return _shown(request, who, alert_id, asking=True, problem=COUNT_CHANGED, status=409)
    except _WordsChanged:
        return _shown(request, who, alert_id, asking=True, problem=WORDS_CHANGED, status=409)
    with site_of(request).store.reading() as session:
        going = _alert(session, alert_id).state == AlertState.SENDING
    if going:
        broadcast.begin(alert_id)
    return _to(alert_id)


@router.post("/{alert_id}/stop", dependencies=[Depends(checked_form)])
def stop(request: Request, who: Editor, alert_id: str) -> Response:
    """Send it to nobody else. Raises HTTPException 404."""
    with _drafts_only(), _site_writing(request) as session:
        news.stop(session, alert_id, _now(request))
        _note(request, session, who, alert_id, AlertState.STOPPED)
    return _to(alert_id)


@router.get("/{alert_id}/progress", response_class=JSONResponse)
def progress(request: Request, who: Editor, alert_id: str) -> JSONResponse:  # noqa: ARG001
    """Give how far the sending is, for api/static/news.js. Raises HTTPException 404."""
    now = _now(request)
    with site_of(request).store.reading() as session:
        found = _alert(session, alert_id)
        seen = news_shown.progress(
            _quiet(request), found, news.result(session, alert_id), now, Words()
        )
    return JSONResponse(
        {
            "state": found.state,
            "asleep": seen.wakes is not None,
            "handled": seen.handled,
            "counts": {count.of.code: count.number for count in seen.counts},
        }
    )


def _shown(
    request: Request,
    who: SignedIn,
    alert_id: str,
    *,
    asking: bool = False,
    problem: str = "",
    saved: str = "",
    status: int = 200,
) -> HTMLResponse:
    shell, site, now = shell_of(request, who), site_of(request), _now(request)
    words = Words(shell.language)
    with site.store.reading() as session:
        found = _alert(session, alert_id)
        names = editing.names(session, (found.author_id,))
        content = living.current(session, now)
        draft = found.state == AlertState.DRAFT
        reached = audience(session, found.country, _channels(request), now) if draft else None
        result = news.result(session, alert_id)
    view = AlertView(
        path=f"/news/{alert_id}",
        country=editing.country(found.country, words),
        state=news_shown.state(found, words),
        who=names.get(found.author_id, ""),
        created_at=found.created_at,
        started_at=found.started_at,
        ended_at=found.ended_at,
        as_of=found.as_of,
        phones=news_shown.phones(found, content, local_date(now), words),
        audience=news_shown.audience(reached, words) if reached else None,
        progress=None if draft else news_shown.progress(_quiet(request), found, result, now, words),
        asking=asking and draft,
        asleep=news_shown.wakes(_quiet(request), now),
        problem=problem,
        over=_words_of(found),
        saved=saved if draft else "",
    )
    return page("news_item.html", shell, view, status=status)


# ---- what the routes share


def _now(request: Request) -> datetime:
    return site_of(request).clock()


def _site_writing(request: Request) -> Any:
    return site_of(request).store.writing()


def _quiet(request: Request) -> QuietHours:
    return parts_of(request).turns.quiet


def _channels(request: Request) -> tuple[str, ...]:
    """Give the channels that are on."""
    return tuple(parts_of(request).turns.channels)


def _alert(session: Session, alert_id: str) -> Alert:
    """Give a piece of news. Raises HTTPException 404."""
    try:
        return news.alert_of(session, alert_id)
    except NoSuchAlert:
        raise HTTPException(404) from None


@contextmanager
def _drafts_only() -> Iterator[None]:
    """Let be what is no draft (any more): the page shows where it stands. Raises HTTPException 404
    for what is not there.
    """
    try:
        yield
    except NoSuchAlert:
        raise HTTPException(404) from None
    except NotADraft:
        return


def _note(request: Request, session: Session, who: SignedIn, alert_id: str, state: str) -> None:
    """Write into the audit what was done; nothing is written when it fails."""
    audit.add(
        session,
        _now(request),
        audit.Act.NEWS,
        member_id=who.member_id,
        organisation_id=who.organisation_id,
        subject=f"{alert_id} {state}",
    )


def _to(alert_id: str, more: str = "") -> RedirectResponse:
    return RedirectResponse(f"/news/{alert_id}{more}", status_code=303)
