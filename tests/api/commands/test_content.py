"""The answers as a file, from the command line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.commands import app
from bot.content import content, exchange, living
from referrals import directory, keyring
from referrals.site import Site
from referrals.taxonomy import Role
from tests.house import PASSWORD, empty_site

EDITOR = "editor@example.org"
OLD, NEW = "Use a bank or a licensed service. Do not", "Use a bank. Do not"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("SAMLENG_DATA_DIR", str(tmp_path / "data"))
    site = empty_site(tmp_path)
    with site.store.writing() as session:
        for email, role in ((EDITOR, Role.EDITOR), ("boss@example.org", Role.ADMINISTRATOR)):
            secret = directory.invite(session, email, role, None, site.clock())
            invited = directory.invited(session, secret, site.clock())
            keyring.accept(session, invited, "ឈ្មោះ", PASSWORD, site.clock())
    return site


def run(*words: str, given: str = "") -> Result:
    return CliRunner().invoke(app, ["content", *words], input=given.encode())


def edits(site: Site) -> set[tuple[str, str]]:
    with site.store.reading() as session:
        return set(living.edits(session))


def test_out_and_in_again_changes_nothing(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "answers.yml"
    assert run("export", str(file)).exit_code == 0
    assert exchange.read(file.read_bytes()) == content().faq
    brought = run("import", str(file), "--by", EDITOR)
    assert (brought.exit_code, brought.stdout) == (0, "")
    assert edits(site) == set()


def test_a_change_comes_in_with_its_author(site: Site) -> None:
    text = run("export", "-").stdout
    assert OLD in text
    brought = run("import", "-", "--by", EDITOR.upper(), given=text.replace(OLD, NEW))
    assert (brought.exit_code, brought.stdout) == (0, "send_money/any\n")
    with site.store.reading() as session:
        (version,) = living.history(session, "send_money", "any")
        author = session.get_one(directory.Member, version.author_id)
    assert author.email == EDITOR


def test_nobody_but_an_editor_brings_words(site: Site) -> None:
    for email in ("boss@example.org", "nobody@example.org"):
        refused = run("import", "-", "--by", email, given="{}")
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert "is no editor" in refused.stderr


def test_one_wrong_answer_refuses_the_file_and_is_named(site: Site) -> None:
    text = run("export", "-").stdout.replace(OLD, "Call 1300. Do not")
    refused = run("import", "-", "--by", EDITOR, given=text)
    assert refused.exit_code == 1
    assert "faq.send_money.any.en.simple" in refused.stderr
    assert edits(site) == set()


def test_a_file_that_is_none_is_one_clear_line(site: Site, tmp_path: Path) -> None:
    refused = run("import", "-", "--by", EDITOR, given="- x")
    assert refused.exit_code == 1
    assert "not the shape of answers" in refused.stderr
    assert run("import", str(tmp_path / "nowhere"), "--by", EDITOR).exit_code == 1
    assert run("export", str(tmp_path)).exit_code == 1
