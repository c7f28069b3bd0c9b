"""People at their desks who search, and cases in which there is something to find."""

from collections.abc import Mapping

from sqlmodel import col, select, update

from referrals import desk, draft, keyring, lodging, searching, thread
from referrals.blind import Kind, SearchToken
from referrals.case import Case
from referrals.directory import Member
from referrals.taxonomy import Confidentiality
from tests.house import Town, told_draft

NAME, AGENCY, PHONE = "ស្រីនាង គំរូ", "ក្រុមហ៊ុន Invented Manpower Co., Ltd", "០១២ ៣៤៥ ៦៧៨"
STORY = f"មេខ្យល់លេខ {PHONE} យកលុយខ្ញុំ"
ALL = {Kind.PHONE: "+855 12 345 678", Kind.NAME: "គំរូ ស្រីនាង", Kind.AGENCY: "INVENTED MANPOWER"}
"""What was told, each looked for in another way of writing it."""


def tells(
    town: Town,
    number: int = 1,
    *,
    story: str = STORY,
    name: str | None = NAME,
    told: Mapping[str, str] = {"agency": AGENCY},
    category: str = "unpaid_wages",
    province: str = "KH-14",
) -> str:
    """Lodge a case in which all that is told; gives its code."""
    with town.site.store.writing() as session:
        conversation = f"{number:064d}"
        begun = told_draft(
            session,
            town.site,
            story,
            conversation=conversation,
            name=name,
            category=category,
            province=province,
        )
        for place, (field, text) in enumerate(told.items()):
            draft.tell(session, town.site, begun, field, f"t-{place}", text=text)
        return lodging.lodge(session, town.site, begun, f"u-{number}", language="km").code


def prepares(town: Town, name: str = "mrc", limit: int = 50) -> int:
    return searching.prepare(town.site, town.people[name], limit)


def finds(town: Town, kind: Kind, term: str, name: str = "mrc") -> list[str]:
    found = searching.search(town.site, town.people[name], kind, term)
    return [each.row.code for each in found]


def opens(town: Town, code: str, name: str = "mrc") -> list[searching.Repeat]:
    """Open a case as the desk does: make its tokens, and look for repeats."""
    with town.site.store.writing() as session:
        found, case_key = desk.key_of(session, town.people[name], code)
        searching.index(session, town.people[name], found, case_key)
        return searching.repeats(session, town.people[name], found)


def tokens(town: Town, name: str = "mrc") -> set[bytes]:
    with town.site.store.reading() as session:
        ours = SearchToken.organisation_id == town.people[name].organisation_id
        return set(session.exec(select(SearchToken.token).where(ours)))


def restrict(town: Town, code: str) -> None:
    with town.site.store.writing() as session:
        session.exec(
            update(Case)
            .where(col(Case.code) == code)
            .values(confidentiality=Confidentiality.RESTRICTED)
        )


def leaves(town: Town, name: str) -> None:
    with town.site.store.writing() as session:
        gone = session.get_one(Member, town.people[name].member_id)
        keyring.leave(session, town.people["mrc"], gone, town.clock())


def adds(town: Town, code: str, text: str, update: str = "added-1") -> None:
    with town.site.store.writing() as session:
        found = session.exec(select(Case).where(Case.code == code)).one()
        thread.add(session, town.site, found, update, text=text)
