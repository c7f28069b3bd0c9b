"""People on duty in the towns that tests build: members with phones, cases of danger, alarms."""

from sqlmodel import select

from referrals import alarm, case, duty, keyring
from referrals.directory import SignedIn
from referrals.duty import Alarm
from referrals.taxonomy import Role
from tests.house import Town

DANGER = "violence_harassment"


def works_at(town: Town, office: str, name: str, role: Role = Role.CASE_WORKER) -> SignedIn:
    """Let somebody join an office and be admitted."""
    chief = town.people[office]
    who = town.comes(f"{name}@example.org", chief.organisation_id, name, role)
    keyring.admit(town.site, chief, who.member_id)
    town.people[name] = who
    return who


def links(town: Town, name: str, user: str, channel: str = "telegram") -> str | None:
    """Let a member link a phone; gives the member's id."""
    with town.site.store.writing() as session:
        code = duty.link_code(session, town.site, town.people[name].member_id)
        her = town.site.server_key.pseudonym(channel, user)
        return duty.link(session, town.site, code, channel, her, user, town.clock())


def raises(town: Town, code: str) -> str | None:
    """Raise the alarm of a case; gives its id."""
    with town.site.store.writing() as session:
        raised = alarm.raise_alarm(session, town.site, case.by_code(session, code))
        return raised.id if raised else None


def calls(town: Town, alarm_id: str) -> str | None:
    """Call the next; gives the member's name."""
    with town.site.store.writing() as session:
        found = session.get_one(Alarm, alarm_id)
        call = alarm.next_call(session, town.site, found)
        if call is None:
            return None
        alarm.called(session, town.site, found, call.member.id)
        alarm.reached(session, alarm_id, call.member.id)
        return call.member.name


def answers(town: Town, alarm_id: str, name: str) -> bool:
    with town.site.store.writing() as session:
        found = session.get_one(Alarm, alarm_id)
        return alarm.answer(session, town.site, found, town.people[name].member_id)


def alarms_of(town: Town) -> list[Alarm]:
    with town.site.store.reading() as session:
        return list(session.exec(select(Alarm).order_by("raised_at")))
