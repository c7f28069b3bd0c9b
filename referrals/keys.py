"""Keys that people hold: organisations, members, and the wrap of a case key.

HPKE (RFC 9180) with the post-quantum hybrid KEM ML-KEM-768 + X25519, HKDF-SHA256 and AES-256-GCM,
all from `cryptography`. A member's private key is sealed under Argon2id of the password (RFC 9106),
at a cost that is measured on the machine and kept in front of her salt.
"""

import os
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from referrals.sealing import KEY_BYTES, CannotOpen

SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
SEED_BYTES = 64
"""Bytes of an ML-KEM-768 seed (FIPS 203: d and z)."""
MLKEM_PUBLIC_BYTES = 1184
SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Cost:
    """What one derivation by Argon2id costs: passes over `kib` KiB of memory, in `lanes`."""

    passes: int
    kib: int
    lanes: int

    @property
    def work(self) -> int:
        """KiB that are written in all: by this two costs are compared."""
        return self.passes * self.kib


BASE = Cost(passes=3, kib=64 * 1024, lanes=4)
"""RFC 9106, section 4, second recommended option. Nothing is ever derived at a lower cost."""

MOST_KIB = 256 * 1024
ENOUGH_SECONDS = 0.25
TOO_LONG_SECONDS = 1.0
"""One derivation shall take at least ENOUGH_SECONDS and, above the base, no more than
TOO_LONG_SECONDS and MOST_KIB.
"""

_MOST_READ = Cost(passes=64, kib=1024 * 1024, lanes=16)
_HEADER = struct.Struct(">BHIB")
_HEADER_VERSION = 1


@dataclass(frozen=True, slots=True, repr=False)
class PrivateKey:
    """A hybrid private key: ML-KEM seed then X25519 scalar, 96 bytes."""

    raw: bytes
    _public: bytes | None = field(default=None, compare=False)

    @classmethod
    def new(cls) -> "PrivateKey":
        """Make a key pair from the operating system's randomness."""
        kem, curve = MLKEM768PrivateKey.generate(), X25519PrivateKey.generate()
        return cls(kem.private_bytes_raw() + curve.private_bytes_raw(), _public_of(kem, curve))

    @property
    def public(self) -> bytes:
        """The public half: ML-KEM encapsulation key then X25519 point, 1,216 bytes."""
        return self._public or _public_of(*self._parts())

    def _parts(self) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
        return (
            MLKEM768PrivateKey.from_seed_bytes(self.raw[:SEED_BYTES]),
            X25519PrivateKey.from_private_bytes(self.raw[SEED_BYTES:]),
        )

    def open_(self, sealed: bytes, purpose: bytes) -> bytes:
        """Open what was sealed to the public half for the same purpose. Raises CannotOpen."""
        try:
            return SUITE.decrypt(sealed, MLKEM768X25519PrivateKey(*self._parts()), purpose)
        except (InvalidTag, ValueError) as error:
            raise CannotOpen("this key does not open it") from error


def _public_of(kem: MLKEM768PrivateKey, curve: X25519PrivateKey) -> bytes:
    return kem.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()


def seal_to(public: bytes, plain: bytes, purpose: bytes) -> bytes:
    """Seal to a public key; `purpose` (HPKE's info) ties it to one use and one row."""
    key = MLKEM768X25519PublicKey(
        MLKEM768PublicKey.from_public_bytes(public[:MLKEM_PUBLIC_BYTES]),
        X25519PublicKey.from_public_bytes(public[MLKEM_PUBLIC_BYTES:]),
    )
    return SUITE.encrypt(plain, key, purpose)


def case_key_purpose(case_id: str, organisation_id: str) -> bytes:
    """HPKE info of a case key wrapped for one organisation."""
    return f"samleng/wrap/1/{case_id}/{organisation_id}".encode()


def organisation_key_purpose(organisation_id: str, member_id: str) -> bytes:
    """HPKE info of an organisation's private key wrapped for one member."""
    return f"samleng/organisation/1/{organisation_id}/{member_id}".encode()


def generation_purpose(organisation_id: str, generation: int) -> bytes:
    """HPKE info of the private key before a generation, wrapped to that generation."""
    return f"samleng/generation/1/{organisation_id}/{generation}".encode()


def recovery_purpose(organisation_id: str) -> bytes:
    """HPKE info of an organisation's private key wrapped to its recovery key."""
    return f"samleng/recovery/1/{organisation_id}".encode()


def addition_purpose(case_id: str, row: str) -> bytes:
    """HPKE info of something added to a case after lodging, sealed to the case's own public key."""
    return f"samleng/addition/1/{case_id}/{row}".encode()


# ---- a password


_deriving = threading.Lock()
_measuring = threading.Lock()
_chosen: Cost | None = None


def measured(seconds: Callable[[Cost], float]) -> Cost:
    """Choose a cost: from the base on, more memory and then more passes until it is enough.

    `seconds` says how long one derivation takes.
    """
    cost = BASE
    while (took := seconds(cost)) < ENOUGH_SECONDS:
        if cost.kib < MOST_KIB:
            more = Cost(cost.passes, min(2 * cost.kib, MOST_KIB), cost.lanes)
        elif cost.passes < _MOST_READ.passes:
            more = Cost(cost.passes + 1, cost.kib, cost.lanes)
        else:
            return cost
        if took * more.work / cost.work > TOO_LONG_SECONDS:
            return cost
        cost = more
    return cost


def present_cost() -> Cost:
    """Give the cost at which a password set now is kept: measured once in a process, up to 2 s."""
    global _chosen
    with _measuring:
        if _chosen is None:
            _chosen = measured(_seconds_of)
        return _chosen


def choose_cost(cost: Cost) -> None:
    """Let this be the cost, instead of measuring. Raises ValueError below the base."""
    global _chosen
    if not _is_allowed(cost):
        raise ValueError("this is cheaper than the base, or more than is ever read")
    with _measuring:
        _chosen = cost


def _seconds_of(cost: Cost) -> float:
    salt = new_salt(cost)
    begun = time.perf_counter()
    password_key("how long does it take?", salt)
    return time.perf_counter() - begun


def _is_allowed(cost: Cost) -> bool:
    return all(
        least <= value <= most
        for least, value, most in (
            (BASE.passes, cost.passes, _MOST_READ.passes),
            (BASE.kib, cost.kib, _MOST_READ.kib),
            (BASE.lanes, cost.lanes, _MOST_READ.lanes),
        )
    )


def new_salt(cost: Cost | None = None) -> bytes:
    """Make a salt: 16 random bytes, and before them the cost. Without one it is the base."""
    random = os.urandom(SALT_BYTES)
    if cost is None:
        return random
    return _HEADER.pack(_HEADER_VERSION, cost.passes, cost.kib, cost.lanes) + random


def cost_of(salt: bytes) -> Cost:
    """Read the cost of a salt; bare 16 bytes cost the base. Raises CannotOpen for anything else,
    and for a cost below the base or beyond all reason: a changed row must not fill the memory.
    """
    if len(salt) == SALT_BYTES:
        return BASE
    if len(salt) != _HEADER.size + SALT_BYTES or salt[0] != _HEADER_VERSION:
        raise CannotOpen("this is no salt")
    _, passes, kib, lanes = _HEADER.unpack(salt[: _HEADER.size])
    cost = Cost(passes, kib, lanes)
    if not _is_allowed(cost):
        raise CannotOpen("this salt has a cost that was never chosen")
    return cost


def is_cheap(salt: bytes) -> bool:
    """Say whether a salt costs less than a password that is set now."""
    return cost_of(salt).work < present_cost().work


def password_key(password: str, salt: bytes) -> bytes:
    """Derive 32 bytes from a password, at the cost that its salt names. Raises CannotOpen.

    One at a time: OpenSSL's Argon2 takes its lanes from one pool of threads, where two derivations
    can wait for each other for ever. It also keeps many sign-ins at once from filling the memory.
    """
    cost = cost_of(salt)
    kdf = Argon2id(
        salt=salt[-SALT_BYTES:],
        length=KEY_BYTES,
        iterations=cost.passes,
        lanes=cost.lanes,
        memory_cost=cost.kib,
    )
    with _deriving:
        return kdf.derive(password.encode())
