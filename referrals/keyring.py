"""The keys that an office's people hold, and how they pass from one to another.

An office has one key pair at a time, a *generation*. Its private key is wrapped to each member who
was admitted, and to the recovery key. When somebody leaves, a new generation begins: those who stay
get it, the private key before is wrapped to it, and the cases' wraps follow little by little
(rotation.py); when the last has followed, the private key before is destroyed.

Whoever changes who holds the key locks the organisation's row before she reads any key: of two at
once the second sees what the first did.
"""

import logging
from datetime import datetime

from sqlmodel import Session, col, delete, select, update

from referrals import audit, keys
from referrals.directory import (
    Member,
    Organisation,
    OrganisationGeneration,
    OrganisationKey,
    SignedIn,
    UsedLink,
)
from referrals.sealing import SealedField, open_, seal
from referrals.site import Site, utc_now
from referrals.taxonomy import Role

log = logging.getLogger(__name__)

MEMBER_KEY = SealedField("member", "sealed_private_key", "password")
PASSWORD_LENGTH = (12, 256)
"""Fewest and most characters of a password (NIST SP 800-63B asks for length, not for signs)."""


class WeakPassword(Exception):
    """The password is shorter or longer than PASSWORD_LENGTH."""


class NoKey(PermissionError):
    """The member does not hold her office's key, so she cannot pass it on."""


class LastHolder(ValueError):
    """Nobody else holds the office's key: if this member left, its cases could not be opened any
    more.
    """


class LastSupervisor(ValueError):
    """No other supervisor holds the office's key (or there is no other administrator): if this
    member left, nobody could admit anybody any more.
    """


# ---- opening


def holds(session: Session, organisation_id: str, member_id: str) -> bool:
    """Say whether the member was admitted to the office's present key."""
    return session.get(OrganisationKey, (organisation_id, member_id)) is not None


def organisation_key(
    session: Session, who: SignedIn, generation: int | None = None
) -> keys.PrivateKey | None:
    """Open the office's private key for a signed-in member: the present one, or an older one.

    None when nobody admitted her yet, or that generation was destroyed.
    """
    if who.organisation_id is None:
        return None
    row = session.get(OrganisationKey, (who.organisation_id, who.member_id))
    if row is None:
        return None
    purpose = keys.organisation_key_purpose(who.organisation_id, who.member_id)
    held, at = keys.PrivateKey(who.key.open_(row.wrapped, purpose)), row.generation
    while generation is not None and at > generation:
        here = session.get_one(OrganisationGeneration, (who.organisation_id, at))
        if here.previous is None:
            return None
        held = keys.PrivateKey(held.open_(here.previous, _previous_purpose(here)))
        at -= 1
    return held


def _previous_purpose(generation: OrganisationGeneration) -> bytes:
    return keys.generation_purpose(generation.organisation_id, generation.generation)


# ---- passing on


def accept(
    session: Session, member: Member, name: str, password: str, now: datetime | None = None
) -> None:
    """Make the member's keys from the password, and the organisation's when the member is its
    first. It is written into the audit as done `now`, by the machine's clock when not said.

    A later member waits until somebody who holds the key admits her; so does who lost her password
    (membership.new_link), for what it opened is lost with it. Rows are locked, so that of two who
    come at once one is the first, and the same link sent twice makes one account. Raises
    WeakPassword, UsedLink.
    """
    _must_be_long_enough(password)
    _must_still_be_invited(session, member)
    now = now or utc_now()
    member.name = name
    member.link_hash = member.link_expires = member.left_at = None
    session.exec(delete(OrganisationKey).where(col(OrganisationKey.member_id) == member.id))
    lock(member, keys.PrivateKey.new(), password)
    session.add(member)
    audit.add(
        session,
        now,
        audit.Act.JOINED,
        member_id=member.id,
        organisation_id=member.organisation_id,
        subject=member.role,
    )
    session.flush()
    if member.organisation_id is None:
        return
    organisation = session.get_one(Organisation, member.organisation_id)
    if organisation.public_key is None:
        private = keys.PrivateKey.new()
        _next_generation(session, organisation, private, now)
        wrap_for(session, organisation, private, member)


def _must_still_be_invited(session: Session, member: Member) -> None:
    """Lock her rows. Raises UsedLink when her link was used, changed or taken back."""
    link = member.link_hash
    if member.organisation_id is not None:
        session.get_one(
            Organisation, member.organisation_id, populate_existing=True, with_for_update=True
        )
    again = session.exec(
        select(Member.link_hash).where(Member.id == member.id).with_for_update()
    ).one_or_none()
    if link is None or again != link:
        raise UsedLink("this link has been used")
    session.refresh(member)


def admit(site: Site, who: SignedIn, member_id: str) -> None:
    """Give the office's key to a member who waits. Raises NoKey; PermissionError for somebody of
    another office, or who left; ValueError for who has no key of her own yet.
    """
    with site.store.writing() as session:
        organisation, held = locked(session, who)
        member = session.get(Member, member_id)
        if member is None or member.organisation_id != who.organisation_id or member.left_at:
            raise PermissionError("this person belongs to another organisation, or left")
        wrap_for(session, organisation, held, member)
        audit.add(
            session,
            site.clock(),
            audit.Act.ADMITTED,
            member_id=who.member_id,
            organisation_id=who.organisation_id,
            subject=member.id,
        )


def locked(session: Session, who: SignedIn) -> tuple[Organisation, keys.PrivateKey]:
    """Lock a supervisor's organisation and open its present key.

    Raises NoKey; PermissionError for who is no supervisor.
    """
    if who.organisation_id is None:
        raise NoKey("this person has no organisation")
    if who.role is not Role.SUPERVISOR:
        raise PermissionError("only a supervisor")
    organisation = session.get_one(
        Organisation, who.organisation_id, populate_existing=True, with_for_update=True
    )
    session.flush()
    session.expire_all()
    held = organisation_key(session, who)
    if held is None:
        raise NoKey("only who holds the key can pass it on")
    return organisation, held


def wrap_for(
    session: Session, organisation: Organisation, private: keys.PrivateKey, member: Member
) -> None:
    """Wrap the private key of the present generation to a member. Raises ValueError without a key
    of her own.
    """
    if member.public_key is None:
        raise ValueError("this person has no key yet")
    purpose = keys.organisation_key_purpose(organisation.id, member.id)
    session.merge(
        OrganisationKey(
            organisation_id=organisation.id,
            member_id=member.id,
            generation=organisation.generation,
            wrapped=keys.seal_to(member.public_key, private.raw, purpose),
        )
    )
    session.flush()


def _next_generation(
    session: Session, organisation: Organisation, private: keys.PrivateKey, now: datetime
) -> OrganisationGeneration:
    organisation.generation += 1
    organisation.public_key = private.public
    made = OrganisationGeneration(
        organisation_id=organisation.id,
        generation=organisation.generation,
        public_key=private.public,
        made_at=now,
    )
    if organisation.recovery_public is not None:
        made.wrapped_to_recovery = for_recovery(organisation, private)
    session.add_all([organisation, made])
    session.flush()
    return made


def for_recovery(organisation: Organisation, private: keys.PrivateKey) -> bytes:
    """Wrap an office's private key to its recovery key."""
    public = organisation.recovery_public or b""
    return keys.seal_to(public, private.raw, keys.recovery_purpose(organisation.id))


# ---- leaving


def leave(session: Session, who: SignedIn, member: Member, now: datetime) -> None:
    """Let a member go: a new generation begins, which she does not get. One who never held the key
    leaves the generation as it is. What else there is to leaving: membership.let_go.

    What she could open she may have seen; what comes after she cannot open, even with a copy of the
    database and her password. Raises NoKey, PermissionError, LastHolder, LastSupervisor.
    """
    organisation, held = locked(session, who)
    session.refresh(member, with_for_update=True)
    if member.organisation_id != who.organisation_id or member.left_at is not None:
        raise PermissionError("only a member of the same organisation, who has not left")
    if holds(session, organisation.id, member.id):
        staying = [each for each in holders(session, organisation.id) if each.id != member.id]
        if not staying:
            raise LastHolder("nobody else holds this organisation's key")
        if all(each.role != Role.SUPERVISOR for each in staying):
            raise LastSupervisor("no other supervisor holds this organisation's key")
        _pass_on(session, organisation, held, staying, now)
    forget_keys(session, who, member, now)


def _pass_on(
    session: Session,
    organisation: Organisation,
    held: keys.PrivateKey,
    staying: list[Member],
    now: datetime,
) -> None:
    private = keys.PrivateKey.new()
    made = _next_generation(session, organisation, private, now)
    made.previous = keys.seal_to(private.public, held.raw, _previous_purpose(made))
    session.add(made)
    session.flush()
    session.exec(
        delete(OrganisationKey).where(col(OrganisationKey.organisation_id) == organisation.id)
    )
    session.expire_all()
    for each in staying:
        wrap_for(session, organisation, private, each)


def holders(session: Session, organisation_id: str) -> list[Member]:
    """Give the members who hold the organisation's present key, by name."""
    return list(
        session.exec(
            select(Member)
            .join(OrganisationKey, col(OrganisationKey.member_id) == Member.id)
            .where(OrganisationKey.organisation_id == organisation_id)
            .order_by(col(Member.name), col(Member.id))
        )
    )


def forget_keys(session: Session, who: SignedIn, member: Member, now: datetime) -> None:
    """Let a member have left: with her keys goes all that her password opens."""
    member.left_at = now
    member.salt = member.sealed_private_key = member.public_key = None
    member.link_hash = member.link_expires = None
    session.add(member)
    audit.add(
        session,
        now,
        audit.Act.LEFT,
        member_id=who.member_id,
        organisation_id=member.organisation_id,
        subject=member.id,
    )
    session.flush()


# ---- a password


def unlock(member: Member, password: str) -> keys.PrivateKey:
    """Open a member's private key with her password. Raises sealing.CannotOpen.

    Somebody who has none is refused after the same work as a wrong password.
    """
    salt = member.salt or keys.new_salt(keys.present_cost())
    sealed = member.sealed_private_key or b""
    raw = open_(keys.password_key(password, salt), MEMBER_KEY, member.id, sealed)
    return keys.PrivateKey(raw)


def lock(member: Member, private: keys.PrivateKey, password: str) -> None:
    """Seal a member's private key under a password, which takes the place of the one before.

    No case is sealed anew: her key stays the same. Raises WeakPassword.
    """
    _must_be_long_enough(password)
    member.public_key = private.public
    member.salt, member.sealed_private_key = _sealed(member.id, private, password)


def relock_if_cheap(
    session: Session, member: Member, private: keys.PrivateKey, password: str
) -> bool:
    """Seal a member's private key anew at the present cost, when her password just opened it at a
    lower one; says whether it did.

    Call it first in a transaction: it takes a second before the database is asked for anything. A
    password that was changed meanwhile stays as it is.
    """
    if member.salt is None or not keys.is_cheap(member.salt):
        return False
    salt, sealed = _sealed(member.id, private, password)
    changed = session.exec(
        update(Member)
        .where(col(Member.id) == member.id, col(Member.salt) == member.salt)
        .values(salt=salt, sealed_private_key=sealed)
    )
    return changed.rowcount == 1


def _sealed(member_id: str, private: keys.PrivateKey, password: str) -> tuple[bytes, bytes]:
    salt = keys.new_salt(keys.present_cost())
    return salt, seal(keys.password_key(password, salt), MEMBER_KEY, member_id, private.raw)


def _must_be_long_enough(password: str) -> None:
    fewest, most = PASSWORD_LENGTH
    if not fewest <= len(password) <= most:
        raise WeakPassword(f"a password has {fewest} to {most} characters")
