"""Finding a case by what was told, for an office that can open it: exact search, and complaints
that repeat.

The bot cannot make an office's tokens (blind.py), so they are made by the office's own people as
they work: when a case is opened, and little by little when somebody comes to search. A member is
shown no case that she may not open, and of such a case is told nothing, not even that it is there.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, exists, insert, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, delete, func, select

from referrals import audit, blind, keys, reading
from referrals.blind import Indexed, Kind, SearchToken
from referrals.case import CASE_PRIVATE_KEY, Case, Wrap
from referrals.directory import Member, OrganisationKey, SignedIn
from referrals.keyring import NoKey, organisation_key
from referrals.opened import CaseRow
from referrals.permission import Permission, permits
from referrals.readers import visible
from referrals.sealing import CannotOpen, open_
from referrals.site import Site
from referrals.taxonomy import Category
from referrals.thread import Entry

__all__ = [
    "Found",
    "NoKey",
    "NothingToFind",
    "Repeat",
    "TooMany",
    "can_search",
    "find",
    "index",
    "index_waiting",
    "prepare",
    "repeats",
    "search",
    "waiting",
]

AT_ONCE = 50
"""Cases that are indexed when somebody comes to search."""

_BATCH = 10

MOST_FOUND = 100
MOST_REPEATS = 50
_MOST_ROWS = 2000

LIMITS = ((timedelta(hours=1), 60), (timedelta(days=1), 300))
"""Searches of one member within a time. Counted in the audit, so by all processes together."""

LONGEST_TERM = 200
"""Characters of what is looked for."""

_INDEXED = "indexed"
"""How the subject begins in the audit when tokens were made and nothing was looked for."""

_log = logging.getLogger(__name__)


class NothingToFind(ValueError):
    """The term holds no phone number, or no word, that could be looked for."""


class TooMany(Exception):
    """The member has searched as often as LIMITS allow."""


@dataclass(frozen=True, slots=True)
class Found:
    """A case that fits: `matched` of the `of` words that were asked for (a phone number is one)."""

    row: CaseRow
    matched: int
    of: int


@dataclass(frozen=True, slots=True)
class Repeat:
    """Another case of the same office that shares a phone number, a name or an agency."""

    code: str
    category: Category
    lodged_at: datetime
    shares: tuple[Kind, ...]


# ---- making tokens


def index(session: Session, who: SignedIn, found: Case, case_key: bytes) -> bool:
    """Make the office's tokens of a case that a member has open; False when they were all there.

    Nothing is made for who holds no key, or once the office's wrap is gone.
    """
    if who.organisation_id is None:
        return False
    admitted = session.get(OrganisationKey, (who.organisation_id, who.member_id))
    if admitted is None or _covered(session, who.organisation_id, found.id, admitted.generation):
        return False
    private = organisation_key(session, who)
    # Of two who index at once the second waits here; so does who takes her consent back.
    wrap = session.exec(
        select(Wrap)
        .where(Wrap.case_id == found.id, Wrap.organisation_id == who.organisation_id)
        .with_for_update()
    ).one_or_none()
    if private is None or wrap is None:
        return False
    _make(session, blind.search_key(private), admitted, found, case_key)
    return True


def _covered(session: Session, organisation_id: str, case_id: str, generation: int) -> bool:
    row = session.get(Indexed, (organisation_id, case_id))
    if row is None or (row.generation, row.rules) != (generation, blind.RULES):
        return False
    return row.entries >= session.exec(_ADDED_BY_HER.where(Entry.case_id == case_id)).one()


_ADDED_BY_HER = select(func.count()).select_from(Entry).where(col(Entry.author_id).is_(None))


def _make(
    session: Session, key: bytes, admitted: OrganisationKey, found: Case, case_key: bytes
) -> None:
    """Put the tokens of a case in place of those that were there."""
    organisation_id = admitted.organisation_id
    added = _added(session, found, case_key)
    fields = reading.told(session, found, case_key).fields
    made = blind.tokens(key, fields, found.country, added)
    for table in (SearchToken, Indexed):
        session.exec(
            delete(table).where(
                col(table.organisation_id) == organisation_id, col(table.case_id) == found.id
            )
        )
    of_this = {"organisation_id": organisation_id, "case_id": found.id}
    if made:
        rows = [{**of_this, "token": token, "kind": kind} for token, kind in made.items()]
        session.connection().execute(insert(SearchToken), rows)
    session.connection().execute(
        insert(Indexed),
        {
            **of_this,
            "generation": admitted.generation,
            "rules": blind.RULES,
            "entries": len(added),
        },
    )


def _added(session: Session, found: Case, case_key: bytes) -> list[str]:
    """Open what the migrant added; the office's own letters name the office's own numbers."""
    rows = session.exec(
        select(Entry)
        .where(Entry.case_id == found.id, col(Entry.author_id).is_(None))
        .order_by(col(Entry.at))
    ).all()
    if not rows:
        return []
    private = keys.PrivateKey(open_(case_key, CASE_PRIVATE_KEY, found.id, found.sealed_private_key))
    return [
        private.open_(row.sealed, keys.addition_purpose(found.id, row.id)).decode() for row in rows
    ]


def waiting(session: Session, who: SignedIn) -> int:
    """Say how many cases that the member may open have no tokens yet, or not of all that was
    added. 0 for who holds no key, and cannot make any.
    """
    admitted = _admitted(session, who)
    if admitted is None:
        return 0
    every = select(func.count()).select_from(Case).join(Wrap, col(Wrap.case_id) == Case.id)
    return session.exec(every.where(_not_covered(who, admitted))).one()


def index_waiting(session: Session, who: SignedIn, limit: int = AT_ONCE) -> int:
    """Make the tokens of up to `limit` cases that wait for theirs, the newest first; gives of how
    many they were made. A case that does not open is left out, and goes on waiting.
    """
    admitted = _admitted(session, who)
    if admitted is None:
        return 0
    found = session.exec(
        select(Case, Wrap)
        .join(Wrap, col(Wrap.case_id) == Case.id)
        .where(_not_covered(who, admitted))
        .order_by(col(Case.lodged_at).desc())
        .limit(limit)
        .with_for_update(of=Wrap, skip_locked=True)
    ).all()
    held = {
        generation: organisation_key(session, who, generation)
        for generation in {admitted.generation, *(wrap.generation for _, wrap in found)}
    }
    present, made = held[admitted.generation], 0
    if present is None:
        return 0
    key = blind.search_key(present)
    for each, wrap in found:
        private = held[wrap.generation]
        if private is None:
            continue
        purpose = keys.case_key_purpose(each.id, wrap.organisation_id)
        try:
            _make(session, key, admitted, each, private.open_(wrap.wrapped, purpose))
        except CannotOpen:
            _log.warning("a case cannot be indexed, for it does not open: %s", each.code)
            continue
        made += 1
    return made


def prepare(site: Site, who: SignedIn, limit: int = AT_ONCE) -> int:
    """Index what waits, up to `limit` cases, and write it down; gives how many wait still."""
    with site.store.reading() as session:
        left = waiting(session, who)
    while left and limit > 0:
        # A few at a time: meanwhile nobody else can write (SQLite).
        with site.store.writing() as session:
            made = index_waiting(session, who, min(limit, _BATCH))
            if made:
                _write_down(session, site, who, f"{_INDEXED} {made}")
            left, limit = waiting(session, who), limit - made
        if not made:
            break
    return left


def can_search(session: Session, who: SignedIn) -> bool:
    """Say whether the member's role searches and she was admitted to her office's key."""
    return _admitted(session, who) is not None


def _admitted(session: Session, who: SignedIn) -> OrganisationKey | None:
    if who.organisation_id is None or not permits(who.role, Permission.SEARCH_CASES):
        return None
    return session.get(OrganisationKey, (who.organisation_id, who.member_id))


def _not_covered(who: SignedIn, admitted: OrganisationKey) -> ColumnElement[bool]:
    """Give the condition, in a query over Case and Wrap, that tokens are missing."""
    added = _ADDED_BY_HER.where(Entry.case_id == Case.id).correlate(Case).scalar_subquery()
    covered = exists().where(
        col(Indexed.organisation_id) == admitted.organisation_id,
        col(Indexed.case_id) == Case.id,
        col(Indexed.generation) == admitted.generation,
        col(Indexed.rules) == blind.RULES,
        col(Indexed.entries) >= added,
    )
    ours = col(Wrap.organisation_id) == admitted.organisation_id
    return and_(ours, visible(who), ~covered)


# ---- searching


def search(site: Site, who: SignedIn, kind: Kind, term: str) -> list[Found]:
    """Look for cases as a member at the desk: it is counted, and written down with the kind and how
    many were found, never with the term.

    Raises NothingToFind, TooMany, NoKey, PermissionError.
    """
    try:
        with site.store.writing() as session:
            _may_search(session, who, site.clock())
            found = find(session, who, kind, term, site.clock())
            _write_down(session, site, who, f"{kind} {len(found)}")
    except TooMany:
        audit.record(
            site,
            audit.Act.REFUSED,
            member_id=who.member_id,
            organisation_id=who.organisation_id,
            subject="search",
        )
        raise
    return found


def _may_search(session: Session, who: SignedIn, now: datetime) -> None:
    # Of one member's searches at the same moment each waits for the one before, to be counted.
    one = select(Member.id).where(Member.id == who.member_id)
    session.exec(one.with_for_update(key_share=True)).one()
    for within, most in LIMITS:
        searched = (
            select(func.count())
            .select_from(audit.AuditRow)
            .where(
                audit.AuditRow.member_id == who.member_id,
                audit.AuditRow.act == audit.Act.SEARCHED,
                audit.AuditRow.at > now - within,
                col(audit.AuditRow.subject).not_like(f"{_INDEXED} %"),
            )
        )
        if session.exec(searched).one() >= most:
            raise TooMany(f"{most} searches within {within} are the most")


def _write_down(session: Session, site: Site, who: SignedIn, subject: str) -> None:
    audit.add(
        session,
        site.clock(),
        audit.Act.SEARCHED,
        member_id=who.member_id,
        organisation_id=who.organisation_id,
        subject=subject,
    )


def find(session: Session, who: SignedIn, kind: Kind, term: str, now: datetime) -> list[Found]:
    """Give the cases that fit, those that fit whole first, then the newest; at most MOST_FOUND.

    Only what has tokens is found (`waiting`), and what the member may open. Raises NothingToFind;
    NoKey when nobody admitted her; PermissionError for a role that does not search.
    """
    if not permits(who.role, Permission.SEARCH_CASES):
        raise PermissionError("this role does not search")
    private = organisation_key(session, who)
    if private is None:
        raise NoKey("who searches must hold the organisation's key")
    asked = _asked(blind.search_key(private), kind, term)
    # A token is there only while the office holds a wrap: the database sees to that.
    rows = session.exec(
        select(SearchToken.token, Case)
        .join(Case, col(Case.id) == SearchToken.case_id)
        .where(
            SearchToken.organisation_id == who.organisation_id,
            col(SearchToken.token).in_(asked.tokens),
            visible(who),
        )
        .order_by(
            case((col(SearchToken.token).in_(asked.whole), 0), else_=1),
            col(Case.lodged_at).desc(),
        )
        .limit(_MOST_ROWS)
    ).all()
    fits: dict[str, tuple[Case, set[str]]] = {}
    for token, each in rows:
        fits.setdefault(each.id, (each, set()))[1].update(asked.words_of(token))
    best = sorted(fits.values(), key=lambda fit: -len(fit[1]))[:MOST_FOUND]
    return [
        Found(reading.line_of(session, who, each, now), len(words), len(asked.words))
        for each, words in best
    ]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A term as tokens: of the whole, and of its parts with the words that they stand for."""

    words: frozenset[str]
    whole: frozenset[bytes]
    parts: Mapping[bytes, frozenset[str]]

    @property
    def tokens(self) -> tuple[bytes, ...]:
        return (*self.whole, *self.parts)

    def words_of(self, token: bytes) -> frozenset[str]:
        return self.words if token in self.whole else self.parts[token]


def _asked(key: bytes, kind: Kind, term: str) -> _Asked:
    term = term[:LONGEST_TERM]
    if kind is Kind.PHONE:
        numbers = blind.asked_phones(term)
        if not numbers:
            raise NothingToFind("this is no phone number")
        made = frozenset(blind.token(key, kind, number) for number in numbers)
        return _Asked(frozenset({"number"}), made, {})
    words = next(iter(blind.values(kind, term)), ())
    if not words:
        raise NothingToFind("there is no word in it")
    parts: dict[bytes, frozenset[str]] = {}
    for part in blind.parts(kind, words):
        for form in blind.forms(part):
            parts[blind.token(key, kind, form)] = frozenset(part)
    whole = frozenset(blind.token(key, kind, form) for form in blind.forms(words))
    return _Asked(frozenset(words), whole, parts)


# ---- complaints that repeat


def repeats(session: Session, who: SignedIn, found: Case) -> list[Repeat]:
    """Give the office's other cases that share a phone number, a name or an agency with this one,
    those that share most first, then the newest; at most MOST_REPEATS. Tokens are compared with
    tokens: `index` must have made those of this case.

    Of a case that the member may not open nothing is said. Words that two answers share are not
    enough: what one of them told whole must be in the other.
    """
    if who.organisation_id is None or not permits(who.role, Permission.SEARCH_CASES):
        return []
    this, other = aliased(SearchToken), aliased(SearchToken)
    wholes = tuple(blind.WHOLE.values())
    rows = session.exec(
        select(Case.code, Case.category, Case.lodged_at, col(this.kind))
        .join(other, col(other.case_id) == Case.id)
        .join(
            this,
            and_(
                col(this.organisation_id) == other.organisation_id,
                col(this.token) == other.token,
            ),
        )
        .where(
            this.case_id == found.id,
            this.organisation_id == who.organisation_id,
            other.case_id != found.id,
            or_(col(this.kind).in_(wholes), col(other.kind).in_(wholes)),
            visible(who),
        )
        .distinct()
        .order_by(col(Case.lodged_at).desc())
        .limit(_MOST_ROWS)
    ).all()
    shared: dict[tuple[str, str, datetime], set[str]] = {}
    for code, category, at, kind in rows:
        shared.setdefault((code, category, at), set()).add(kind.removesuffix("_part"))
    best = sorted(shared.items(), key=lambda pair: -len(pair[1]))[:MOST_REPEATS]
    return [
        Repeat(code, Category(category), at, tuple(kind for kind in Kind if kind in kinds))
        for (code, category, at), kinds in best
    ]
