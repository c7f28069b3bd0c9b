"""`samleng open`: a receiver's own machine, with no settings, no database and no network."""

import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.commands import app
from referrals import package_key, signed
from referrals.keys import PrivateKey
from tests.house import Town, build_town
from tests.referrals.packed import RECEIVER, VOICE, full_case, leaves, order

ROOT = Path(__file__).parents[3]
PASSPHRASE = "a long passphrase"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return build_town(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="module")
def code(town: Town) -> str:
    return full_case(town)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key file as its owner made it."""
    file = tmp_path_factory.mktemp("receiver") / "my.key"
    made = run("--new-key", file, types=f"{PASSPHRASE}\n{PASSPHRASE}\n")
    assert made.exit_code == 0, made.output
    return file


@pytest.fixture(scope="module")
def packed(town: Town, code: str, key: Path) -> bytes:
    private = package_key.unlock(key.read_text(), PASSPHRASE)
    return leaves(town, order(code, private))


@pytest.fixture
def package(packed: bytes, tmp_path: Path) -> Path:
    file = tmp_path / "case.samleng"
    file.write_bytes(packed)
    return file


def run(*words: str | Path, types: str = f"{PASSPHRASE}\n") -> Result:
    return CliRunner().invoke(app, ["open", *map(str, words)], input=types)


def in_one_line(result: Result) -> str:
    (line,) = [line for line in result.stderr.splitlines() if "samleng: " in line]
    assert "Traceback" not in result.output
    return line


# ---- the key


def test_a_key_is_made_for_its_owner_alone_and_the_public_half_to_send(key: Path) -> None:
    public_file = key.with_name("my.key.pub")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    public = package_key.read_public(public_file.read_text())
    assert package_key.unlock(key.read_text(), PASSPHRASE).public == public


def test_its_fingerprint_and_its_text_are_shown(tmp_path: Path) -> None:
    made = run("--new-key", tmp_path / "k", types=f"{PASSPHRASE}\n{PASSPHRASE}\n")
    text = (tmp_path / "k.pub").read_text()
    shown = package_key.read_aloud(package_key.fingerprint(package_key.read_public(text)))
    assert shown in made.output
    assert text in made.output
    assert PASSPHRASE not in made.output


def test_a_short_passphrase_makes_no_key(tmp_path: Path) -> None:
    assert "12 to 256" in in_one_line(run("--new-key", tmp_path / "k", types="short\nshort\n"))
    assert not list(tmp_path.iterdir())


def test_no_key_is_written_over(key: Path) -> None:
    before = key.read_bytes()
    again = run("--new-key", key, types=f"{PASSPHRASE}\n{PASSPHRASE}\n")
    assert again.exit_code == 1
    assert "there already" in in_one_line(again)
    assert key.read_bytes() == before


# ---- opening


def test_a_package_is_opened_and_told_in_both_languages(
    town: Town, code: str, package: Path, key: Path
) -> None:
    done = run(package, "--key", key)
    assert done.exit_code == 0, done.output
    folder = package.with_name("case-opened")
    assert (folder / "case.html").is_file()
    assert VOICE in [path.read_bytes() for path in (folder / "files").iterdir()]
    assert RECEIVER in done.output
    assert f"{code[:3]}-{code[3:6]}-{code[6:]}" in done.output
    assert "Nothing in it was changed" in done.output
    assert "ករណី" in done.output
    pem = signed.public_key(town.site.server_key)
    assert pem.splitlines()[1] in done.output
    assert sorted(p.name for p in package.parent.iterdir()) == ["case-opened", "case.samleng"]


def test_it_needs_nothing_of_the_server(package: Path, key: Path) -> None:
    """In a process of its own, without any environment, in a folder where nothing lies."""
    done = subprocess.run(
        [sys.executable, "-m", "api.commands", "open", package, "--key", key, "--to", "out"],
        cwd=package.parent,
        env={"PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"},
        input=f"{PASSPHRASE}\n",
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,  # no terminal either
    )
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in package.parent.iterdir()) == ["case.samleng", "out"]


def test_the_known_key_must_have_signed_it(town: Town, package: Path, key: Path) -> None:
    ours, theirs = package.with_name("key.pem"), package.with_name("other.pem")
    ours.write_text(signed.public_key(town.site.server_key))
    theirs.write_text(
        "-----BEGIN PUBLIC KEY-----\n"
        "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
        "-----END PUBLIC KEY-----\n"
    )
    wrong = run(package, "--key", key, "--signed-by", theirs)
    assert (wrong.exit_code, "another key" in in_one_line(wrong)) == (4, True)
    assert run(package, "--key", key, "--signed-by", ours).exit_code == 0


def test_each_thing_that_is_wrong_has_its_line_and_its_status(
    package: Path, key: Path, packed: bytes
) -> None:
    folder = package.parent
    changed, cut, none = (folder / name for name in ("changed", "cut", "none"))
    changed.write_bytes(packed[:-1] + bytes([packed[-1] ^ 1]))
    cut.write_bytes(packed[: len(packed) // 2])
    none.write_bytes(b"%PDF-1.7")
    other = folder / "other.key"
    other.write_text(package_key.new_key_file(PASSPHRASE)[0])
    there = sorted(folder.iterdir())
    for words, types, status, said in (
        ((package, "--key", key), "not the passphrase\n", 3, "passphrase is not right"),
        ((package, "--key", other), f"{PASSPHRASE}\n", 3, "sealed for another"),
        ((package, "--key", package), f"{PASSPHRASE}\n", 1, "no key file"),
        ((package, "--key", folder / "gone"), "", 1, "No such file"),
        ((folder / "gone", "--key", key), "", 1, "no such file"),
        ((package, "--key", key, "--to", folder), "", 1, "there already"),
        ((package, "--key", key, "--to", folder / "no" / "x"), f"{PASSPHRASE}\n", 1, "No such"),
        ((changed, "--key", key), f"{PASSPHRASE}\n", 4, "changed, or cut off"),
        ((cut, "--key", key), f"{PASSPHRASE}\n", 4, "changed, or cut off"),
        ((none, "--key", key), f"{PASSPHRASE}\n", 4, "no package"),
        ((package,), "", 1, "give a package and --key"),
        ((package, "--new-key", folder / "k"), "", 1, "give a package and --key"),
        ((), "", 1, "give a package and --key"),
    ):
        done = run(*words, types=types)
        assert (done.exit_code, said in in_one_line(done)) == (status, True), (words, done.output)
        assert sorted(folder.iterdir()) == there, words


def test_a_name_cannot_steer_the_terminal(town: Town, code: str, key: Path, tmp_path: Path) -> None:
    private: PrivateKey = package_key.unlock(key.read_text(), PASSPHRASE)
    file = tmp_path / "case.samleng"
    file.write_bytes(leaves(town, order(code, private, receiver="x\x1b[2Jy\x07")))
    done = run(file, "--key", key)
    assert done.exit_code == 0
    assert "x[2Jy" in done.output
    assert "\x1b[2J" not in done.output


def test_a_disk_that_gets_full_leaves_nothing(package: Path, key: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "api.commands", "open", package, "--key", key, "--to", "out"],
        cwd=package.parent,
        env={"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        input=f"{PASSPHRASE}\n",
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
    )
    assert (done.returncode, "File too large" in done.stderr) == (1, True), done.stderr
    assert [path.name for path in package.parent.iterdir()] == ["case.samleng"]
