"""Opening a package (package.py) offline: no settings, no database, no network.

Whoever gives it out is not trusted: names, sizes and kinds of the archive are checked before
anything is written, and what does not fit, to the last byte, opens nothing.
"""

import hashlib
import json
import re
import shutil
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from referrals import audit, chain, package_key
from referrals.files import FileStore
from referrals.keys import PrivateKey
from referrals.package import (
    CASE,
    CONSENTS,
    CUSTODY,
    KEY,
    MAGIC,
    MANIFEST,
    SIGNATURE,
    WRAP_LENGTH,
    purpose,
)
from referrals.sealing import CannotOpen

DATA = frozenset({CASE, CONSENTS, CUSTODY, KEY, MANIFEST, SIGNATURE})
FILE_NAME = re.compile(r"files/[0-9]{2,6}-[a-z]{1,16}-[0-9a-f]{32}\.[a-z0-9]{1,5}", re.ASCII)
PAGE_NAME = re.compile(r"case(\.[a-z]{2})?\.html", re.ASCII)
DATA_LIMIT = 32 * 1024 * 1024
"""Bytes of the manifest, or of the custody, at most."""

MOST_MEMBERS = 10_000

_DAMAGED = (
    zipfile.BadZipFile,
    NotImplementedError,
    EOFError,
    ValueError,
    TypeError,
    RecursionError,
    struct.error,
)
_ID_BYTES = 16
_PIECE = 64 * 1024


class NotAPackage(Exception):
    """This file is no package of ours, or one of a newer program."""


class WrongKey(Exception):
    """This key does not open the package: it was sealed to another, or its beginning was
    changed.
    """


class Broken(Exception):
    """The package was changed, cut, or put together by somebody else. Says what is wrong first."""


@dataclass(frozen=True, slots=True, repr=False)
class Checked:
    """What was found whole. `key` is the public key (PEM) that signed it, `acts` how many acts of
    the custody fit their links, `head` the signed head of the chain.
    """

    folder: Path
    manifest: dict[str, Any]
    key: str
    acts: int
    consents: int
    head: chain.KeptHead


def open_package(package: Path, private: PrivateKey, to: Path, known_key: str = "") -> Checked:
    """Open a package into a new folder (mode 0700, files 0600), and check all of it first.

    `known_key`: the public key (PEM) that must have signed it, from `/verify/key`. Raises
    FileExistsError, OSError, NotAPackage, WrongKey, Broken; nothing is left behind then.
    """
    if to.exists() or to.is_symlink():
        raise FileExistsError(f"{to} is there already")
    with _beside(to) as work:
        archive = work / "archive"
        _unseal(package, private, work, archive)
        out = work / "out"
        out.mkdir(mode=0o700)
        try:
            with zipfile.ZipFile(archive) as opened:
                checked = _take_out(opened, archive.stat().st_size, out, to, private, known_key)
        except _DAMAGED as error:
            raise Broken("the archive in the package is damaged") from error
        out.rename(to)
    return checked


@contextmanager
def _beside(to: Path) -> Iterator[Path]:
    """Give a folder to work in, on the same disk, that is gone afterwards."""
    work = Path(mkdtemp(prefix=".samleng-", dir=to.parent))
    try:
        yield work
    finally:
        shutil.rmtree(work)


# ---- unsealing


def _unseal(package: Path, private: PrivateKey, work: Path, archive: Path) -> None:
    with package.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise NotAPackage("this file is no package of Samleng, or one of a newer program")
        package_id = _read(file, _ID_BYTES).hex()
        (length,) = WRAP_LENGTH.unpack(_read(file, WRAP_LENGTH.size))
        wrapped = _read(file, length)
        try:
            content_key = private.open_(wrapped, purpose(package_id))
        except CannotOpen as error:
            raise WrongKey("the package was not sealed to this key") from error
        store = FileStore(work / "sealed")
        # Where FileStore looks for this id.
        sealed = store.root / package_id[:2] / f"{package_id}.sealed"
        sealed.parent.mkdir(parents=True, mode=0o700)
        with sealed.open("wb") as copy:
            shutil.copyfileobj(file, copy, _PIECE)
    archive.touch(mode=0o600)
    try:
        with archive.open("wb") as plain:
            for piece in store.open_(package_id, content_key):
                plain.write(piece)
    except CannotOpen as error:
        raise Broken("the package was changed, or cut off") from error
    sealed.unlink()


def _read(file: BinaryIO, count: int) -> bytes:
    read = file.read(count)
    if len(read) != count:
        raise Broken("the package was cut off")
    return read


# ---- the archive


def _take_out(
    archive: zipfile.ZipFile, size: int, out: Path, to: Path, private: PrivateKey, known_key: str
) -> Checked:
    found = _checked_names(archive, size)
    written = _small(archive, found, MANIFEST)
    signature, key = _small(archive, found, SIGNATURE), _small(archive, found, KEY)
    signed_by = _check_signature(written, signature, key, known_key)
    manifest = _manifest(written)
    own = package_key.fingerprint(private.public)
    if manifest["receiver"]["key"] != own:
        raise Broken(f"it was made for another key ({manifest['receiver']['key']})")
    listed = {each["name"]: each for each in manifest["members"]}
    for name in sorted((found.keys() - {MANIFEST, SIGNATURE}) ^ listed.keys()):
        raise Broken(f"{name} is {'missing' if name in listed else 'not in the manifest'}")
    for name, info in found.items():
        _write(archive, info, out / name, listed.get(name))
    custody = _json(_small(archive, found, CUSTODY), CUSTODY)
    head = check_custody(custody, manifest["receiver"]["key"])
    return Checked(
        folder=to,
        manifest=manifest,
        key=signed_by,
        acts=len(custody["rows"]),
        consents=len(_json(_small(archive, found, CONSENTS), CONSENTS)),
        head=head,
    )


def _checked_names(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """Give the members by name. Nothing but our own names comes through, nothing deflated, and
    together not more than the archive holds (overlapping members would be).
    """
    found: dict[str, zipfile.ZipInfo] = {}
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise Broken("the archive has too many members")
    for info in members:
        name = info.orig_filename
        if not (name in DATA or FILE_NAME.fullmatch(name) or PAGE_NAME.fullmatch(name)):
            raise Broken(f"the archive holds what no package holds: {name[:80]!r}")
        if name in found:
            raise Broken(f"{name} is there twice")
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
            raise Broken(f"{name} is stored in a way that no package uses")
        found[name] = info
    if sum(info.file_size for info in members) > size:
        raise Broken("the archive says that it holds more than it has")
    for name in sorted(DATA - found.keys()):
        raise Broken(f"{name} is missing")
    return found


def _small(archive: zipfile.ZipFile, found: dict[str, zipfile.ZipInfo], name: str) -> bytes:
    if found[name].file_size > DATA_LIMIT:
        raise Broken(f"{name} is too large")
    return archive.read(found[name])


def _json(text: bytes, name: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise Broken(f"{name} cannot be read") from error


def _check_signature(manifest: bytes, signature: bytes, key: bytes, known_key: str) -> str:
    """Give the key that signed, as PEM."""
    public = _public_key(key)
    if known_key and public != _public_key(known_key.encode()):
        raise Broken("it was signed with another key than the one that you gave")
    try:
        public.verify(signature, manifest)
    except InvalidSignature as error:
        raise Broken(f"the signature of {MANIFEST} does not fit") from error
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _public_key(pem: bytes) -> Ed25519PublicKey:
    try:
        public = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Broken("the key of the signature cannot be read") from error
    if not isinstance(public, Ed25519PublicKey):
        raise Broken("the key of the signature is not of our kind")
    return public


def _manifest(written: bytes) -> dict[str, Any]:
    manifest = _json(written, MANIFEST)
    try:
        if manifest["samleng_package"] != 1:
            raise Broken("the package is of a newer program")
        for each in manifest["members"]:
            _ = each["name"] + each["sha256"], each["size"] + 0
        _ = manifest["receiver"]["key"] + manifest["receiver"]["name"] + manifest["case"]
        _ = manifest["exported_by"]["member"] + manifest["reason"] + manifest["agreed"]["how"]
        for moment in ("lodged_at", "exported_at"):
            datetime.fromisoformat(manifest[moment])
    except (KeyError, TypeError, ValueError) as error:
        raise Broken(f"{MANIFEST} is not in a form that is known here") from error
    return dict(manifest)


def _write(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path, listed: dict[str, Any] | None
) -> None:
    """Write a member, and compare it with the manifest (which is not listed in itself)."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    digest, count = hashlib.sha256(), 0
    with archive.open(info) as member, path.open("wb") as file:
        while piece := member.read(_PIECE):
            digest.update(piece)
            count += len(piece)
            file.write(piece)
    if listed and (count, digest.hexdigest()) != (listed["size"], listed["sha256"]):
        raise Broken(f"{info.orig_filename} is not what was packed")


# ---- custody


def check_custody(custody: Any, fingerprint: str) -> chain.KeptHead:
    """Compute each link of the custody anew; gives the signed head. Raises Broken.

    That they stand in the chain up to the head, only the installation can show: the acts between
    are of other cases.
    """
    try:
        (head,) = chain.read_heads(custody["head"])
        _check_links(custody["rows"], head)
        exported = {
            str(each["row"]["subject"]).partition(":")[0]
            for each in custody["rows"]
            if each["row"]["act"] == audit.Act.EXPORTED
        }
    except chain.BadHead as error:
        raise Broken("custody: the signature of the chain's head does not fit") from error
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise Broken(f"{CUSTODY} is not in a form that is known here") from error
    if fingerprint not in exported:
        raise Broken("custody: this export is not in it")
    return head


def _check_links(rows: list[dict[str, Any]], head: chain.KeptHead) -> None:
    number, digest, case_id = 0, chain.BEGINNING, rows[0]["row"]["case_id"]
    for each in rows:
        link, before = each["link"], bytes.fromhex(each["before"])
        told = {**each["row"], "at": datetime.fromisoformat(each["row"]["at"])}
        if link <= number or link > head.number or told["case_id"] != case_id:
            raise Broken(f"custody: link {link} is out of order")
        if link == number + 1 and before != digest:
            raise Broken(f"custody: link {link} does not follow the one before")
        number, digest = link, chain.digest_of(before, audit.AuditRow(**told))
        if digest.hex() != each["digest"] or (link == head.number and digest != head.digest):
            raise Broken(f"custody: link {link} was changed")
