"""What staff change at the desk: answers, their recorded voices, and which numbers still work.

It lies over the files of this folder: the newest version of an answer wins over the file, and every
version is kept. All of it is public words; nothing a migrant said comes here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from uuid import uuid4
from weakref import WeakKeyDictionary

from pydantic import ValidationError
from sqlalchemy import Pool, UniqueConstraint, func
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import defer
from sqlmodel import Field, Session, SQLModel, col, select

from bot.content import Content, content, voice_key
from bot.content.rules import first_day
from bot.content.shapes import FaqEntry
from bot.message import Language, Sound
from bot.when import local_date
from referrals.store import UtcDateTime

CONFIRMED_FOR = timedelta(days=90)
"""For how long a number counts as confirmed (issue 3, "living content")."""

NOTE_LENGTH = 300
"""Characters of what an editor notes about a change."""

RECORDING_LIMIT = 1024 * 1024
"""Bytes of one recorded answer: about two minutes of a voice note, fetched by poor lines."""

SOUNDS = frozenset({"audio/ogg", "audio/mpeg", "audio/mp4"})
"""What Telegram's sendVoice plays (OGG with Opus, MP3, M4A), and Messenger and browsers too."""


class AnswerVersion(SQLModel, table=True):
    """One version of one answer. `body` is a FaqEntry as JSON; None gives back the file's own.

    `over` is the version it was written over, 0 for the file's: the database takes only one over
    each, so that of two who save at once one hears of the other.
    """

    __tablename__ = "answer_version"
    __table_args__ = (UniqueConstraint("topic", "country", "over"),)

    id: int | None = Field(default=None, primary_key=True)
    topic: str = Field(max_length=32, index=True)
    country: str = Field(max_length=8)
    over: int = 0
    body: str | None = None
    note: str = Field(default="", max_length=NOTE_LENGTH)
    author_id: str | None = Field(default=None, foreign_key="member.id", max_length=32)
    at: datetime = Field(sa_type=UtcDateTime)


class NumberCheck(SQLModel, table=True):
    """Somebody called a number: it works, or it does not."""

    __tablename__ = "number_check"

    id: int | None = Field(default=None, primary_key=True)
    contact: str = Field(max_length=40, index=True)
    works: bool
    note: str = Field(default="", max_length=NOTE_LENGTH)
    author_id: str | None = Field(default=None, foreign_key="member.id", max_length=32)
    at: datetime = Field(sa_type=UtcDateTime)


class Recording(SQLModel, table=True):
    """An answer read aloud, in one language. The newest that was not taken away is sent.

    `said` is `words_read` of what is read: other words make the recording old. `sound` comes last:
    SQLite reads through it to what would stand behind.
    """

    __tablename__ = "recording"

    id: str = Field(default_factory=lambda: uuid4().hex, primary_key=True, max_length=32)
    topic: str = Field(max_length=32, index=True)
    country: str = Field(max_length=8)
    language: str = Field(max_length=2)
    media_type: str = Field(max_length=32)
    size: int
    said: str = Field(default="", max_length=64)
    author_id: str | None = Field(default=None, foreign_key="member.id", max_length=32)
    at: datetime = Field(sa_type=UtcDateTime)
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sound: bytes


class ChangedMeanwhile(Exception):
    """Somebody else changed the answer since it was opened for editing."""


class NoSuchAnswer(Exception):
    """There is no answer to this topic for this country; a new one begins in the files."""


class UnfitSound(Exception):
    """A recording that is empty, too large, or no sound that a phone plays."""


# ---- what holds now

_made: WeakKeyDictionary[Pool, tuple[tuple[object, ...], Content]] = WeakKeyDictionary()
"""The last content made for each database of this process: words are read far more often than they
change.
"""


def current(session: Session, now: datetime, files: Content | None = None) -> Content:
    """Give all words as they hold now: the files, and what the desk changed. `now` is UTC."""
    base = files or content()
    pool = session.get_bind().engine.pool
    today = local_date(now)
    revision = (today, *_revision(session))
    known = _made.get(pool)
    if known is not None and known[0] == revision and files is None:
        return known[1]
    made = _overlaid(session, base, today)
    if files is None:
        _made[pool] = (revision, made)
    return made


def _revision(session: Session) -> tuple[object, ...]:
    """Tell one state of the desk's changes from another."""
    # The time besides the number: a number that a transaction gave back is given out again. How
    # many besides these: of two transactions the one that began first may end last.
    answers, numbers = (
        session.exec(select(func.count(), func.max(table.id), func.max(table.at))).one()
        for table in (AnswerVersion, NumberCheck)
    )
    sounds = session.exec(
        select(
            func.count(),
            func.count(col(Recording.removed_at)),
            func.max(Recording.at),
            func.max(Recording.removed_at),
        ).select_from(Recording)
    ).one()
    return *answers, *numbers, *sounds


def _overlaid(session: Session, base: Content, today: date) -> Content:
    edited = edits(session, base)
    faq = {
        topic: tuple(edited.get((topic, entry.country), entry) for entry in entries)
        for topic, entries in base.faq.items()
    }
    unconfirmed = frozenset(
        name for name, state in numbers(session, base, today).items() if not state.shown
    )
    emergency = frozenset(name for name in unconfirmed if base.contacts[name].emergency)
    return replace(
        base,
        faq=faq,
        hidden=unconfirmed - emergency,
        unsure=emergency,
        recordings=sent(session, faq),
    )


# ---- answers


def edits(session: Session, files: Content | None = None) -> dict[tuple[str, str], FaqEntry]:
    """Give the answers that the desk changed, by topic and country. One that no longer fits (after
    a change of the program) is left out: the file's own stands.
    """
    base, found = files or content(), {}
    for version in _newest(session):
        entry = entry_of(version)
        if entry is not None and not misfits(version.topic, entry, base):
            found[version.topic, version.country] = entry
    return found


def entry_of(version: AnswerVersion) -> FaqEntry | None:
    """Read a version's words; None when it gives back the file's, or no longer fits."""
    if version.body is None:
        return None
    try:
        return FaqEntry.model_validate_json(version.body)
    except ValidationError:
        return None


def misfits(topic: str, entry: FaqEntry, base: Content) -> list[str]:
    """Name the fields of an answer that point to what is not there, or hold no day of a calendar:
    with these it could not be said.
    """
    wrong = []
    if any(name not in base.contacts for name in entry.ask):
        wrong.append("ask")
    if any(other not in base.faq for other in entry.related) or topic not in base.faq:
        wrong.append("related")
    if entry.category is not None and entry.category not in base.labels["category"]:
        wrong.append("category")
    if first_day(entry.as_of) is None:
        wrong.append("as_of")
    return wrong


def _newest(session: Session) -> Sequence[AnswerVersion]:
    newest = select(func.max(AnswerVersion.id)).group_by(
        col(AnswerVersion.topic), col(AnswerVersion.country)
    )
    return session.exec(select(AnswerVersion).where(col(AnswerVersion.id).in_(newest))).all()


def version_of(session: Session, topic: str, country: str) -> int:
    """Give the number of the version that holds; 0 when the desk never changed this answer."""
    found = session.exec(
        select(func.max(AnswerVersion.id)).where(
            AnswerVersion.topic == topic, AnswerVersion.country == country
        )
    ).one()
    return found or 0


def history(session: Session, topic: str, country: str) -> list[AnswerVersion]:
    """Give every version of an answer, the newest first."""
    return list(
        session.exec(
            select(AnswerVersion)
            .where(AnswerVersion.topic == topic, AnswerVersion.country == country)
            .order_by(col(AnswerVersion.id).desc())
        )
    )


def save(
    session: Session,
    topic: str,
    entry: FaqEntry | None,
    *,
    country: str,
    over: int,
    author: str | None,
    note: str,
    now: datetime,
) -> int:
    """Write a new version of an answer over version `over`; None as entry gives back the file's.

    Whether the words may be said is judged before (bot/content/rules.py). Gives the new version.
    Raises ChangedMeanwhile, NoSuchAnswer, ValueError when the entry is for another country.
    """
    if country not in {each.country for each in content().faq.get(topic, ())}:
        raise NoSuchAnswer
    if entry is not None and entry.country != country:
        raise ValueError("an answer stays the answer for its country")
    if version_of(session, topic, country) != over:
        raise ChangedMeanwhile
    version = AnswerVersion(
        topic=topic,
        country=country,
        over=over,
        body=None if entry is None else entry.model_dump_json(),
        note=note[:NOTE_LENGTH],
        author_id=author,
        at=now,
    )
    try:
        with session.begin_nested():
            session.add(version)
    except IntegrityError:
        raise ChangedMeanwhile from None
    return version.id or 0


# ---- numbers


@dataclass(frozen=True, slots=True)
class NumberState:
    """Whether a number may be shown: `until` is the last day on which it counts as confirmed.

    `works` is None when nobody called it yet; `checked` is the day of the last call, or of the last
    comparison with its sources.
    """

    checked: date
    until: date
    works: bool | None
    shown: bool


def numbers(session: Session, base: Content, today: date) -> Mapping[str, NumberState]:
    """Give the state of every number of contacts.yml."""
    newest = select(func.max(NumberCheck.id)).group_by(col(NumberCheck.contact))
    calls = {
        each.contact: each
        for each in session.exec(select(NumberCheck).where(col(NumberCheck.id).in_(newest)))
    }
    states = {}
    for name, contact in base.contacts.items():
        call, checked = calls.get(name), contact.compared
        works = None
        # A file that was compared after the call (a new number, say) is the newer word.
        if call is not None and local_date(call.at) >= checked:
            checked, works = local_date(call.at), call.works
        until = checked + CONFIRMED_FOR
        states[name] = NumberState(checked, until, works, works is not False and today <= until)
    return states


def check(
    session: Session, contact: str, *, works: bool, author: str | None, note: str, now: datetime
) -> None:
    """Note that somebody called a number today. Raises KeyError for one that is not there."""
    _ = content().contacts[contact]
    session.add(
        NumberCheck(contact=contact, works=works, note=note[:NOTE_LENGTH], author_id=author, at=now)
    )
    session.flush()


def calls(session: Session, contact: str) -> list[NumberCheck]:
    """Give every call of a number, the newest first."""
    return list(
        session.exec(
            select(NumberCheck)
            .where(NumberCheck.contact == contact)
            .order_by(col(NumberCheck.id).desc())
        )
    )


# ---- recordings


@dataclass(frozen=True, slots=True)
class RecordingLine:
    """A recording without its sound. `stale` when other words hold now: then it is not sent."""

    id: str
    topic: str
    country: str
    language: Language
    size: int
    at: datetime
    stale: bool


def words_read(entry: FaqEntry, language: Language) -> str:
    """Give a mark of the words that are read aloud: the answer and its steps in one language."""
    words = entry.words(language)
    return sha256("\n".join((words.answer, *words.steps)).encode()).hexdigest()


def recordings(session: Session, faq: Mapping[str, tuple[FaqEntry, ...]]) -> list[RecordingLine]:
    """Give the newest recording of each answer and language, stale ones too. `faq` has the answers
    as they hold now.
    """
    rows = session.exec(
        select(Recording)
        .options(defer(col(Recording.sound)))  # type: ignore[arg-type]
        .where(col(Recording.removed_at).is_(None), col(Recording.language).in_(Language))
        .order_by(col(Recording.at))
    )
    entries = {(topic, each.country): each for topic, group in faq.items() for each in group}
    newest = {}
    for row in rows:
        entry, language = entries.get((row.topic, row.country)), Language(row.language)
        newest[row.topic, row.country, language] = RecordingLine(
            row.id,
            row.topic,
            row.country,
            language,
            row.size,
            row.at,
            stale=entry is None or row.said != words_read(entry, language),
        )
    return list(newest.values())


def sent(session: Session, faq: Mapping[str, tuple[FaqEntry, ...]]) -> dict[str, str]:
    """Give the recordings that say what the answers say: their ids by `voice_key`."""
    return {
        voice_key(each.topic, each.country, each.language): each.id
        for each in recordings(session, faq)
        if not each.stale
    }


def record(
    session: Session,
    topic: str,
    country: str,
    language: Language,
    *,
    media_type: str,
    sound: bytes,
    author: str | None,
    now: datetime,
) -> str:
    """Keep a recorded answer in the place of the one before; gives its id.

    Raises UnfitSound, NoSuchAnswer.
    """
    read = next((e for e in current(session, now).faq.get(topic, ()) if e.country == country), None)
    if read is None:
        raise NoSuchAnswer
    if media_type not in SOUNDS or not 0 < len(sound) <= RECORDING_LIMIT:
        raise UnfitSound
    unrecord(session, topic, country, language, now=now)
    made = Recording(
        topic=topic,
        country=country,
        language=language,
        media_type=media_type,
        size=len(sound),
        sound=sound,
        said=words_read(read, language),
        author_id=author,
        at=now,
    )
    session.add(made)
    session.flush()
    return made.id


def unrecord(
    session: Session, topic: str, country: str, language: Language, *, now: datetime
) -> None:
    """Send this recording no more. Its row stays as history, without the sound."""
    for each in session.exec(
        select(Recording).where(
            Recording.topic == topic,
            Recording.country == country,
            Recording.language == language,
            col(Recording.removed_at).is_(None),
        )
    ):
        each.removed_at, each.sound = now, b""
        session.add(each)
    session.flush()


def sound(session: Session, recording: str) -> Sound | None:
    """Give a recording ready to be sent; None when there is no such recording any more."""
    found = session.get(Recording, recording)
    if found is None or found.removed_at is not None:
        return None
    return Sound(found.id, found.media_type, found.sound)
