"""What an old backup must not bring back: consents that were taken back, and members who left.

Both are written down beside the backups, a line each, and done again when one is brought back. A
line names a case by an HMAC of its code, and carries an HMAC under the root of the server key.
"""

import hmac
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlmodel import Session, col, delete, select

from referrals import aftercare, erasure, membership
from referrals.case import Case
from referrals.consent import Asked, Consent, history
from referrals.directory import Member, OrganisationKey
from referrals.serverkey import ServerKey
from referrals.site import Site
from referrals.taxonomy import ConsentCode


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A consent of a case that was taken back (`case_mark`, `code`), or a member who left
    (`member_id`). `at` is UTC; `seal` says that this installation wrote it.
    """

    at: datetime
    case_mark: str = ""
    code: str = ""
    version: int = 0
    language: str = ""
    words: str = ""
    member_id: str = ""
    seal: str = ""


@dataclass(frozen=True, slots=True)
class Again:
    """What was done again: consents that were taken back, members who left, and those who had to
    stay because nobody else in the backup holds their office's key.
    """

    consents: int
    left: int
    staying: int


def of_site(session: Session, site: Site) -> list[TakenBack]:
    """Give everything that was taken back, oldest first. A no at lodging is in every backup."""
    said = session.exec(
        select(Consent, Case.code)
        .join(Case, col(Case.id) == Consent.case_id)
        .where(
            col(Consent.granted).is_(False),
            Consent.code != ConsentCode.STORE,
            Consent.at > Case.lodged_at,
        )
    )
    found = [
        TakenBack(
            row.at, erasure.mark_of(site, code), row.code, row.version, row.language, row.words
        )
        for row, code in said
    ]
    left = select(Member.left_at, Member.id).where(col(Member.left_at).is_not(None))
    found += [TakenBack(at, member_id=id_) for at, id_ in session.exec(left) if at is not None]
    sealed = [replace(each, seal=_seal(site.server_key, each)) for each in found]
    return sorted(sealed, key=lambda each: each.at)


def _seal(key: ServerKey, each: TakenBack) -> str:
    told = (each.case_mark, each.code, str(each.version), each.language, each.words)
    return key.pseudonym("taken back", each.at.isoformat(), each.member_id, *told)


def as_line(each: TakenBack) -> str:
    """Write it as one line of JSON."""
    return json.dumps({**asdict(each), "at": each.at.isoformat()}, ensure_ascii=False)


def read_lines(key: ServerKey, lines: Iterable[str]) -> tuple[list[TakenBack], list[str]]:
    """Read what `as_line` wrote; gives it, oldest first, and the lines that are something else."""
    found, other = list[TakenBack](), list[str]()
    for line in lines:
        each = _read(line)
        if each is not None and hmac.compare_digest(each.seal, _seal(key, each)):
            found.append(each)
        else:
            other.append(line)
    return sorted(found, key=lambda each: each.at), other


def _read(line: str) -> TakenBack | None:
    try:
        held = json.loads(line)
        return TakenBack(**{**held, "at": datetime.fromisoformat(held["at"])})
    except (ValueError, KeyError, TypeError):
        return None


def do_again(session: Session, site: Site, found: Iterable[TakenBack]) -> Again:
    """Take back again what was taken back after the backup was made.

    A consent that she gave anew after taking it back is gone, too: the safe side, until she says
    yes again.
    """
    every = list(found)
    cases = {erasure.mark_of(site, case.code): case for case in session.exec(select(Case)).all()}
    consents = sum(
        _takes_back(session, site, cases[each.case_mark], each)
        for each in every
        if each.case_mark in cases
    )
    leavers = [member for each in every if (member := _not_yet_left(session, each)) is not None]
    gone = sum(_leaves(session, member, leavers) for member, _ in leavers)
    return Again(consents, gone, len(leavers) - gone)


def _takes_back(session: Session, site: Site, case: Case, each: TakenBack) -> bool:
    # The code of an erased case may have been drawn again since.
    if case.lodged_at > each.at:
        return False
    last = [row for row in history(session, case.id) if row.code == each.code][-1:]
    if last and (last[0].at >= each.at or not last[0].granted):
        return False
    code = ConsentCode(each.code)
    asked = Asked(code, False, each.version, each.language, each.words, each.at)
    return aftercare.change_consent(session, site, case, asked)


def _not_yet_left(session: Session, each: TakenBack) -> tuple[Member, datetime] | None:
    member = session.get(Member, each.member_id) if each.member_id else None
    return None if member is None or member.left_at is not None else (member, each.at)


def _leaves(session: Session, member: Member, leavers: Iterable[tuple[Member, datetime]]) -> bool:
    """Let a member have left, unless nobody who stays holds the office's key."""
    going = {each.id: at for each, at in leavers}
    holders = session.exec(
        select(OrganisationKey.member_id).where(
            OrganisationKey.organisation_id == member.organisation_id
        )
    ).all()
    if member.id in holders and not set(holders) - set(going):
        return False
    session.exec(delete(OrganisationKey).where(col(OrganisationKey.member_id) == member.id))
    member.left_at = going[member.id]
    member.salt = member.sealed_private_key = member.public_key = None
    member.link_hash = member.link_expires = None
    session.add(member)
    membership.hand_back(session, member)
    return True
