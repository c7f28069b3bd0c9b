"""Answers: which want looking at, and one answer with its form, preview, voices and history."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlmodel import Session
from starlette.responses import Response

from api.pages import editing
from api.pages.editing import Editor
from api.pages.editing_views import AnswerLine, AnswersView, AnswerView, Complaint, Part, Version
from api.pages.page import page
from api.pages.shell import shell_of, site_of
from api.pages.sounds import sound_type
from api.policy import Upload, checked_form, checked_upload
from api.words import Words, mark
from bot.content import Content, exchange, living, rules
from bot.content.shapes import FaqEntry
from bot.message import Language
from bot.when import local_date
from referrals import audit
from referrals.directory import SignedIn

router = APIRouter(
    prefix="/answers",
    dependencies=[Depends(editing.editor)],
    default_response_class=HTMLResponse,
    include_in_schema=False,
)

Form = Annotated[Mapping[str, str], Depends(checked_form)]
File = Annotated[Upload, Depends(checked_upload)]

SPANS = (6, 12)
"""Months by which the day of review can be put off without changing a word."""

ROOM = 256 * 1024
"""Bytes of a form besides its file. A file over the limit still comes in, to be refused kindly."""

SAVED = mark("Saved. From now on the chat says it so.")
UNCHANGED = mark("Nothing was changed.")
POSTPONED = mark("Noted. The day of review was moved; no word was changed.")
RECORDED = mark("The recording is there. It is sent with the answer.")
UNRECORDED = mark("The recording was taken away.")
MEANWHILE = mark(
    "Somebody else changed this answer while you wrote. Yours is still in the form, and above it "
    "stands what holds now. When you save, yours takes its place."
)
CHANGED = mark("Somebody else changed this answer meanwhile. This is what holds now: look again.")
REFUSED = mark("Not saved: some words cannot be said like this. See below.")
SOUND_REFUSED = mark(
    "This recording cannot be used. It must be a voice note (OGG with Opus), MP3 or M4A, of at "
    "most 1 MB, which is about two minutes."
)
DONE: Mapping[str, str] = {
    "saved": SAVED,
    "back": SAVED,
    "same": UNCHANGED,
    "postponed": POSTPONED,
    "recorded": RECORDED,
    "unrecorded": UNRECORDED,
}


# ---- the list


@router.get("")
def answers(request: Request, who: Editor, country: str = "", taken_over: int = 0) -> HTMLResponse:
    """List all answers, what wants looking at first. `country` is a code, or empty for all."""
    shell, site = shell_of(request, who), site_of(request)
    words, now = Words(shell.language), site.clock()
    with site.store.reading() as session:
        content = living.current(session, now)
        changed = frozenset(living.edits(session))
        recordings = living.recordings(session, content.faq)
    codes = sorted({each.country for group in content.faq.values() for each in group})
    lines = {
        topic: tuple(
            _line(topic, entry, content, recordings, changed, local_date(now), words)
            for entry in group
            if country in ("", entry.country)
        )
        for topic, group in content.faq.items()
    }
    flat = [line for group in lines.values() for line in group]
    files = exchange.parts()
    order = (*editing.PARTS, *(name for name in files if name not in editing.PARTS))
    parts = (
        Part(
            words.named(editing.PARTS, name),
            tuple(line for topic in files.get(name, ()) for line in lines.get(topic, ())),
        )
        for name in order
    )
    view = AnswersView(
        overdue=tuple(sorted((x for x in flat if x.old), key=lambda x: x.review_by)),
        stale=tuple(x for x in flat if any(voice.stale for voice in x.voices)),
        helpless=tuple(x for x in flat if x.helpers == "none"),
        parts=tuple(part for part in parts if part.lines),
        countries=tuple(editing.country(code, words) for code in codes),
        country=country,
        taken_over=taken_over,
    )
    return page("answers.html", shell, view)


def _line(
    topic: str,
    entry: FaqEntry,
    content: Content,
    recordings: list[living.RecordingLine],
    changed: frozenset[tuple[str, str]],
    today: date,
    words: Words,
) -> AnswerLine:
    shown = len(content.shown(entry.ask))
    return AnswerLine(
        path=f"/answers/{topic}/{entry.country}",
        title=editing.title(topic, words),
        country=editing.country(entry.country, words),
        as_of=editing.day_said(entry.as_of, words),
        age=max(today - (rules.first_day(entry.as_of) or today), timedelta()),
        review_by=entry.review_by,
        old=entry.is_old(today),
        changed=(topic, entry.country) in changed,
        voices=editing.voices(recordings, topic, entry.country, words),
        helpers="all" if shown == len(entry.ask) else "some" if shown else "none",
    )


# ---- one answer


@dataclass(frozen=True, slots=True)
class _Held:
    """One answer as it holds now, among all words, at the `version` of the desk (0: the file's)."""

    topic: str
    entry: FaqEntry
    content: Content
    version: int
    now: datetime


def _held(session: Session, topic: str, country: str, now: datetime) -> _Held:
    """Give an answer. Raises HTTPException 404."""
    content = living.current(session, now)
    for entry in content.faq.get(topic, ()):
        if entry.country == country:
            version = living.version_of(session, topic, country)
            return _Held(topic, entry, content, version, now)
    raise HTTPException(404)


def _view(
    session: Session, held: _Held, words: Words, form: Mapping[str, str] | None = None
) -> dict[str, object]:
    """Give the parts of the page that hold whatever is done."""
    topic, entry, content = held.topic, held.entry, held.content
    recordings = living.recordings(session, content.faq)
    return {
        "path": f"/answers/{topic}/{entry.country}",
        "title": editing.title(topic, words),
        "country": editing.country(entry.country, words),
        "old": entry.is_old(local_date(held.now)),
        "changed": (topic, entry.country) in living.edits(session),
        "review_by": entry.review_by,
        "over": held.version,
        "form": form or editing.typed(entry),
        "helpers": editing.helpers(content, words.language),
        "voices": editing.voices(recordings, topic, entry.country, words),
        "history": _history(session, held, words),
        "typed": form is not None,
        "spans": SPANS,
        "limits": editing.LIMITS,
        "list_limits": editing.LIST_LIMITS,
    }


def _history(session: Session, held: _Held, words: Words) -> tuple[Version, ...]:
    versions = living.history(session, held.topic, held.entry.country)
    names = editing.names(session, (each.author_id for each in versions))
    lines = []
    for each in versions:
        entry = living.entry_of(each)
        lines.append(
            Version(
                id=each.id or 0,
                at=each.at,
                who=names.get(each.author_id, ""),
                note=each.note,
                words=editing.reading(entry, held.content, words) if entry else None,
                to_file=each.body is None,
                now=each.id == held.version,
            )
        )
    return tuple(lines)


@router.get("/{topic}/{country}")
def answer(request: Request, who: Editor, topic: str, country: str, done: str = "") -> HTMLResponse:
    """Show one answer with its form. `done` says what was just done. Raises HTTPException 404."""
    shell, site = shell_of(request, who), site_of(request)
    with site.store.reading() as session:
        held = _held(session, topic, country, site.clock())
        parts = _view(session, held, Words(shell.language))
    parts |= {"note": DONE.get(done, ""), "saved": done in ("saved", "same")}
    return page("answer.html", shell, AnswerView(**parts))  # type: ignore[arg-type]


@router.post("/{topic}/{country}/preview")
def look(request: Request, who: Editor, topic: str, country: str, form: Form) -> HTMLResponse:
    """Show the typed words as a phone would, saving nothing. Raises HTTPException 404."""
    shell, site = shell_of(request, who), site_of(request)
    words = Words(shell.language)
    with site.store.reading() as session:
        held = _held(session, topic, country, site.clock())
        typed = editing.kept(form, held.entry)
        entry, complaints = editing.entry_of(typed, held.entry)
        parts = _view(session, held, words, typed)
    parts["over"] = _number(form.get("over", ""), held.version)
    if entry is not None:
        complaints = editing.judged(topic, entry, held.content, held.now)
        far_too_long = any(len(text) > rules.FAR_TOO_LONG for text in typed.values())
        if not far_too_long and not living.misfits(topic, entry, held.content):
            parts["preview"] = editing.preview(session, topic, entry, held.content, held.now, words)
    view = AnswerView(**parts, complaints=complaints)  # type: ignore[arg-type]
    return page("answer.html", shell, view)


@router.post("/{topic}/{country}")
def save(request: Request, who: Editor, topic: str, country: str, form: Form) -> Response:
    """Save an answer; what cannot be saved stays in the form. Raises HTTPException 404."""
    shell, site = shell_of(request, who), site_of(request)
    words = Words(shell.language)
    with site.store.writing() as session:
        held = _held(session, topic, country, site.clock())
        typed = editing.kept(form, held.entry)
        entry, complaints = editing.entry_of(typed, held.entry)
        if entry is not None:
            complaints = editing.judged(topic, entry, held.content, held.now)
        over = _number(form.get("over", ""), -1)
        if entry is None or complaints:
            parts = _view(session, held, words, typed) | {"over": over}
            return _refused(request, who, parts, complaints)
        if entry == held.entry:
            return _back(topic, country, "same")
        try:
            _write(session, who, held, entry, over=over, note=typed["note"])
        except living.ChangedMeanwhile:
            held = _held(session, topic, country, held.now)
            parts = _view(session, held, words, typed)
            stands = editing.reading(held.entry, held.content, words)
            view = AnswerView(**parts, stands=stands, problem=MEANWHILE)  # type: ignore[arg-type]
            return page("answer.html", shell, view, status=409)
    return _back(topic, country, "saved")


@router.post("/{topic}/{country}/review")
def postpone(request: Request, who: Editor, topic: str, country: str, form: Form) -> Response:
    """Note that it was looked at and still holds: the day of review moves, no word and no date of
    the fact. Raises HTTPException 404, 422 for another span than SPANS.
    """
    site = site_of(request)
    months = _number(form.get("months", ""), 0)
    if months not in SPANS:
        raise HTTPException(422)
    with site.store.writing() as session:
        held = _held(session, topic, country, site.clock())
        day = months_later(local_date(held.now), months)
        entry = held.entry.model_copy(update={"review_by": day})
        over, note = _number(form.get("over", ""), -1), editing.tidy(form.get("note", ""))
        return _written(session, request, who, held, entry, over=over, note=note, done="postponed")


@router.post("/{topic}/{country}/back")
def bring_back(request: Request, who: Editor, topic: str, country: str, form: Form) -> Response:
    """Bring back an older version, or (version 0) the file's words. What may no longer be said
    comes into the form instead. Raises HTTPException 404.
    """
    shell, site = shell_of(request, who), site_of(request)
    words, wanted = Words(shell.language), _number(form.get("version", ""), -1)
    over = _number(form.get("over", ""), -1)
    with site.store.writing() as session:
        held = _held(session, topic, country, site.clock())
        if wanted == 0:
            return _written(session, request, who, held, None, over=over, note="", done="back")
        old = {each.id: each for each in living.history(session, topic, country)}.get(wanted)
        entry = living.entry_of(old) if old is not None else None
        if entry is None:
            raise HTTPException(404)
        complaints = editing.judged(topic, entry, held.content, held.now)
        if complaints:
            parts = _view(session, held, words, editing.typed(entry))
            return _refused(request, who, parts, complaints)
        note = f"↩ {wanted}"
        return _written(session, request, who, held, entry, over=over, note=note, done="back")


def _written(
    session: Session,
    request: Request,
    who: SignedIn,
    held: _Held,
    entry: FaqEntry | None,
    *,
    over: int,
    note: str,
    done: str,
) -> Response:
    """Save what a button alone decided; somebody else's change is shown first."""
    try:
        _write(session, who, held, entry, over=over, note=note)
    except living.ChangedMeanwhile:
        return _changed(request, who, session, held)
    return _back(held.topic, held.entry.country, done)


def _changed(request: Request, who: SignedIn, session: Session, held: _Held) -> HTMLResponse:
    shell = shell_of(request, who)
    held = _held(session, held.topic, held.entry.country, held.now)
    view = AnswerView(**_view(session, held, Words(shell.language)), problem=CHANGED)  # type: ignore[arg-type]
    return page("answer.html", shell, view, status=409)


def _write(
    session: Session,
    who: SignedIn,
    held: _Held,
    entry: FaqEntry | None,
    *,
    over: int,
    note: str,
) -> None:
    """Save a version, with its trace. Raises living.ChangedMeanwhile."""
    country = held.entry.country
    living.save(
        session,
        held.topic,
        entry,
        country=country,
        over=over,
        author=who.member_id,
        note=note,
        now=held.now,
    )
    _trace(session, who, audit.Act.EDITED, held)


def _trace(session: Session, who: SignedIn, act: audit.Act, held: _Held) -> None:
    subject = f"{held.topic}/{held.entry.country}"
    audit.add(session, held.now, act, member_id=who.member_id, subject=subject)


def _refused(
    request: Request,
    who: SignedIn,
    parts: dict[str, object],
    complaints: Mapping[str, tuple[Complaint, ...]],
) -> HTMLResponse:
    view = AnswerView(**parts, complaints=complaints, problem=REFUSED)  # type: ignore[arg-type]
    return page("answer.html", shell_of(request, who), view, status=422)


# ---- recordings


@router.post(
    "/{topic}/{country}/recordings/{language}", max_body_size=8 * living.RECORDING_LIMIT + ROOM
)
def record(
    request: Request, who: Editor, topic: str, country: str, language: Language, sent: File
) -> Response:
    """Keep a recorded answer, unless the words were changed since they were read. Raises
    HTTPException 404.
    """
    shell, site = shell_of(request, who), site_of(request)
    with site.store.writing() as session:
        held = _held(session, topic, country, site.clock())
        if _number(sent.fields.get("over", ""), -1) != held.version:
            return _changed(request, who, session, held)
        try:
            living.record(
                session,
                topic,
                country,
                language,
                media_type=sound_type(sent.file),
                sound=sent.file,
                author=who.member_id,
                now=held.now,
            )
        except living.UnfitSound:
            parts = _view(session, held, Words(shell.language))
            view = AnswerView(**parts, problem=SOUND_REFUSED)  # type: ignore[arg-type]
            return page("answer.html", shell, view, status=422)
        _trace(session, who, audit.Act.RECORDED, held)
    return _back(topic, country, "recorded")


@router.post(
    "/{topic}/{country}/recordings/{language}/remove", dependencies=[Depends(checked_form)]
)
def unrecord(
    request: Request, who: Editor, topic: str, country: str, language: Language
) -> Response:
    """Send a recording no more. Raises HTTPException 404."""
    site = site_of(request)
    with site.store.writing() as session:
        held = _held(session, topic, country, site.clock())
        living.unrecord(session, topic, country, language, now=held.now)
        _trace(session, who, audit.Act.RECORDED, held)
    return _back(topic, country, "unrecorded")


# ---- small things


def months_later(day: date, months: int) -> date:
    """Give the same day some months later, or the last of that month when it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    first = date(day.year + years, month + 1, 1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return last.replace(day=min(day.day, last.day))


def _number(given: str, other: int) -> int:
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 10 else other


def _back(topic: str, country: str, done: str) -> RedirectResponse:
    return RedirectResponse(f"/answers/{topic}/{country}?done={done}", status_code=303)
