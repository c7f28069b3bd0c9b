"""A real installation with offices that can receive, and a conversation that just began."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import SQLModel, select

import api.migrations.tables  # noqa: F401 - every table, as a running installation has them
from bot import conversation
from referrals import directory, duty, keyring, keys
from referrals.directory import Organisation
from referrals.settings import StoreSettings
from referrals.site import Site, open_site
from referrals.taxonomy import PartnerType, Role
from tests.bot.actions.talk import HER, NOW, OTHER, Clock, Talk


def installed(folder: Path, clock: Clock | None = None) -> Site:
    """Make an installation without a single office that can receive."""
    made = open_site(StoreSettings(data_dir=folder), clock=clock or Clock())
    event.listen(made.store.engine, "connect", _hurries)
    SQLModel.metadata.create_all(made.store.engine)
    with made.store.writing() as session:
        for who in (HER, OTHER):
            conversation.begin(session, who, NOW)
    return made


def _hurries(connection: Any, _record: Any) -> None:
    """Wait for no disk: these tests are about rules, and no power is cut."""
    connection.execute("PRAGMA synchronous=OFF")


def opens_office(site: Site, kind: PartnerType, name: str, province: str | None) -> str:
    """Let an office come that can receive: of a province, or of the whole country; gives its id."""
    with site.store.writing() as session:
        office: Organisation = directory.add_organisation(
            session, kind, f"{name} ខ្មែរ", name, province=province, national=province is None
        )
        office.public_key = keys.PrivateKey.new().public
        session.add(office)
        return office.id


def opens_all(site: Site) -> None:
    """Let the centre and the department of Prey Veng come, and lawyers for the whole country."""
    opens_office(site, PartnerType.MRC, "MRC Prey Veng", "KH-14")
    opens_office(site, PartnerType.PDOLVT, "PDOLVT Prey Veng", "KH-14")
    opens_office(site, PartnerType.LEGAL_AID, "Legal aid", None)


def goes_on_duty(site: Site, office_id: str, email: str = "duty@example.org") -> str:
    """Let somebody of an office be called for alarms, on a linked phone; gives the member's id."""
    now = site.clock()
    with site.store.writing() as session:
        session.get_one(Organisation, office_id).public_key = None  # its key comes with its member
        secret = directory.invite(session, email, Role.SUPERVISOR, office_id, now)
        member = directory.invited(session, secret, now)
        keyring.accept(session, member, "Chan", "a long enough password")
        code = duty.link_code(session, site, member.id)
        duty.link(session, site, code, "telegram", "d" * 64, "1", now)
        return str(member.id)


@pytest.fixture
def clock() -> Clock:
    """The installation's clock."""
    return Clock()


@pytest.fixture
def site(tmp_path: Path, clock: Clock) -> Site:
    """An installation without a single office that can receive."""
    return installed(tmp_path, clock)


@pytest.fixture
def offices(site: Site) -> None:
    """The centre and the department of Prey Veng, and lawyers for the whole country."""
    opens_all(site)


@pytest.fixture
def on_duty(offices: None, site: Site) -> str:
    """Somebody of the centre whose phone is called for alarms: the member's id."""
    with site.store.reading() as session:
        centre = session.exec(
            select(Organisation).where(Organisation.partner_type == PartnerType.MRC)
        ).one()
    return goes_on_duty(site, centre.id)


@pytest.fixture
def talk(site: Site) -> Talk:
    """A conversation that just began."""
    return Talk(site)


@pytest.fixture
def other(site: Site) -> Talk:
    """Somebody else's conversation."""
    return Talk(site, conversation=OTHER)
