"""A second factor reset from the command line."""

from pathlib import Path

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from api import factors
from api.commands import app
from referrals.audit import AuditRow
from tests.api.pages.at_door import member_id, new_phone
from tests.house import build_town

HER = "mrc@example.org"


def test_the_operator_resets_a_lost_second_factor_by_e_mail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = build_town(tmp_path)
    monkeypatch.setenv("SAMLENG_DATA_DIR", str(tmp_path / "data"))
    new_phone(town.site, HER)
    assert CliRunner().invoke(app, ["member", "reset-factor", " MRC@example.org"]).exit_code == 0
    with town.site.store.reading() as session:
        assert not factors.has_any(session, member_id(town.site, HER))
        assert "factor_removed" in session.exec(select(AuditRow.act)).all()


def test_nobody_is_reset_by_a_name_that_nobody_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_town(tmp_path)
    monkeypatch.setenv("SAMLENG_DATA_DIR", str(tmp_path / "data"))
    assert CliRunner().invoke(app, ["member", "reset-factor", "x@example.org"]).exit_code == 1
