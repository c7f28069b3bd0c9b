"""Who read what: a supervisor looks at her own office's reading, and at what is unusual in it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import or_
from sqlmodel import Session, col, select

from api.pages.page import page
from api.pages.reading_views import ActLine, ReadingView, TallyDay, TallyLine, UnusualLine
from api.pages.shell import shell_of, site_of
from api.pages.views import Label
from api.policy import allowed
from api.words import Words, mark
from referrals import audit, code, directory, unusual
from referrals.audit import Act, AuditRow
from referrals.case import Case, Referral, Wrap
from referrals.directory import SignedIn
from referrals.permission import Permission
from referrals.readers import visible
from referrals.unusual import Deed, Finding, Rule

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

Who = Annotated[SignedIn, Depends(allowed(Permission.SEE_READING))]

A_PAGE = 50
"""Acts on one page."""

ACTS: Mapping[str, str] = {
    Act.SIGNED_IN: mark("signed in"),
    Act.SIGN_IN_FAILED: mark("a sign-in failed"),
    Act.OPENED_CASE: mark("opened the case"),
    Act.OPENED_FILE: mark("opened a file"),
    Act.REFUSED: mark("was refused"),
    Act.TOOK: mark("took the case"),
    Act.CHANGED_STATUS: mark("changed where the case stands"),
    Act.WROTE: mark("wrote a letter"),
    Act.INVITED: mark("invited somebody"),
    Act.INVITATION_WITHDRAWN: mark("took an invitation back"),
    Act.JOINED: mark("made the account"),
    Act.ADMITTED: mark("admitted a member"),
    Act.LEFT: mark("ended a member’s account"),
    Act.RECOVERY_SET: mark("made a recovery key"),
    Act.RECOVERED: mark("used the recovery key"),
    Act.PASSWORD_CHANGED: mark("changed the password"),
    Act.SHARED: mark("gave the case to an office that the migrant agreed to"),
    Act.LISTED: mark("looked at the list of cases"),
    Act.SEARCHED: mark("searched"),
    Act.EXPORTED: mark("made a copy for a lawyer or a court"),
    Act.ASSIGNED: mark("gave the case to a colleague"),
    Act.READER_NAMED: mark("named a reader of a restricted case"),
    Act.READER_REMOVED: mark("took a reader of a restricted case away"),
    Act.READING_SHOWN: mark("looked at this page"),
    Act.COUNTS_SHOWN: mark("looked at the numbers"),
    Act.SIGNED_OUT: mark("signed out"),
    Act.SESSION_ENDED: mark("ended a session"),
    Act.STEPPED_UP: mark("showed the second factor again"),
    Act.STEP_UP_FAILED: mark("showed a wrong second factor"),
    Act.FACTOR_SET: mark("set up a second factor"),
    Act.FACTOR_REMOVED: mark("removed a second factor"),
    Act.FACTOR_FAILED: mark("showed a wrong second factor"),
    Act.CODE_USED: mark("used a recovery code"),
    Act.REWRAPPED: mark("sealed cases to the new key of the office"),
    Act.KEPT_LONGER: mark("kept a closed case longer"),
    Act.ALARM_ANSWERED: mark("answered an alarm"),
    Act.DUTY_CHANGED: mark("changed who is on duty"),
}
"""What a member of an office can do, in words; another act is shown by its code."""

REASONS: Mapping[Rule, str] = {
    Rule.FAILED_SIGN_INS: mark(
        "Signing in to this account failed %(count)s times in one day. It may be a stranger."
    ),
    Rule.MANY_EXPORTS: mark("Made %(count)s copies for outside in one day."),
    Rule.MANY_CASES_AN_HOUR: mark("Opened %(count)s different cases within one hour."),
    Rule.MANY_CASES_A_DAY: mark(
        "Opened %(count)s different cases in one day. Usual for this person: %(usual)s."
    ),
    Rule.REFUSED: mark("Was refused %(count)s times in one day: the cases were not open to them."),
    Rule.OPENED_IDLY: mark(
        "Opened a case of a colleague %(count)s times in a week, without doing anything in it."
    ),
    Rule.MANY_SEARCHES: mark("Searched %(count)s times in one day."),
    Rule.AT_NIGHT: mark(
        "Opened cases or files %(count)s times at night, between %(begins)s and %(ends)s o’clock."
    ),
}
"""Why something is unusual, in words."""

MADE_READY = mark("opened the search: cases were made ready to be found")
"""Of Act.SEARCHED, when nothing was looked for (unusual.MADE_READY)."""

NOT_A_CODE = mark("This is not the code of a case: nine digits.")
RESTRICTED = mark("a restricted case")
GONE = mark("a case that was deleted")
NOT_OURS = mark("no case of this office")
NO_SUCH_CASE = mark("There is no such case in your office.")
PROGRAM = mark("the program")


@dataclass(frozen=True, slots=True)
class _Codes:
    """What may be called by its code on this page: cases that this office has or had, as far as
    restriction leaves them to the reader. Of the others it is said only what they are.
    """

    shown: Mapping[str, str]
    restricted: frozenset[str]
    there: frozenset[str]

    def of(self, case_id: str | None, words: Words, act: str = "") -> tuple[str, str]:
        """Give a case's code, or else a note."""
        if case_id in self.shown:
            return self.shown[case_id or ""], ""
        if case_id in self.restricted:
            return "", words.gettext(RESTRICTED)
        if case_id is not None and case_id not in self.there and act != Act.REFUSED:
            return "", words.gettext(GONE)
        return "", words.gettext(NOT_OURS) if case_id or act == Act.REFUSED else ""


def _codes(session: Session, who: SignedIn, case_ids: Iterable[str | None]) -> _Codes:
    wanted = {each for each in case_ids if each}
    office = who.organisation_id
    had = or_(
        col(Case.id).in_(select(Wrap.case_id).where(Wrap.organisation_id == office)),
        col(Case.id).in_(select(Referral.case_id).where(Referral.organisation_id == office)),
    )
    shown: dict[str, str] = {}
    restricted: set[str] = set()
    there: set[str] = set()
    for some in _in_parts(sorted(wanted)):
        these = col(Case.id).in_(some)
        there.update(session.exec(select(Case.id).where(these)))
        ours = set(session.exec(select(Case.id).where(these, had)))
        seen = dict(session.exec(select(Case.id, Case.code).where(these, had, visible(who))).all())
        shown |= seen
        restricted |= ours - seen.keys()
    return _Codes(shown, frozenset(restricted), frozenset(there))


def _in_parts(ids: list[str], size: int = 500) -> Iterable[list[str]]:
    """Cut a list: a statement holds a limited number of values."""
    return (ids[at : at + size] for at in range(0, len(ids), size))


@router.get("/reading")
def reading(
    request: Request,
    who: Who,
    member: str = "",
    case: str = "",
    number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
) -> HTMLResponse:
    """Show what is unusual, what each did by day, and the latest acts, of the reader's own office.

    `member` and `case` (a code) choose among the acts. That this was looked at is written down.
    """
    shell, site = shell_of(request, who), site_of(request)
    words, office, now = Words(shell.language), who.organisation_id or "", site.clock()
    with site.store.reading() as session:
        people = {each.id: each for each in directory.members(session, office)}
        chosen = member if member in people else ""
        typed, case_id, problem = _typed(session, who, case)
    audit.record(
        site,
        Act.READING_SHOWN,
        member_id=who.member_id,
        organisation_id=who.organisation_id,
        case_id=case_id,
        subject=chosen or None,
    )
    with site.store.reading() as session:
        names = {each.id: each.name or each.email for each in people.values()}
        deeds = unusual.deeds(session, office, now)
        found = unusual.find(deeds, now, unusual.known(session, deeds, now))
        rows = [] if problem else _rows(session, office, chosen, case_id, number)
        more = len(rows) > A_PAGE
        rows = rows[:A_PAGE]
        codes = _codes(session, who, [*(f.case_id for f in found), *(r.case_id for r in rows)])
    since = (now - unusual.SHOWN).astimezone(unusual.ZONE).date()
    view = ReadingView(
        unusual=tuple(_unusual_line(each, names, codes, words) for each in found),
        days=_days((deed for deed in deeds if deed.day > since), names),
        acts=tuple(_act_line(row, names, codes, words) for row in rows),
        members=tuple(Label(each, names[each]) for each in sorted(names, key=names.__getitem__)),
        member=chosen,
        case=typed,
        newer=_address(chosen, typed, number - 1) if number > 1 else "",
        older=_address(chosen, typed, number + 1) if more else "",
        problem=problem,
    )
    return page("reading.html", shell, view, status=422 if problem else 200)


def _typed(session: Session, who: SignedIn, case: str) -> tuple[str, str | None, str]:
    """Read the code that was typed: the code to show again, the case's id, and a problem.

    A case that is none of this office's is answered like a slip.
    """
    case = case.strip()[:40]
    if not case:
        return "", None, ""
    try:
        wanted = code.read(case)
    except code.WrongCode:
        return case, None, NOT_A_CODE
    found = session.exec(select(Case.id).where(Case.code == wanted)).first()
    ours = _codes(session, who, [found]).shown
    return (wanted, found, "") if found in ours else (case, None, NO_SUCH_CASE)


def _rows(
    session: Session, office: str, member: str, case_id: str | None, number: int
) -> list[AuditRow]:
    """Give one page of acts and, to know whether there are more, the one after it."""
    query = select(AuditRow).where(unusual.of_office(office)).order_by(col(AuditRow.id).desc())
    if member:
        query = query.where(AuditRow.member_id == member)
    if case_id:
        query = query.where(AuditRow.case_id == case_id)
    return list(session.exec(query.offset((number - 1) * A_PAGE).limit(A_PAGE + 1)))


def _unusual_line(
    found: Finding, names: Mapping[str, str], codes: _Codes, words: Words
) -> UnusualLine:
    begins, ends = unusual.NIGHT
    usual = f"{found.usual:g}" if found.usual is not None else ""
    numbers = {"count": found.count, "usual": usual, "begins": begins, "ends": ends}
    shown, note = codes.of(found.case_id, words)
    reason = words.gettext(REASONS[found.rule]) % numbers
    if note:
        reason = f"{reason} ({note})"
    return UnusualLine(names.get(found.member_id, "–"), found.day, reason, shown)


_COLUMNS: Mapping[str, frozenset[Act]] = {
    "opened": frozenset({Act.OPENED_CASE}),
    "files": frozenset({Act.OPENED_FILE}),
    "searches": frozenset({Act.SEARCHED}),
    "exports": frozenset({Act.EXPORTED}),
    "refused": frozenset({Act.REFUSED}),
}


def _days(deeds: Iterable[Deed], names: Mapping[str, str]) -> tuple[TallyDay, ...]:
    counted: dict[tuple[date, str], Counter[str]] = {}
    for deed in deeds:
        for column, acts in _COLUMNS.items():
            if deed.act in acts:
                counted.setdefault((deed.day, deed.member_id), Counter())[column] += 1
    days: dict[date, list[TallyLine]] = {}
    for (day, member_id), columns in counted.items():
        numbers = {column: columns[column] for column in _COLUMNS}
        days.setdefault(day, []).append(TallyLine(names.get(member_id, "–"), **numbers))
    return tuple(
        TallyDay(day, tuple(sorted(days[day], key=lambda line: line.member)))
        for day in sorted(days, reverse=True)
    )


def _act_line(row: AuditRow, names: Mapping[str, str], codes: _Codes, words: Words) -> ActLine:
    shown, note = codes.of(row.case_id, words, row.act)
    member = names.get(row.member_id, "–") if row.member_id else words.gettext(PROGRAM)
    act = words.named(ACTS, row.act)
    if row.act == Act.SEARCHED and (row.subject or "").startswith(f"{unusual.MADE_READY} "):
        act = words.gettext(MADE_READY)
    return ActLine(row.at, member, act, shown, note)


def _address(member: str, case: str, number: int) -> str:
    asked = {"member": member, "case": case, "page": str(number) if number > 1 else ""}
    return (
        "/reading?" + urlencode({name: value for name, value in asked.items() if value}) + "#acts"
    )
