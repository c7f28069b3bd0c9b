"""Who works on a case: giving it to a colleague, and naming who may open a restricted one."""

from sqlmodel import Session, col, select

from referrals import audit, readers
from referrals.case import Referral
from referrals.desk import NotAllowed, enter, hold
from referrals.directory import Member, OrganisationKey, SignedIn
from referrals.permission import Permission, permits
from referrals.site import Site
from referrals.taxonomy import Confidentiality, Role, Status


def colleagues(
    session: Session, organisation_id: str | None, permission: Permission
) -> list[Member]:
    """Give the members of an office who hold its key and whose role permits this, by name."""
    held = select(OrganisationKey.member_id).where(
        OrganisationKey.organisation_id == organisation_id
    )
    found = session.exec(
        select(Member)
        .where(Member.organisation_id == organisation_id, col(Member.id).in_(held))
        .order_by(col(Member.name))
    )
    return [each for each in found if permits(Role(each.role), permission)]


def assign(site: Site, who: SignedIn, code: str, member_id: str) -> None:
    """Give a case to a colleague, who becomes its handler. For a restricted one she is named, too.

    Raises NotYours; NotAllowed when she cannot handle cases, or the migrant closed it.
    """
    enter(site, who, code, audit.Act.ASSIGNED, member_id[:32])
    with site.store.writing() as session:
        case, _ = hold(session, who, code)
        member = _colleague(session, who, member_id, Permission.HANDLE_CASES)
        if case.status == Status.CLOSED:
            raise NotAllowed("a closed case is not given to anybody")
        if case.confidentiality == Confidentiality.RESTRICTED:
            if not readers.reads(session, case.id, member.id) and not permits(
                who.role, Permission.NAME_READERS
            ):
                raise NotAllowed("she is not named for this restricted case")
            readers.name(session, case, member, who, site.clock())
        case.handler_id = member.id
        if case.status == Status.LODGED:
            case.status = Status.TAKEN
        referral = session.get(Referral, (case.id, who.organisation_id))
        if referral is not None:
            referral.state = "accepted"
            session.add(referral)
        session.add(case)


def name_reader(site: Site, who: SignedIn, code: str, member_id: str) -> None:
    """Name a colleague who may open a restricted case. With the first name goes one's own, so that
    nobody shuts herself out unseeing.

    Raises NotYours; NotAllowed when it is not restricted, or she cannot open cases.
    """
    enter(site, who, code, audit.Act.READER_NAMED, member_id[:32])
    with site.store.writing() as session:
        case, _ = hold(session, who, code)
        if case.confidentiality != Confidentiality.RESTRICTED:
            raise NotAllowed("this case is not restricted")
        member = _colleague(session, who, member_id, Permission.OPEN_CASES)
        me = session.get_one(Member, who.member_id)
        if not readers.named(session, case.id, who.organisation_id or ""):
            readers.name(session, case, me, who, site.clock())
        readers.name(session, case, member, who, site.clock())


def remove_reader(site: Site, who: SignedIn, code: str, member_id: str) -> None:
    """Take a name away; when the last is gone, the supervisors may open the case again.

    The handler's name stays. Raises NotYours, NotAllowed.
    """
    enter(site, who, code, audit.Act.READER_REMOVED, member_id[:32])
    with site.store.writing() as session:
        case, _ = hold(session, who, code)
        member = session.get(Member, member_id)
        if member is None or member.organisation_id != who.organisation_id:
            raise NotAllowed("this person belongs to another organisation")
        if case.handler_id == member.id:
            raise NotAllowed("she works on the case")
        readers.unname(session, case, member.id)


def _colleague(session: Session, who: SignedIn, member_id: str, permission: Permission) -> Member:
    for each in colleagues(session, who.organisation_id, permission):
        if each.id == member_id:
            return each
    raise NotAllowed("nobody in this organisation who could is called so")
