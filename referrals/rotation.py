"""The cases of an office follow to its new key, after somebody who held the one before has left.

It goes little by little, at the hands of whoever holds the key; when the last has followed, the
private key before is destroyed (keyring.py).
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select, update

from referrals import audit, keys
from referrals.case import Wrap
from referrals.directory import Organisation, OrganisationGeneration, SignedIn
from referrals.keyring import holds, organisation_key
from referrals.sealing import CannotOpen
from referrals.site import utc_now

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of an office's cases are still sealed to an older generation, of how many."""

    left: int
    of: int


def progress(session: Session, organisation_id: str) -> Progress:
    """Say how far the cases have followed to the present generation."""
    present = session.get_one(Organisation, organisation_id).generation
    every = select(func.count()).select_from(Wrap).where(Wrap.organisation_id == organisation_id)
    older = every.where(Wrap.generation < present)
    return Progress(session.exec(older).one(), session.exec(every).one())


def rewrap(session: Session, who: SignedIn, limit: int = 50, now: datetime | None = None) -> int:
    """Wrap up to `limit` case keys anew for the present generation; gives how many are left.

    With the last one the older private keys are destroyed. One that does not open is left, and with
    it the older keys; it holds up no other. Does nothing for who holds no key, and next to nothing
    when all is done, so that every visit to a list may call it.
    """
    if who.organisation_id is None or not holds(session, who.organisation_id, who.member_id):
        return 0
    if not _is_under_way(session, who.organisation_id):
        return 0
    # Nobody begins another generation, and nobody lodges for an older one (lodging.refer), until
    # this is done.
    organisation = session.get_one(
        Organisation, who.organisation_id, populate_existing=True, with_for_update=True
    )
    session.expire_all()
    older = (
        select(Wrap)
        .where(
            Wrap.organisation_id == organisation.id,
            Wrap.generation < organisation.generation,
        )
        .order_by(col(Wrap.generation), col(Wrap.case_id))
        .limit(limit)
        .with_for_update()
    )
    followed = _follow(session, who, organisation, list(session.exec(older)))
    left = progress(session, organisation.id).left
    if left == 0:
        _destroy_older(session, organisation)
    if followed:
        audit.add(
            session,
            now or utc_now(),
            audit.Act.REWRAPPED,
            member_id=who.member_id,
            organisation_id=organisation.id,
            subject=f"{followed} to {organisation.generation}",
        )
    return left


def _is_under_way(session: Session, organisation_id: str) -> bool:
    kept = select(OrganisationGeneration.generation).where(
        OrganisationGeneration.organisation_id == organisation_id,
        col(OrganisationGeneration.previous).is_not(None),
    )
    return session.exec(kept.limit(1)).first() is not None


def _follow(session: Session, who: SignedIn, organisation: Organisation, older: list[Wrap]) -> int:
    """Wrap these anew; gives of how many it was done."""
    opened: dict[int, keys.PrivateKey | None] = {}
    followed = 0
    for wrap in older:
        if wrap.generation not in opened:
            opened[wrap.generation] = organisation_key(session, who, wrap.generation)
        held = opened[wrap.generation]
        purpose = keys.case_key_purpose(wrap.case_id, organisation.id)
        try:
            if held is None or organisation.public_key is None:
                raise CannotOpen("an older key was destroyed before its last case had followed")
            case_key = held.open_(wrap.wrapped, purpose)
        except CannotOpen:
            log.error("a case cannot follow to its office's new key: it does not open")
            continue
        wrap.wrapped = keys.seal_to(organisation.public_key, case_key, purpose)
        wrap.generation = organisation.generation
        session.add(wrap)
        followed += 1
    session.flush()
    return followed


def _destroy_older(session: Session, organisation: Organisation) -> None:
    of_it = col(OrganisationGeneration.organisation_id) == organisation.id
    older = col(OrganisationGeneration.generation) < organisation.generation
    session.exec(update(OrganisationGeneration).where(of_it).values(previous=None))
    session.exec(
        update(OrganisationGeneration).where(of_it, older).values(wrapped_to_recovery=None)
    )
