"""The directory from the command line."""

from pathlib import Path

import pytest
from sqlmodel import select
from typer.testing import CliRunner, Result

from api.commands import app
from referrals import audit, directory, keyring
from referrals.site import Site
from referrals.taxonomy import PartnerType, Role
from tests.house import PASSWORD, empty_site


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("SAMLENG_DATA_DIR", str(tmp_path / "data"))
    return empty_site(tmp_path)


@pytest.fixture
def office(site: Site) -> str:
    with site.store.writing() as session:
        return directory.add_organisation(session, PartnerType.MRC, "ថ្មី", "New").id


def invite(*words: str) -> Result:
    return CliRunner().invoke(app, ["member", "invite", *words])


def comes(site: Site, link: str) -> Role:
    with site.store.writing() as session:
        member = directory.invited(session, link.rpartition("/")[2], site.clock())
        keyring.accept(session, member, "ឈ្មោះ", PASSWORD, site.clock())
        return Role(member.role)


def test_the_first_of_an_office_becomes_its_supervisor_and_it_is_said_why(
    site: Site, office: str
) -> None:
    first = invite("first@example.org", "--organisation", office)
    assert "only a supervisor can admit the others" in first.stderr
    assert comes(site, first.stdout.strip()) is Role.SUPERVISOR
    second = invite("second@example.org", "--organisation", office)
    assert not second.stderr
    assert comes(site, second.stdout.strip()) is Role.CASE_WORKER


def test_an_editor_is_invited_into_no_office(site: Site, office: str) -> None:
    assert comes(site, invite("e@example.org", "--role", "editor").stdout.strip()) is Role.EDITOR
    for words in (["--role", "editor", "--organisation", office], []):
        refused = invite("f@example.org", *words)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert "no organisation" in refused.stderr


def test_nobody_else_can_be_the_first_of_an_office(site: Site, office: str) -> None:
    refused = invite("first@example.org", "--organisation", office, "--role", "case_worker")
    assert refused.exit_code == 1
    assert "the first must be a supervisor" in refused.stderr
    assert not refused.stdout


def test_an_office_that_is_not_there_is_named_as_the_problem(site: Site) -> None:
    refused = invite("first@example.org", "--organisation", "nowhere")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "no such organisation" in refused.stderr


def test_an_invitation_from_the_command_line_is_written_down(site: Site, office: str) -> None:
    invite("first@example.org", "--organisation", office)
    with site.store.reading() as session:
        (row,) = session.exec(select(audit.AuditRow))
    assert (row.act, row.member_id) == ("invited", None)
    assert (row.organisation_id, row.subject) == (office, "supervisor")
