"""The demo's directory: what the sources name is there."""

from collections.abc import Iterator

import pytest
from sqlmodel import select

from referrals import demo
from referrals.directory import Organisation
from referrals.geography import PROVINCES
from referrals.site import Site
from referrals.taxonomy import PartnerType
from tests.house import empty_site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = empty_site(tmp_path_factory.mktemp("demo"))
    demo.fill(made)
    yield made
    made.store.engine.dispose()


def partners(site: Site) -> list[Organisation]:
    with site.store.reading() as session:
        return list(session.exec(select(Organisation)))


def test_every_province_has_a_centre_and_a_department(site: Site) -> None:
    for kind in (PartnerType.MRC, PartnerType.PDOLVT):
        assert {p.province for p in partners(site) if p.partner_type == kind} == set(PROVINCES)


def test_a_centre_is_named_with_its_host_and_its_source(site: Site) -> None:
    centres = {p.province: p for p in partners(site) if p.partner_type == PartnerType.MRC}
    for province, (host, source) in demo.MRC_HOSTS.items():
        assert f"({host})" in centres[province].name_en
        assert centres[province].source == source
    others = [centres[p] for p in PROVINCES if p not in demo.MRC_HOSTS]
    assert all(p.source == demo.DESK_SOURCE for p in others)


def test_everybody_in_the_demo_can_receive_a_case(site: Site) -> None:
    assert all(partner.public_key for partner in partners(site))
