"""What is done once a day, by night: erase what has had its time, warn of what will, forget who has
nothing here any more, and leave as little as we can of it in the database's files.

Each case is a transaction of its own, and each part may be done again: killed anywhere, the next
run goes on. A day that was slept through is made up for at the next start.
"""

import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from dbos import DBOS, SetWorkflowID
from sqlalchemy import ColumnElement, String, cast, exists, func, literal, or_, update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, SQLModel, col, delete, select

from bot import durable
from bot.conversation import Conversation
from bot.news import SHOWN_FOR, Alert, AlertDelivery, NewsSubscription
from bot.parcel import Parcel
from bot.trace import Trace
from bot.when import local_date
from referrals import backup, erasure, retention
from referrals.assisted import Assisted
from referrals.case import Case
from referrals.contact import Contact
from referrals.draft import Draft
from referrals.duty import DutyPhone
from referrals.notice import Letter
from referrals.recovery import RecoveryAttempt
from referrals.settings import KeepClosed
from referrals.site import Site

log = logging.getLogger(__name__)

SILENT_FOR = timedelta(days=30)
"""After so long without a word, somebody who has nothing here is forgotten, her address too."""

NOBODY = "nobody-"
"""What takes the place of a person in a list of deliveries that only counts any more."""

OPENED_BY_SERVER = ("contact", "draft", "draft_part", "letter", "parcel")
"""Tables of what the server key alone opens, so that destroying a case's key is not enough. They
hold days, not years, and are rewritten in a moment.
"""

BY_NIGHT, NOTES = "keep", "write down erasures"
AT = "30 19 * * *"
"""Each day at 19:30 UTC, 02:30 in Phnom Penh."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How long closed cases are kept; where backups lie, if the program knows, and for how many
    days.
    """

    keep: KeepClosed
    backups: Path | None = None
    backup_days: int = 30


@dataclass(frozen=True, slots=True)
class Night:
    """What one run did. `failed` counts cases that could not be erased or warned of."""

    erased: int
    warned: int
    forgotten: int
    failed: int
    tidied: bool


# ---- one run


def night(site: Site, terms: Terms) -> Night:
    """Do all that is due. It may end anywhere, by a crash too, and be called again.

    Raises what a broken database raises.
    """
    with site.store.reading() as session:
        old = retention.to_erase(session, site.clock(), terms.keep)
        ending = retention.to_warn(session, site.clock(), terms.keep)
    erased = [_each(site, case_id, terms, erase=True) for case_id in old]
    warned = [_each(site, case_id, terms, erase=False) for case_id in ending]
    with site.store.writing() as session:
        forgotten = forget(session, site.clock())
    tidied = _tidy(site, forgotten=forgotten)
    _note(site, terms)
    return Night(
        erased=erased.count(True),
        warned=warned.count(True),
        forgotten=forgotten,
        failed=erased.count(None) + warned.count(None),
        tidied=tidied,
    )


def _each(site: Site, case_id: str, terms: Terms, *, erase: bool) -> bool | None:
    """Erase or warn, in a transaction of its own; None when it failed: others go on."""
    act = retention.erase if erase else retention.warn
    try:
        with site.store.writing() as session:
            return act(session, site, case_id, terms.keep)
    except Exception as error:
        log.error("a case could not be %s: %s", act.__name__, type(error).__name__)
        return None


def _tidy(site: Site, *, forgotten: int) -> bool:
    """Rewrite what held deleted rows. SQLite writes zeros over them at once, so it is for the sake
    of the rest, and done when something was erased in the last two days.
    """
    if site.store.engine.dialect.name == "sqlite" and not forgotten:
        with site.store.reading() as session:
            if not erasure.any_since(session, site.clock() - timedelta(days=2)):
                return False
    try:
        site.store.tidy((*erasure.KEYS, *OPENED_BY_SERVER), (*erasure.TOUCHED, "conversation"))
    except SQLAlchemyError as error:
        log.error("the database could not be rewritten: %s", type(error).__name__)
        return False
    return True


def _note(site: Site, terms: Terms) -> None:
    if terms.backups is None:
        return
    try:
        backup.look_after(site, terms.backups, terms.backup_days)
    except OSError as error:
        log.error("erasures could not be written beside the backups: %s", error.strerror)


# ---- forgetting


def forget(session: Session, now: datetime) -> int:
    """Forget the codes of erased cases, who got which old news, and the conversations that have
    nothing here and were silent for SILENT_FOR; gives how many conversations went.

    What else names a conversation goes sooner, by itself: its deliveries (parcel.KNOWN), the
    numbers of its bubbles (trace.DELETABLE_FOR), wrong answers, and the dialogue's own memory.
    """
    codes = select(Case.code)
    session.exec(
        update(Conversation)
        .where(col(Conversation.about_case).is_not(None))
        .where(col(Conversation.about_case).not_in(codes))
        .values(about_case=None)
    )
    _unname_deliveries(session, now - max(SILENT_FOR, SHOWN_FOR))
    silent = now - SILENT_FOR
    needed = [_names(table, Contact) for table in _NEED]
    gone = session.exec(
        delete(Contact).where(col(Contact.last_heard) <= silent, ~or_(*needed))
    ).rowcount
    needed = [_names(table, Conversation) for table in _NEED]
    needed.append(_names(Contact, Conversation))
    session.exec(delete(Conversation).where(col(Conversation.begun) <= silent, ~or_(*needed)))
    return gone


_NEED: tuple[type[SQLModel], ...] = (
    Case,
    Draft,
    Letter,
    Parcel,
    Trace,
    NewsSubscription,
    AlertDelivery,
    Assisted,
    DutyPhone,
    RecoveryAttempt,
)
"""What needs a conversation: while a row names it, it is not forgotten."""


def _names(table: type[SQLModel], whose: type[SQLModel]) -> ColumnElement[bool]:
    """Give the condition that a row of `table` names the conversation of `whose` row."""
    rows = SQLModel.metadata.tables
    named = rows[str(table.__tablename__)].c.conversation
    return exists().where(named == rows[str(whose.__tablename__)].c.conversation)


def _unname_deliveries(session: Session, before: datetime) -> None:
    """Take the person out of the deliveries of news that ended long ago: the editor's counts stay,
    and nobody can say any more who got what.
    """
    by_sqlite = session.get_bind().dialect.name == "sqlite"
    drawn = func.lower(func.hex(func.randomblob(16))) if by_sqlite else func.gen_random_uuid()
    ended = select(Alert.id).where(col(Alert.ended_at) <= before)
    session.exec(
        update(AlertDelivery)
        .where(
            col(AlertDelivery.alert_id).in_(ended),
            ~col(AlertDelivery.conversation).startswith(NOBODY),
        )
        .values(conversation=literal(NOBODY).concat(cast(drawn, String)))
    )


# ---- each day


_terms: Terms | None = None
_open = threading.Event()
_OPENED_WITHIN = 60.0
"""Seconds. A run that a crash cut off goes on before the terms are known again."""


@DBOS.step(name="keep and erase")
def _keep() -> int:
    if not _open.wait(_OPENED_WITHIN) or _terms is None:
        return 0
    done = night(durable._here().turns.site, _terms)
    return done.erased


@DBOS.workflow(name="keep and erase")
def day_workflow(day: str) -> int:  # noqa: ARG001 - names the run
    """Do what is due on one day; gives how many cases were erased."""
    try:
        return _keep()
    except Exception as error:
        log.error("what is due could not be done: %s", type(error).__name__)
        return 0


@DBOS.workflow(name="each day")
def keep_workflow(_scheduled: datetime, _context: Any) -> None:
    """Each night: do what is due."""
    _today()


@DBOS.step(name="each day")
def _today() -> None:
    day = local_date(durable._here().turns.site.clock()).isoformat()
    with SetWorkflowID(f"keep-{day}"):  # asked for again on one day, it is done once
        DBOS.start_workflow(day_workflow, day)


@DBOS.step(name="write down erasures")
def _write_down() -> None:
    if _terms is not None:
        _note(durable._here().turns.site, _terms)


@DBOS.workflow(name="write down erasures")
def notes_workflow(_scheduled: datetime, _context: Any) -> None:
    """Every ten minutes: write beside the backups what was erased."""
    _write_down()


def open_(terms: Terms) -> None:
    """Begin to keep and to erase: after `durable.open_`."""
    global _terms
    _terms = terms
    _open.set()
    for name in (BY_NIGHT, NOTES):
        DBOS.delete_schedule(name)  # as in bot/durable.py
    DBOS.create_schedule(schedule_name=BY_NIGHT, workflow_fn=keep_workflow, schedule=AT)
    if terms.backups is not None:
        DBOS.create_schedule(
            schedule_name=NOTES, workflow_fn=notes_workflow, schedule="*/10 * * * *"
        )
    _today()


def close() -> None:
    """Begin nothing more: before `durable.stop`."""
    global _terms
    _open.clear()
    _terms = None
