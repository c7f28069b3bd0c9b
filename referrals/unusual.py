"""Reading that is out of the ordinary, for the supervisor of an office: to ask, not to judge.

Only codes of the audit are looked at. Each rule is a number below that anybody can read; they are
our working rules, without a source. Days and nights are Cambodian.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from statistics import median
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from referrals.audit import Act, AuditRow
from referrals.case import Case
from referrals.directory import Member
from referrals.duty import Alarm

ZONE = ZoneInfo("Asia/Phnom_Penh")

SHOWN = timedelta(days=7)
"""How far back unusual reading, and counts by day, are shown."""

COMPARED = timedelta(days=30)
"""How far back, before that, a member's own ordinary days are looked for."""

CASES_AN_HOUR = 20
"""More different cases opened within 60 minutes are unusual."""

TIMES_MEDIAN = 3
"""More than so many times the median of her own days are unusual ..."""

MEDIAN_FROM_DAYS = 5
"""... once she opened cases on so many days before ..."""

MEDIAN_FROM_CASES = 6
"""... and opened at least so many different cases on this one."""

NIGHT = (22, 5)
"""The hours between which opening is unusual."""

CALLED_AT_NIGHT = timedelta(hours=12)
"""After an alarm of a case, opening that case is for so long not unusual at night."""

REFUSED_A_DAY = 3
"""So many refused tries in a day, or more, are unusual."""

OPENED_IDLY = 5
"""So many openings within SHOWN of a case that a colleague handles, without doing anything in it,
or more, are unusual.
"""

SEARCHES_A_DAY = 30
"""More searches in a day are unusual."""

EXPORTS_A_DAY = 2
"""More copies made in a day are unusual."""

MADE_READY = "indexed"
"""What stands before the number when cases were only made ready to be found (searching.py): that
is no search.
"""

FAILED_SIGN_INS = 5
"""So many failed sign-ins to one account in a day, or more, are unusual: it may be a stranger."""


class Rule(StrEnum):
    """Why something is unusual, in the order in which it is told."""

    FAILED_SIGN_INS = "failed_sign_ins"
    MANY_EXPORTS = "many_exports"
    MANY_CASES_AN_HOUR = "many_cases_an_hour"
    MANY_CASES_A_DAY = "many_cases_a_day"
    REFUSED = "refused"
    OPENED_IDLY = "opened_idly"
    MANY_SEARCHES = "many_searches"
    AT_NIGHT = "at_night"


@dataclass(frozen=True, slots=True)
class Deed:
    """One act of a member, as the audit has it (UTC)."""

    at: datetime
    act: str
    member_id: str
    case_id: str | None = None

    @property
    def day(self) -> date:
        """The day in Cambodia."""
        return self.at.astimezone(ZONE).date()


@dataclass(frozen=True, slots=True)
class Finding:
    """One unusual thing: how often on that day (of a night, when it began); `usual` is the median
    of her own days; `case_id` the case that it is about, when it is about one.
    """

    rule: Rule
    member_id: str
    day: date
    count: int
    usual: float | None = None
    case_id: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of cases besides: who handles each, and when alarms of it were raised (UTC)."""

    handlers: Mapping[str, str]
    alarms: Mapping[str, Sequence[datetime]]


_FAILED = frozenset({Act.SIGN_IN_FAILED, Act.FACTOR_FAILED, Act.STEP_UP_FAILED})
_AT_NIGHT = frozenset({Act.OPENED_CASE, Act.OPENED_FILE, Act.EXPORTED})
_ACTING = frozenset(
    {
        Act.TOOK,
        Act.CHANGED_STATUS,
        Act.WROTE,
        Act.ASSIGNED,
        Act.EXPORTED,
        Act.READER_NAMED,
        Act.READER_REMOVED,
        Act.KEPT_LONGER,
    }
)
_A_DAY: Mapping[Rule, tuple[frozenset[Act], int]] = {
    Rule.FAILED_SIGN_INS: (_FAILED, FAILED_SIGN_INS),
    Rule.MANY_EXPORTS: (frozenset({Act.EXPORTED}), EXPORTS_A_DAY + 1),
    Rule.REFUSED: (frozenset({Act.REFUSED}), REFUSED_A_DAY),
    Rule.MANY_SEARCHES: (frozenset({Act.SEARCHED}), SEARCHES_A_DAY + 1),
}
"""What is counted by day: which acts, and from how many on it is unusual."""

_ORDER = list(Rule)


# ---- the rules


def find(deeds: Iterable[Deed], now: datetime, known: Known) -> list[Finding]:
    """Give what is unusual in one office's deeds of SHOWN and COMPARED, newest day first."""
    by_member: dict[str, list[Deed]] = defaultdict(list)
    for deed in sorted(deeds, key=lambda d: d.at):
        by_member[deed.member_id].append(deed)
    since = (now - SHOWN).astimezone(ZONE).date()
    found: list[Finding] = []
    for member_id, hers in by_member.items():
        found += _many_a_day(member_id, hers)
        found += _many_an_hour(member_id, hers)
        found += _beyond_her_days(member_id, hers)
        found += _at_night(member_id, hers, known)
        found += _opened_idly(member_id, hers, now, known)
    shown = [each for each in found if each.day > since]
    return sorted(shown, key=lambda f: (-f.day.toordinal(), _ORDER.index(f.rule), f.member_id))


def _many_a_day(member_id: str, hers: list[Deed]) -> list[Finding]:
    found = []
    for rule, (acts, least) in _A_DAY.items():
        days = Counter(deed.day for deed in hers if deed.act in acts)
        found += [Finding(rule, member_id, day, n) for day, n in days.items() if n >= least]
    return found


def _many_an_hour(member_id: str, hers: list[Deed]) -> list[Finding]:
    opened = [d for d in hers if d.act == Act.OPENED_CASE and d.case_id]
    most: dict[date, int] = {}
    within: Counter[str | None] = Counter()
    first = 0
    for deed in opened:
        within[deed.case_id] += 1
        while deed.at - opened[first].at > timedelta(hours=1):
            within[opened[first].case_id] -= 1
            within += Counter()  # leaves out what fell to none
            first += 1
        most[deed.day] = max(most.get(deed.day, 0), len(within))
    return [
        Finding(Rule.MANY_CASES_AN_HOUR, member_id, day, n)
        for day, n in most.items()
        if n > CASES_AN_HOUR
    ]


def _beyond_her_days(member_id: str, hers: list[Deed]) -> list[Finding]:
    cases: dict[date, set[str | None]] = defaultdict(set)
    for deed in hers:
        if deed.act == Act.OPENED_CASE:
            cases[deed.day].add(deed.case_id)
    found = []
    for day, opened in cases.items():
        before = [len(those) for d, those in cases.items() if day - COMPARED <= d < day]
        if len(before) < MEDIAN_FROM_DAYS or len(opened) < MEDIAN_FROM_CASES:
            continue
        usual = median(before)
        if len(opened) > TIMES_MEDIAN * usual:
            rule = Rule.MANY_CASES_A_DAY
            found.append(Finding(rule, member_id, day, len(opened), usual))
    return found


def _at_night(member_id: str, hers: list[Deed], known: Known) -> list[Finding]:
    begins, ends = NIGHT
    nights: Counter[date] = Counter()
    for deed in hers:
        hour = deed.at.astimezone(ZONE).hour
        if deed.act not in _AT_NIGHT or ends <= hour < begins or _was_called(deed, known):
            continue
        nights[deed.day - timedelta(days=hour < ends)] += 1
    return [Finding(Rule.AT_NIGHT, member_id, night, n) for night, n in nights.items()]


def _was_called(deed: Deed, known: Known) -> bool:
    alarms = known.alarms.get(deed.case_id or "", ())
    return any(timedelta() <= deed.at - raised <= CALLED_AT_NIGHT for raised in alarms)


def _opened_idly(member_id: str, hers: list[Deed], now: datetime, known: Known) -> list[Finding]:
    lately = [deed for deed in hers if now - deed.at <= SHOWN and deed.case_id]
    acted_on = {deed.case_id for deed in lately if deed.act in _ACTING}
    opened: dict[str, list[Deed]] = defaultdict(list)
    for deed in lately:
        case_id = deed.case_id or ""
        colleagues = known.handlers.get(case_id, member_id) != member_id
        if deed.act == Act.OPENED_CASE and colleagues and case_id not in acted_on:
            opened[case_id].append(deed)
    return [
        Finding(Rule.OPENED_IDLY, member_id, times[-1].day, len(times), case_id=case_id)
        for case_id, times in opened.items()
        if len(times) >= OPENED_IDLY
    ]


# ---- from the audit


def of_office(organisation_id: str) -> ColumnElement[bool]:
    """Give the condition, in a query over AuditRow, that an office's people did it.

    A sign-in that failed names the member alone.
    """
    people = select(Member.id).where(Member.organisation_id == organisation_id)
    nameless = and_(col(AuditRow.organisation_id).is_(None), col(AuditRow.member_id).in_(people))
    return or_(col(AuditRow.organisation_id) == organisation_id, nameless)


_NOT_JUDGED = (Act.LISTED, Act.SIGNED_IN, Act.SIGNED_OUT, Act.STEPPED_UP, Act.REWRAPPED)
"""Acts that are many and that no rule looks at."""


def deeds(session: Session, organisation_id: str, now: datetime) -> list[Deed]:
    """Give what an office's people did within SHOWN and COMPARED, oldest first."""
    rows = session.exec(
        select(AuditRow.at, AuditRow.act, AuditRow.member_id, AuditRow.case_id)
        .where(
            of_office(organisation_id),
            AuditRow.at > now - SHOWN - COMPARED,
            col(AuditRow.act).not_in(_NOT_JUDGED),
            col(AuditRow.member_id).is_not(None),
            or_(
                col(AuditRow.act) != Act.SEARCHED,
                col(AuditRow.subject).is_(None),
                col(AuditRow.subject).not_like(f"{MADE_READY} %"),
            ),
        )
        .order_by(col(AuditRow.id))
    )
    return [Deed(at, act, member_id or "", case_id) for at, act, member_id, case_id in rows]


def known(session: Session, of: Iterable[Deed], now: datetime) -> Known:
    """Give what is known besides of the cases of these deeds."""
    wanted = {deed.case_id for deed in of if deed.case_id}
    handlers = session.exec(
        select(Case.id, Case.handler_id).where(
            col(Case.handler_id).is_not(None), col(Case.id).in_(wanted)
        )
    )
    alarms: dict[str, list[datetime]] = defaultdict(list)
    raised = session.exec(
        select(Alarm.case_id, Alarm.raised_at).where(
            Alarm.raised_at > now - SHOWN - COMPARED - CALLED_AT_NIGHT
        )
    )
    for case_id, at in raised:
        alarms[case_id].append(at)
    return Known(
        {case_id: handler for case_id, handler in handlers if handler and case_id in wanted},
        alarms,
    )
