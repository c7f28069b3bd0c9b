"""The keys of the server and of the offices, from the command line."""

from pathlib import Path

import pytest
from sqlmodel import select
from typer.testing import CliRunner, Result

from api.commands import app
from api.commands.keys import PLACES
from referrals import directory, keyring, recoverykey, reseal, serverkey
from referrals.directory import Member
from referrals.taxonomy import Role
from tests.house import PASSWORD, Town, build_town
from tests.on_call import works_at


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    monkeypatch.setenv("SAMLENG_DATA_DIR", str(tmp_path / "data"))
    return build_town(tmp_path)


def samleng(*words: str, types: str | None = None) -> Result:
    return CliRunner().invoke(app, list(words), input=types)


def office(town: Town) -> str:
    return town.people["mrc"].organisation_id or ""


def recovery(town: Town) -> str:
    shown = recoverykey.new_recovery_key()
    with town.site.store.writing() as session:
        recoverykey.set_recovery_key(session, town.people["mrc"], shown, town.clock())
    return shown


def comes_back(town: Town, link: str) -> None:
    with town.site.store.writing() as session:
        secret = link.strip().rpartition("/")[2]
        # The command reads the machine's clock.
        member = directory.invited(session, secret, town.clock())
        keyring.accept(session, member, member.name, PASSWORD)


def holders(town: Town) -> list[str]:
    with town.site.store.reading() as session:
        return [each.email for each in keyring.holders(session, office(town))]


def test_the_server_key_turns_everything_follows_and_the_old_one_goes(town: Town) -> None:
    town.lodges("រឿង")
    path = town.site.server_key.path
    assert path
    (old,) = town.site.server_key.keys
    assert samleng("keys", "rotate-server").exit_code == 0
    said = samleng("keys", "status").stdout
    assert "server key: 2" in said
    refused = samleng("keys", "drop-server")
    assert refused.exit_code == 1
    assert "15 minutes" in refused.stderr
    done = samleng("keys", "reseal")
    assert done.exit_code == 0, done.output
    assert all(str(place) in done.stdout for place in PLACES)
    assert "under an older key" not in samleng("keys", "status").stdout
    held = serverkey.load_or_make(path)
    serverkey._replace(path, serverkey.ServerKey(held.root, held.keys))  # as if turned long ago
    assert samleng("keys", "drop-server").exit_code == 0
    held = serverkey.load_or_make(path)
    assert len(held.keys) == 1
    assert old not in held.keys
    assert held.root == town.site.server_key.root
    assert all(reseal.state_of(town.site, place).older == 0 for place in PLACES)


def test_the_status_says_how_each_office_stands_and_shows_no_key(town: Town) -> None:
    helper = works_at(town, "mrc", "helper")
    town.comes("waits@example.org", office(town), "waits", Role.CASE_WORKER)
    town.lodges("រឿង")
    recovery(town)
    with town.site.store.writing() as session:
        gone = session.get_one(Member, helper.member_id)
        keyring.leave(session, town.people["mrc"], gone, town.clock())
    said = samleng("keys", "status").stdout
    (line,) = (each for each in said.splitlines() if each.startswith(office(town)))
    assert "key 2 since" in line
    assert "held by 1, 1 wait, 1 of 1 cases still to follow, a recovery key" in line
    assert said.count("NO recovery key") == 3
    assert "Argon2id" in said
    key = town.site.server_key
    assert not any(secret.hex() in said for secret in (key.root, *key.keys))


def test_who_lost_her_password_is_admitted_anew(town: Town) -> None:
    helper = works_at(town, "mrc", "helper")
    made = samleng("member", "reset-password", "helper@example.org")
    assert made.exit_code == 0
    assert holders(town) == ["helper@example.org", "mrc@example.org"], "until the link is used"
    comes_back(town, made.stdout)
    assert holders(town) == ["mrc@example.org"]
    keyring.admit(town.site, town.people["mrc"], helper.member_id)
    assert holders(town) == ["helper@example.org", "mrc@example.org"]


@pytest.mark.parametrize(("has_recovery", "said"), [(True, "only its recovery"), (False, "never")])
def test_what_the_last_lost_password_costs_is_said_before(
    town: Town, has_recovery: bool, said: str
) -> None:
    if has_recovery:
        recovery(town)
    asked = samleng("member", "reset-password", "mrc@example.org", types="n\n")
    assert asked.exit_code == 1
    assert said in asked.stderr
    assert "/invite/" not in asked.stdout
    with town.site.store.reading() as session:
        (member,) = session.exec(select(Member).where(Member.email == "mrc@example.org")).all()
    assert member.link_hash is None
    assert "/invite/" in samleng("member", "reset-password", "mrc@example.org", types="y\n").stdout


def test_the_recovery_key_gives_an_office_back_and_is_not_echoed(town: Town) -> None:
    shown, code = recovery(town), town.lodges("រឿង")
    comes_back(town, samleng("member", "reset-password", "mrc@example.org", "--yes").stdout)
    assert holders(town) == []
    words = ("keys", "recover", "--organisation", office(town), "--member", "mrc@example.org")
    wrong = samleng(*words, types=f"{recoverykey.new_recovery_key()}\n")
    assert (wrong.exit_code, holders(town)) == (1, [])
    right = samleng(*words, types=f"{shown}\n")
    assert right.exit_code == 0, right.output
    assert shown not in right.output
    assert holders(town) == ["mrc@example.org"]
    assert code


def test_a_member_of_another_office_does_not_get_it(town: Town) -> None:
    shown = recovery(town)
    words = ("keys", "recover", "--organisation", office(town), "--member", "pdolvt@example.org")
    refused = samleng(*words, types=f"{shown}\n")
    assert refused.exit_code == 1
    assert "does not belong" in refused.stderr
    assert samleng("member", "reset-password", "nobody@example.org").exit_code == 1
