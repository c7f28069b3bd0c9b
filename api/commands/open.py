"""`samleng open`: the receiver's end of a package, offline. No settings, no database, no network.

It ends with 1 when a file cannot be read or written, 3 for a wrong passphrase or key, 4 when the
package is broken.
"""

import hashlib
import os
import unicodedata
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands.start import fail
from api.pages import export_words as said
from api.words import LANGUAGES, Words
from referrals import package_key
from referrals.code import spoken
from referrals.keys import PrivateKey
from referrals.package import CASE, CONSENTS, CUSTODY, KEY, MANIFEST
from referrals.package_key import NotAKey, WrongPassphrase
from referrals.package_open import Broken, Checked, NotAPackage, WrongKey, open_package

WRONG_KEY = 3
BROKEN = 4

PUBLIC = ".pub"
"""What the name of a public key's file ends with."""

_KEY_FILE_LIMIT = 64 * 1024
_DATA = {CASE, CONSENTS, CUSTODY, KEY, MANIFEST, "case.html", "case.en.html"}


def open_sealed(
    package: Annotated[
        Path | None, typer.Argument(help="The package, a file that ends with .samleng.")
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", help="Your key file.")] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", help="The new folder to open it into.", show_default="beside the package"
        ),
    ] = None,
    signed_by: Annotated[
        Path | None,
        typer.Option(
            "--signed-by", help="The page /verify/key, saved: it must have signed the package."
        ),
    ] = None,
    new_key: Annotated[
        Path | None,
        typer.Option(
            "--new-key", help="Make a key, once: this file stays with you, the .pub file is sent."
        ),
    ] = None,
) -> None:
    """Open a case that was sealed for you, and check that it is whole; or make the key for it.

    It works without internet. With --new-key FILE it makes a key; with PACKAGE --key FILE it opens
    what an office sealed to that key. What is broken is not opened at all.
    """
    if new_key is not None and package is None:
        _make_key(new_key)
    elif package is not None and key is not None and new_key is None:
        _open(package, key, to or package.parent / f"{package.stem}-opened", signed_by)
    else:
        raise fail("give a package and --key FILE to open it, or --new-key FILE to make a key")


# ---- the key


def _make_key(file: Path) -> None:
    public_file = file.with_name(f"{file.name}{PUBLIC}")
    for each in (file, public_file):
        if each.exists() or each.is_symlink():
            raise fail(f"{each} is there already, and nothing is written over it")
    least, most = package_key.PASSPHRASE_LENGTH
    typer.echo(f"Choose a passphrase of at least {least} characters. Nobody can find it again.")
    passphrase = typer.prompt("Passphrase", hide_input=True, confirmation_prompt="Once more")
    if not least <= len(passphrase) <= most:
        raise fail(f"a passphrase has {least} to {most} characters; no key was made")
    text, public = package_key.new_key_file(passphrase)
    try:
        _write_new(file, text)
        _write_new(public_file, package_key.public_text(public))
    except OSError as error:
        raise fail(f"{error.filename}: {error.strerror}") from None
    typer.echo(package_key.public_text(public))
    typer.echo(f"Your key, which stays with you: {file}")
    typer.echo(f"The public key, to send to the office: {public_file}")
    shown = package_key.read_aloud(package_key.fingerprint(public))
    typer.echo(f"Its fingerprint, to read aloud when the office calls: {shown}")


def _write_new(file: Path, text: str) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(text)


# ---- opening


def _open(package: Path, key_file: Path, to: Path, signed_by: Path | None) -> None:
    if to.exists() or to.is_symlink():
        raise fail(f"{to} is there already, and nothing is written over it")
    try:
        held = _read(key_file)
        known = _read(signed_by) if signed_by else ""
        if not package.is_file():
            raise fail(f"{package}: there is no such file")
        private = _unlocked(held, typer.prompt("Passphrase", hide_input=True, err=True))
        checked = open_package(package, private, to, known)
    except OSError as error:
        raise fail(f"{error.filename or to}: {error.strerror or error}") from None
    except NotAKey:
        raise fail(f"{key_file}: this is no key file of samleng open --new-key") from None
    except NotAPackage as error:
        raise _ends(BROKEN, f"{package}: {error}") from None
    except WrongPassphrase:
        raise _ends(WRONG_KEY, "the passphrase is not right") from None
    except WrongKey:
        raise _ends(
            WRONG_KEY, "this key does not open the package: it was sealed for another"
        ) from None
    except Broken as error:
        raise _ends(BROKEN, f"broken, and not opened: {error}") from None
    typer.echo("\n".join(summary(checked)))


def _read(file: Path) -> str:
    with file.open("rb") as opened:
        return opened.read(_KEY_FILE_LIMIT).decode(errors="replace")


def _unlocked(held: str, passphrase: str) -> PrivateKey:
    return package_key.unlock(held, passphrase)


def _ends(status: int, reason: str) -> typer.Exit:
    fail(_plain(reason))  # says it
    return typer.Exit(status)


def _plain(text: object) -> str:
    """Leave out what would steer the terminal: a package may come from anybody."""
    return "".join(sign for sign in str(text) if unicodedata.category(sign) != "Cc")


def summary(checked: Checked) -> list[str]:
    """Say in both languages what was opened, and what still must be compared."""
    lines = [f"→ {checked.folder}", ""]
    for language in LANGUAGES:
        words = Words(language)
        lines += [f"{words.gettext(name)}: {_plain(text)}" for name, text in _facts(checked, words)]
        lines += [words.gettext(said.WHOLE), words.gettext(said.READ), ""]
    pem = "".join(line for line in checked.key.splitlines() if not line.startswith("-----"))
    for language in LANGUAGES:
        lines.append(Words(language).gettext(said.COMPARE))
    digest = hashlib.sha256(checked.key.encode()).hexdigest()
    return [*lines, f"  {pem}", f"  SHA-256 {digest}"]


def _facts(checked: Checked, words: Words) -> list[tuple[str, str]]:
    manifest = checked.manifest
    by: dict[str, Any] = manifest["exported_by"]
    office = by.get(f"organisation_{words.language}", "")
    files = [each for each in manifest["members"] if each["name"] not in _DATA]
    size = words.size(sum(each["size"] for each in files))
    facts = [
        (said.CASE, spoken(manifest["case"])),
        (said.LODGED, words.when(datetime.fromisoformat(manifest["lodged_at"]))),
        (said.EXPORTED, words.when(datetime.fromisoformat(manifest["exported_at"]))),
        (said.FROM, f"{by['member']}, {office}"),
        (said.RECEIVER, manifest["receiver"]["name"]),
        (said.WHY, words.named(said.REASONS, manifest["reason"])),
        (said.HOW_AGREED, words.named(said.AGREED, manifest["agreed"]["how"])),
        (said.FILES, f"{len(files)} ({size})" if files else "0"),
        (said.CONSENTS, str(checked.consents)),
        (said.ACTS, str(checked.acts)),
    ]
    if manifest.get("left_out"):
        facts.append((said.LEFT_OUT, ", ".join(map(str, manifest["left_out"]))))
    return facts
