"""A thief: has a copy of everything on the server, and tries all that it opens.

He knows the program. He opens every sealed value with every key that he has or can derive, unwraps
every wrapped key with every private key that he found, tries passwords that people take, and goes
on with whatever he found until there is nothing new.
"""

import base64
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import make_url

from referrals import keys
from referrals.files import FileStore
from referrals.sealing import KEY_BYTES, CannotOpen, SealedField, derived, open_
from referrals.serverkey import load_or_make
from tests.sealed_fields import declared_fields
from tools import system

ROOT = Path(__file__).parents[2]
PRIVATE_BYTES = 96

Row = dict[str, Any]


@dataclass
class Loot:
    """Everything that lay on the server: its folder, its tables, a dump of its database."""

    folder: Path
    tables: dict[str, list[Row]]
    dump: bytes = b""

    def raw(self) -> Iterator[bytes]:
        """Give all bytes as they lie there."""
        yield from (path.read_bytes() for path in self.folder.rglob("*") if path.is_file())
        yield self.dump
        for row in self.values():
            yield row if isinstance(row, bytes) else str(row).encode()

    def values(self) -> Iterator[Any]:
        for rows in self.tables.values():
            for row in rows:
                yield from row.values()


def steals(folder: Path, url: str, dumped: Callable[[str], bytes] | None = None) -> Loot:
    """Copy all: every table there is, whoever made it."""
    engine = create_engine(url)
    with engine.connect() as connection:
        tables = {
            name: [
                dict(row._mapping)
                for row in connection.execute(text(f'SELECT * FROM "{name}"'))  # noqa: S608
            ]
            for name in inspect(engine).get_table_names()
        }
    engine.dispose()
    return Loot(folder, tables, dumped(url) if dumped else b"")


def pg_dump(url: str) -> bytes:
    """Take the dump that an administrator would take."""
    programs, plain = system.postgresql(), make_url(url).set(drivername="postgresql")
    assert programs
    command = [programs / "pg_dump", "--inserts", plain.render_as_string(hide_password=False)]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout


PURPOSES: dict[tuple[str, str], Callable[[Row], list[bytes]]] = {
    ("wrap", "wrapped"): lambda r: [keys.case_key_purpose(r["case_id"], r["organisation_id"])],
    ("organisation_key", "wrapped"): lambda r: [
        keys.organisation_key_purpose(r["organisation_id"], r["member_id"])
    ],
    ("organisation_generation", "previous"): lambda r: [
        keys.generation_purpose(r["organisation_id"], r["generation"])
    ],
    ("organisation_generation", "wrapped_to_recovery"): lambda r: [
        keys.recovery_purpose(r["organisation_id"])
    ],
    ("entry", "sealed"): lambda r: [keys.addition_purpose(r["case_id"], r["id"])],
    ("case_file", "sealed_key"): lambda r: [keys.addition_purpose(r["case_id"], r["id"])],
}
"""What is wrapped to a public key, and what for."""


def purposes_in_our_code() -> set[str]:
    """Find every name for which our code derives a key."""
    sources = (p for package in ("api", "bot", "referrals") for p in (ROOT / package).rglob("*.py"))
    return {
        name
        for path in sources
        for name in re.findall(r'derived\([^)"]*"([a-z-]+)"', path.read_text())
    }


@dataclass
class Thief:
    """What he knows, which grows: keys of 32 bytes, private keys, and what they opened."""

    loot: Loot
    keys: set[bytes] = field(default_factory=set)
    privates: set[bytes] = field(default_factory=set)
    opened: dict[tuple[str, str, str], bytes] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)

    def takes_the_server_key(self) -> None:
        """Read the key file, and derive from each key in it all that our code derives."""
        for path in self.loot.folder.rglob("server.key*"):
            held = load_or_make(path)
            for key in (held.root, *held.keys):
                self.keys |= {key, *(derived(key, each) for each in purposes_in_our_code())}
        self.keys |= {bytes(KEY_BYTES)}

    def takes_what_looks_like_a_key(self) -> None:
        """Try every value of 32 bytes, hex and base64 too, and every public key, as a key."""
        for value in self.loot.values():
            if isinstance(value, bytes) and len(value) == KEY_BYTES:
                self.keys.add(value)
            elif isinstance(value, bytes) and len(value) > KEY_BYTES:
                self.keys |= {value[:KEY_BYTES], value[-KEY_BYTES:]}
            elif isinstance(value, str) and re.fullmatch(r"[0-9a-f]{64}", value):
                self.keys.add(bytes.fromhex(value))

    def tries_passwords(self, common: list[str]) -> None:
        """Try on each member's key what people take, and what he knows of her."""
        for row in self.loot.tables["member"]:
            if not row["sealed_private_key"]:
                continue
            for password in {*common, row["email"], row["name"]}:
                self.keys.add(keys.password_key(password, row["salt"]))

    def works(self) -> None:
        """Go on until nothing new opens."""
        before = -1
        while before != (before := len(self.opened) + len(self.files)):
            for place, plain in list(self._values()):
                self._learns(place, plain)
            self._files()

    def _values(self) -> Iterator[tuple[tuple[str, str, str], bytes]]:
        for each in declared_fields():
            for row, sealed in self._sealed(each):
                place = (each.table, each.column, row)
                if place not in self.opened:
                    yield from ((place, plain) for plain in self._opens(each, row, sealed))
        for (table, column), purposes in PURPOSES.items():
            for row in self.loot.tables[table]:
                place = (
                    table,
                    column,
                    "/".join(str(v) for v in row.values() if isinstance(v, str)),
                )
                if place not in self.opened and row[column]:
                    found = (self._unwraps(row[column], p) for p in purposes(row))
                    yield from ((place, plain) for plain in found if plain is not None)

    def _sealed(self, each: SealedField) -> Iterator[tuple[str, bytes]]:
        for row in self.loot.tables.get(each.table, ()):
            name = row.get("id") or row.get("conversation") or row.get("member_id")
            if row[each.column]:
                yield str(name), row[each.column]

    def _opens(self, each: SealedField, row: str, sealed: bytes) -> Iterator[bytes]:
        for key in self.keys:
            try:
                yield open_(key, each, row, sealed)
            except CannotOpen:
                continue

    def _unwraps(self, wrapped: bytes, purpose: bytes) -> bytes | None:
        for raw in self.privates:
            try:
                return keys.PrivateKey(raw).open_(wrapped, purpose)
            except CannotOpen:
                continue
        return None

    def _learns(self, place: tuple[str, str, str], plain: bytes) -> None:
        self.opened[place] = plain
        if len(plain) == PRIVATE_BYTES:
            self.privates.add(plain)
        if len(plain) >= KEY_BYTES:
            self.keys.add(plain[:KEY_BYTES])

    def _files(self) -> None:
        for path in self.loot.folder.rglob("*.sealed"):
            if path.stem in self.files:
                continue
            for key in self.keys:
                try:
                    opened = FileStore(path.parents[1]).open_(path.stem, key)
                    self.files[path.stem] = b"".join(opened)
                    break
                except CannotOpen:
                    continue

    def finds(self, word: str) -> bool:
        """Look for a word in all that was stolen or opened, however it was written."""
        needles = written(word)
        everywhere = (*self.loot.raw(), *self.opened.values(), *self.files.values())
        return any(needle in held for held in everywhere for needle in needles)


def written(word: str) -> list[bytes]:
    """Give the ways in which a word may lie somewhere."""
    plain = word.encode()
    wide = [word.encode("utf-16-le"), word.encode("utf-16-be")]
    # In base64 a word looks differently at each of three places; its middle is the same.
    based = [base64.b64encode(bytes(shift) + plain)[4:-4] for shift in range(3)]
    hexed = [form.hex().encode() for form in (plain, *wide)]
    return [plain, *wide, *based, *hexed, hexed[0].upper(), word.encode("unicode_escape")]
