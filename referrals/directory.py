"""The directory: organisations, their members, and who holds which key."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe
from uuid import uuid4

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, Session, SQLModel, col, select

from referrals import keys
from referrals.store import UtcDateTime
from referrals.taxonomy import OF_NO_OFFICE, PartnerType, Role

LINK_LIFETIME = timedelta(days=3)


class UsedLink(Exception):
    """A one-time link that was used, has expired, or never was; or a person who cannot be given
    one.
    """


class SupervisorFirst(ValueError):
    """Somebody else than a supervisor was invited to an organisation where nobody is yet."""


class Organisation(SQLModel, table=True):
    """A partner. It can receive cases once it has a public key, that is, its first member.

    `public_key` is that of its present `generation`, counted from 1. `sealed_recovery` is the
    private half of `recovery_public`, sealed under the recovery key that nobody keeps but they.
    """

    __tablename__ = "organisation"
    __table_args__ = (UniqueConstraint("id", "partner_type"),)

    id: str = Field(default_factory=lambda: uuid4().hex, primary_key=True, max_length=32)
    partner_type: str = Field(max_length=32)
    name_km: str = Field(max_length=200)
    name_en: str = Field(max_length=200)
    province: str | None = Field(default=None, max_length=8, index=True)
    national: bool = False
    public_key: bytes | None = None
    generation: int = 0
    recovery_public: bytes | None = None
    sealed_recovery: bytes | None = None
    source: str = Field(default="", max_length=200)


class Member(SQLModel, table=True):
    """One person of staff. Without a public key the person is invited but has not come yet."""

    __tablename__ = "member"

    id: str = Field(default_factory=lambda: uuid4().hex, primary_key=True, max_length=32)
    organisation_id: str | None = Field(
        default=None, foreign_key="organisation.id", max_length=32, index=True
    )
    email: str = Field(unique=True, max_length=254)
    name: str = Field(default="", max_length=120)
    role: str = Field(max_length=16)
    language: str = Field(default="km", max_length=2)
    public_key: bytes | None = None
    salt: bytes | None = None
    sealed_private_key: bytes | None = None
    link_hash: str | None = Field(default=None, max_length=64, index=True)
    link_expires: datetime | None = Field(default=None, sa_type=UtcDateTime)
    left_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class OrganisationGeneration(SQLModel, table=True):
    """One key pair of an organisation. Each time that somebody leaves, another one begins.

    `wrapped_to_recovery`: its private key, for the recovery key. `previous`: the private key of the
    generation before, wrapped to this one, until no wrap needs it any more.
    """

    __tablename__ = "organisation_generation"

    organisation_id: str = Field(primary_key=True, foreign_key="organisation.id", max_length=32)
    generation: int = Field(primary_key=True)
    public_key: bytes
    made_at: datetime = Field(sa_type=UtcDateTime)
    wrapped_to_recovery: bytes | None = None
    previous: bytes | None = None


class OrganisationKey(SQLModel, table=True):
    """The private key of an organisation's present generation, wrapped to one member's public
    key.
    """

    __tablename__ = "organisation_key"

    organisation_id: str = Field(primary_key=True, foreign_key="organisation.id", max_length=32)
    member_id: str = Field(primary_key=True, foreign_key="member.id", max_length=32)
    generation: int = 1
    wrapped: bytes


@dataclass(frozen=True, slots=True, repr=False)
class SignedIn:
    """A member at the desk, with the private key that the session gave back. `session` names the
    row of it; `stepped_up_at` (UTC) is when the second factor was last shown for what asks for it.
    """

    member_id: str
    name: str
    role: Role
    organisation_id: str | None
    organisation_name_km: str
    organisation_name_en: str
    language: str
    csrf: str
    key: keys.PrivateKey
    session: str = ""
    stepped_up_at: datetime | None = None

    def organisation_name(self, language: str) -> str:
        """The organisation's name in the reader's language."""
        return self.organisation_name_km if language == "km" else self.organisation_name_en


def add_organisation(
    session: Session,
    partner_type: PartnerType,
    name_km: str,
    name_en: str,
    *,
    province: str | None = None,
    national: bool = False,
    source: str = "",
) -> Organisation:
    """Add a partner. It gets its key with its first member."""
    organisation = Organisation(
        partner_type=partner_type,
        name_km=name_km,
        name_en=name_en,
        province=province,
        national=national,
        source=source,
    )
    session.add(organisation)
    session.flush()
    return organisation


def invite(
    session: Session, email: str, role: Role, organisation_id: str | None, now: datetime
) -> str:
    """Invite a person, or again; gives the secret of a link that works once, for LINK_LIFETIME.

    Only a hash of the secret is kept. A new link ends the one before and may change the role, in
    the same organisation only: while an invitation waits no other can take the person away, and an
    administrator's never. Raises UsedLink then, and when the person has an account. Raises
    ValueError when the role and the organisation do not fit (OF_NO_OFFICE belong to none, everybody
    else to one) or there is no such organisation, SupervisorFirst.
    """
    if (role in OF_NO_OFFICE) != (organisation_id is None):
        raise ValueError("administrators and editors have no organisation; everybody else has one")
    if organisation_id is not None and nobody_came(session, organisation_id):
        _must_supervise(role)
    secret = token_urlsafe(32)
    member = session.exec(select(Member).where(Member.email == email.lower())).one_or_none()
    if member is None:
        member = Member(email=email.lower(), role=role, organisation_id=organisation_id)
    if member.public_key is not None:
        raise UsedLink("this person has an account already")
    elsewhere = member.organisation_id != organisation_id
    demoted = member.role == Role.ADMINISTRATOR and role is not Role.ADMINISTRATOR
    if (elsewhere or demoted) and _waits(member, now):
        raise UsedLink("this person is invited elsewhere already")
    member.role, member.organisation_id = role, organisation_id
    member.link_hash = sha256(secret.encode()).hexdigest()
    member.link_expires = now + LINK_LIFETIME
    session.add(member)
    session.flush()
    return secret


def nobody_came(session: Session, organisation_id: str) -> bool:
    """Say whether an organisation waits for its first member, who must be a supervisor.

    Raises ValueError when there is no such organisation.
    """
    organisation = session.get(Organisation, organisation_id)
    if organisation is None:
        raise ValueError("there is no such organisation")
    return organisation.public_key is None


def _must_supervise(role: Role) -> None:
    if role is not Role.SUPERVISOR:
        raise SupervisorFirst(
            "nobody is in this organisation yet: the first must be a supervisor, "
            "for only a supervisor can admit the others"
        )


def _waits(member: Member, now: datetime) -> bool:
    """Say whether an invitation still holds; an administrator's always does."""
    if member.role == Role.ADMINISTRATOR:
        return True
    return member.link_expires is not None and member.link_expires >= now


def invited(session: Session, secret: str, now: datetime) -> Member:
    """Give the member whom a link invites. Raises UsedLink."""
    found = session.exec(
        select(Member).where(Member.link_hash == sha256(secret.encode()).hexdigest())
    ).one_or_none()
    if found is None or found.link_expires is None or found.link_expires < now:
        raise UsedLink("this link has been used or is too old")
    return found


def waiting_members(session: Session, organisation_id: str) -> list[Member]:
    """Give the members who have a key of their own but not yet the organisation's."""
    holders = select(OrganisationKey.member_id).where(
        OrganisationKey.organisation_id == organisation_id
    )
    return list(
        session.exec(
            select(Member).where(
                Member.organisation_id == organisation_id,
                col(Member.public_key).is_not(None),
                col(Member.id).not_in(holders),
            )
        )
    )


def members(session: Session, organisation_id: str | None) -> list[Member]:
    """Give the members of an organisation, or (None) those who belong to none."""
    return list(
        session.exec(
            select(Member)
            .where(Member.organisation_id == organisation_id)
            .order_by(col(Member.email))
        )
    )


def administrators(session: Session) -> list[Member]:
    """Give the administrators, invited or here."""
    return [each for each in members(session, None) if each.role == Role.ADMINISTRATOR]


def organisations(session: Session) -> list[Organisation]:
    """Give all partners, by kind and name."""
    return list(
        session.exec(
            select(Organisation).order_by(col(Organisation.partner_type), col(Organisation.name_en))
        )
    )
