"""A real installation with offices that can receive, and a conversation that just began."""

from pathlib import Path

import pytest
from sqlmodel import SQLModel

from bot import conversation
from referrals import directory, keys
from referrals.settings import StoreSettings
from referrals.site import Site, open_site
from referrals.taxonomy import PartnerType
from tests.bot.actions.talk import HER, NOW, Talk


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """An installation without a single office that can receive."""
    made = open_site(StoreSettings(data_dir=tmp_path), clock=lambda: NOW)
    SQLModel.metadata.create_all(made.store.engine)
    with made.store.writing() as session:
        conversation.begin(session, HER, NOW)
    return made


@pytest.fixture
def offices(site: Site) -> None:
    """The centre and the department of Prey Veng, and lawyers for the whole country."""
    with site.store.writing() as session:
        for kind, km, en, province in (
            (PartnerType.MRC, "មជ្ឈមណ្ឌល ព្រៃវែង", "MRC Prey Veng", "KH-14"),
            (PartnerType.PDOLVT, "មន្ទីរការងារ ព្រៃវែង", "PDOLVT Prey Veng", "KH-14"),
            (PartnerType.LEGAL_AID, "ជំនួយច្បាប់", "Legal aid", None),
        ):
            office = directory.add_organisation(
                session, kind, km, en, province=province, national=province is None, source="test"
            )
            office.public_key = keys.PrivateKey.new().public
            session.add(office)


@pytest.fixture
def talk(site: Site) -> Talk:
    """A conversation that just began."""
    return Talk(site)
