"""A package that was changed anywhere opens nothing and leaves nothing behind."""

import copy
import hashlib
import io
import json
import stat
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from referrals import chain, keys, package, signed
from referrals.audit import AuditRow
from referrals.files import FileStore, new_file_id
from referrals.keys import PrivateKey
from referrals.package_open import Broken, NotAPackage, WrongKey, check_custody
from referrals.sealing import new_key
from tests.house import Town, build_town
from tests.referrals.packed import fingerprint, full_case, leaves, opens, order

HEAD = len(package.MAGIC) + 16 + 2
Members = dict[str, bytes]


@pytest.fixture(scope="module")
def receiver() -> PrivateKey:
    return PrivateKey.new()


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return build_town(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="module")
def sealed(town: Town, receiver: PrivateKey) -> bytes:
    return leaves(town, order(full_case(town), receiver))


@pytest.fixture(scope="module")
def inside(
    sealed: bytes, receiver: PrivateKey, tmp_path_factory: pytest.TempPathFactory
) -> Members:
    """What a whole package holds, by name."""
    folder = opens(tmp_path_factory.mktemp("whole"), sealed, receiver).folder
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def fails(
    folder: Path,
    data: bytes,
    key: PrivateKey,
    error: type[Exception] | tuple[type[Exception], ...],
    words: str | None = None,
    known: str = "",
) -> None:
    with pytest.raises(error, match=words):
        opens(folder, data, key, known)
    assert [path.name for path in folder.iterdir()] == ["case.samleng"]


# ---- the sealed bytes


@pytest.mark.parametrize(
    ("at", "error"),
    [
        (0, NotAPackage),
        (len(package.MAGIC) - 2, NotAPackage),
        (len(package.MAGIC), WrongKey),
        (HEAD - 2, (WrongKey, Broken)),
        (HEAD - 1, WrongKey),
        (HEAD, WrongKey),
        (HEAD + 600, WrongKey),
        (-1, Broken),
        (-70_000, Broken),
        (-200_000, Broken),
    ],
)
def test_no_byte_can_be_changed(
    sealed: bytes,
    receiver: PrivateKey,
    tmp_path: Path,
    at: int,
    error: type[Exception] | tuple[type[Exception], ...],
) -> None:
    changed = bytearray(sealed)
    changed[at] ^= 1
    fails(tmp_path, bytes(changed), receiver, error)


def body_of(sealed: bytes) -> int:
    """Where the sealed file begins."""
    return HEAD + int.from_bytes(sealed[HEAD - 2 : HEAD], "big")


@pytest.mark.parametrize("left", [0, 5, len(package.MAGIC), HEAD - 1, HEAD + 10])
def test_one_cut_off_in_its_head_is_none(
    sealed: bytes, receiver: PrivateKey, tmp_path: Path, left: int
) -> None:
    fails(tmp_path, sealed[:left], receiver, (NotAPackage, Broken))


@pytest.mark.parametrize("kept", [0, 2, 3, 100, 3 + 65_552, 3 + 2 * 65_552])
def test_one_cut_off_later_opens_nothing(
    sealed: bytes, receiver: PrivateKey, tmp_path: Path, kept: int
) -> None:
    fails(tmp_path, sealed[: body_of(sealed) + kept], receiver, Broken, "cut off")


def test_its_pieces_cannot_be_reordered_left_out_or_repeated(
    sealed: bytes, receiver: PrivateKey, tmp_path: Path
) -> None:
    begin, chunk = body_of(sealed) + 3, 64 * 1024 + 16
    one, two = sealed[begin : begin + chunk], sealed[begin + chunk : begin + 2 * chunk]
    head, rest = sealed[:begin], sealed[begin + 2 * chunk :]
    for number, changed in enumerate((two + one, one, two, one + two + two)):
        folder = tmp_path / str(number)
        folder.mkdir()
        fails(folder, head + changed + rest, receiver, Broken, "changed, or cut off")


def test_something_put_behind_it_is_seen(
    sealed: bytes, receiver: PrivateKey, tmp_path: Path
) -> None:
    fails(tmp_path, sealed + b"\0", receiver, Broken)


def test_nobody_else_opens_it(sealed: bytes, tmp_path: Path) -> None:
    fails(tmp_path, sealed, PrivateKey.new(), WrongKey)


def test_any_other_file_is_no_package(receiver: PrivateKey, tmp_path: Path) -> None:
    fails(tmp_path, b"%PDF-1.7 and so on", receiver, NotAPackage)


def test_nothing_is_written_over(sealed: bytes, receiver: PrivateKey, tmp_path: Path) -> None:
    (tmp_path / "opened").mkdir()
    with pytest.raises(FileExistsError):
        opens(tmp_path, sealed, receiver)
    (tmp_path / "opened").rmdir()
    (tmp_path / "opened").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        opens(tmp_path, sealed, receiver)


# ---- what somebody else packs: whoever has the public key can seal to it


def sealed_anew(folder: Path, archive: bytes, to: PrivateKey) -> bytes:
    id_, key = new_file_id(), new_key()
    FileStore(folder / "forger").seal(id_, key, [archive])
    (path,) = (folder / "forger").rglob("*.sealed")
    body = path.read_bytes()
    path.unlink()
    path.parent.rmdir()
    (folder / "forger").rmdir()
    wrapped = keys.seal_to(to.public, key, package.purpose(id_))
    head = package.MAGIC + bytes.fromhex(id_) + package.WRAP_LENGTH.pack(len(wrapped))
    return head + wrapped + body


def zipped(members: Members, method: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def forged(folder: Path, members: Members, to: PrivateKey) -> bytes:
    return sealed_anew(folder, zipped(members), to)


def signed_by_another(members: Members) -> Members:
    """Make the manifest fit the members, and sign it: only the key is another."""
    key = Ed25519PrivateKey.generate()
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    made = {**members, "key.pem": pem}
    manifest = json.loads(members["manifest.json"])
    manifest["members"] = [
        {
            "name": name,
            "size": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
        for name, data in made.items()
        if not name.startswith("manifest.")
    ]
    made["manifest.json"] = json.dumps(manifest).encode()
    made["manifest.sig"] = key.sign(made["manifest.json"])
    return made


def test_what_was_packed_anew_unchanged_opens(
    inside: Members, receiver: PrivateKey, tmp_path: Path
) -> None:
    """The forger's tools work: what they refuse below is refused for what was changed."""
    assert opens(tmp_path, forged(tmp_path, inside, receiver), receiver).acts


def test_the_first_member_that_was_changed_is_named(
    inside: Members, receiver: PrivateKey, tmp_path: Path
) -> None:
    for number, name in enumerate(sorted(inside)):
        folder = tmp_path / str(number)
        folder.mkdir()
        data = bytearray(inside[name])
        data[len(data) // 2] ^= 1
        words = {
            "manifest.json": "signature of manifest.json",
            "manifest.sig": "signature of manifest.json",
            "key.pem": "key of the signature|signature of manifest.json",
        }.get(name, name)
        changed = {**inside, name: bytes(data)}
        fails(folder, forged(folder, changed, receiver), receiver, Broken, words)


def test_no_member_can_be_left_out_or_put_in(
    inside: Members, receiver: PrivateKey, tmp_path: Path
) -> None:
    for number, name in enumerate(sorted(inside)):
        folder = tmp_path / str(number)
        folder.mkdir()
        less = {each: data for each, data in inside.items() if each != name}
        fails(folder, forged(folder, less, receiver), receiver, Broken, f"{name} is missing")
    more = {**inside, f"files/99-photo-{'0' * 32}.jpg": b"more"}
    (tmp_path / "more").mkdir()
    data = forged(tmp_path, more, receiver)
    fails(tmp_path / "more", data, receiver, Broken, "not in the manifest")


@pytest.mark.parametrize(
    "name",
    [
        "../evil.json",
        "files/../../evil.json",
        "/etc/evil",
        "C:\\evil.exe",
        "files\\..\\evil",
        "files/01-photo-" + "0" * 32 + ".jpg/../../x",
        "evil.html",
        "files/",
        "files/01-photo-" + "០" * 32 + ".jpg",
        "CASE.JSON",
    ],
)
def test_no_name_leads_out_of_the_folder(
    inside: Members, receiver: PrivateKey, tmp_path: Path, name: str
) -> None:
    members = signed_by_another({**inside, name: b"evil"})
    fails(tmp_path, forged(tmp_path, members, receiver), receiver, Broken)
    assert not list(tmp_path.parent.glob("evil*"))


def test_a_link_is_written_as_the_bytes_that_it_is(
    inside: Members, receiver: PrivateKey, tmp_path: Path
) -> None:
    name = f"files/99-photo-{'0' * 32}.jpg"
    members = signed_by_another({**inside, name: b"/etc/passwd"})
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for each, data in members.items():
            info = zipfile.ZipInfo(each)
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, data)
    checked = opens(tmp_path, sealed_anew(tmp_path, out.getvalue(), receiver), receiver)
    assert not (checked.folder / name).is_symlink()
    assert (checked.folder / name).read_bytes() == b"/etc/passwd"


def test_a_bomb_is_not_blown_up(inside: Members, receiver: PrivateKey, tmp_path: Path) -> None:
    members = signed_by_another({**inside, f"files/99-video-{'0' * 32}.mp4": bytes(50_000_000)})
    packed = zipped(members, zipfile.ZIP_DEFLATED)
    assert len(packed) < 1_000_000
    fails(tmp_path, sealed_anew(tmp_path, packed, receiver), receiver, Broken, "stored in a way")


def test_members_that_lie_over_each_other_are_refused(
    inside: Members, receiver: PrivateKey, tmp_path: Path
) -> None:
    """Stored and not deflated, a bomb can still name the same bytes many times."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in inside.items():
            archive.writestr(name, data)
        large = archive.getinfo("case.html")
        for number in range(200):
            again = copy.copy(large)
            again.filename = again.orig_filename = f"files/{number + 50}-photo-{'0' * 32}.jpg"
            archive.filelist.append(again)
            archive.NameToInfo[again.filename] = again
        archive._didModify = True  # type: ignore[attr-defined]
    fails(tmp_path, sealed_anew(tmp_path, out.getvalue(), receiver), receiver, Broken, "more than")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_is_there_once(inside: Members, receiver: PrivateKey, tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in [*inside.items(), ("case.json", b"{}")]:
            archive.writestr(name, data)
    fails(tmp_path, sealed_anew(tmp_path, out.getvalue(), receiver), receiver, Broken, "twice")


@pytest.mark.parametrize("archive", [b"", b"PK\5\6" + bytes(18), b"no archive at all" * 100])
def test_what_is_no_archive_is_refused(
    receiver: PrivateKey, tmp_path: Path, archive: bytes
) -> None:
    fails(tmp_path, sealed_anew(tmp_path, archive, receiver), receiver, Broken)


def test_a_signature_by_another_key_is_seen_by_who_knows_ours(
    town: Town, inside: Members, receiver: PrivateKey, tmp_path: Path
) -> None:
    members = signed_by_another({**inside, "case.json": b"{}"})
    data = forged(tmp_path, members, receiver)
    published = signed.public_key(town.site.server_key)
    fails(tmp_path, data, receiver, Broken, "another key", known=published)
    assert opens(tmp_path, data, receiver).key != published  # and it is shown to be compared


def test_one_who_got_it_cannot_hand_it_on_as_made_for_another(
    inside: Members, receiver: PrivateKey, tmp_path: Path
) -> None:
    other = PrivateKey.new()
    words = f"made for another key .{fingerprint(receiver.public)}"
    fails(tmp_path, forged(tmp_path, inside, other), other, Broken, words)


@pytest.mark.parametrize(
    "manifest",
    [b"", b"{}", b"[]", b'{"samleng_package": 2}', b'{"samleng_package": 1, "members": [{}]}'],
)
def test_a_manifest_of_another_form_is_refused(
    inside: Members, receiver: PrivateKey, tmp_path: Path, manifest: bytes
) -> None:
    key = Ed25519PrivateKey.generate()
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    made = {**inside, "key.pem": pem, "manifest.json": manifest}
    made["manifest.sig"] = key.sign(manifest)
    fails(tmp_path, forged(tmp_path, made, receiver), receiver, Broken)


# ---- the custody


def _first(custody: dict[str, Any], **changes: Any) -> None:
    custody["rows"][0].update(changes)


def _first_row(custody: dict[str, Any], **changes: Any) -> None:
    custody["rows"][0]["row"].update(changes)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: _first_row(c, act="opened_file"), "was changed"),
        (lambda c: _first_row(c, member_id="0" * 32), "was changed"),
        (lambda c: _first_row(c, at="2026-01-01T00:00:00+00:00"), "was changed"),
        (lambda c: _first_row(c, case_id="0" * 32), "was changed"),
        (lambda c: _first(c, digest="00" * 32), "was changed"),
        (lambda c: _first(c, before="00" * 32), "was changed|does not follow"),
        (lambda c: _first(c, link=10_000), "out of order"),
        (lambda c: c["rows"].reverse(), "out of order"),
        (lambda c: c["rows"].insert(0, c["rows"][0]), "out of order"),
        (lambda c: c.update(head=c["head"].replace("2026", "2027")), "head does not fit"),
        (lambda c: c.update(head=""), "form"),
        (lambda c: c.update(rows=[]), "form"),
        (lambda c: c["rows"].pop(), "not in it"),
        (lambda c: _first(c, link="1"), "form"),
    ],
)
def test_each_act_fits_its_link(
    inside: Members,
    receiver: PrivateKey,
    change: Callable[[dict[str, Any]], None],
    words: str,
) -> None:
    custody = json.loads(inside["custody.json"])
    print_ = fingerprint(receiver.public)
    assert check_custody(custody, print_).number
    change(custody)
    with pytest.raises(Broken, match=words):
        check_custody(custody, print_)


def test_two_links_that_follow_each_other_must_fit(inside: Members, receiver: PrivateKey) -> None:
    """Each by itself may be right: an act made up, with a digest that fits it."""
    custody = json.loads(inside["custody.json"])
    rows = custody["rows"]
    second = next(n for n in range(1, len(rows)) if rows[n]["link"] == rows[n - 1]["link"] + 1)
    told = {**rows[second]["row"], "at": datetime.fromisoformat(rows[second]["row"]["at"])}
    before = b"\x11" * 32
    digest = chain.digest_of(before, AuditRow(**told))
    rows[second].update(before=before.hex(), digest=digest.hex())
    with pytest.raises(Broken, match="does not follow the one before"):
        check_custody(custody, fingerprint(receiver.public))
