"""Keys that people hold: organisations, members, and the wrap of a case key.

HPKE (RFC 9180) with the post-quantum hybrid KEM ML-KEM-768 + X25519, HKDF-SHA256 and AES-256-GCM,
all from `cryptography`. A member's private key is sealed under Argon2id of the password (RFC 9106,
second recommended option: 64 MiB, 3 passes, 4 lanes).
"""

import os
import threading
from dataclasses import dataclass

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
ARGON2_PASSES = 3
ARGON2_LANES = 4
ARGON2_KIB = 64 * 1024


@dataclass(frozen=True, slots=True, repr=False)
class PrivateKey:
    """A hybrid private key: ML-KEM seed then X25519 scalar, 96 bytes."""

    raw: bytes

    @classmethod
    def new(cls) -> "PrivateKey":
        """Make a key pair from the operating system's randomness."""
        kem, curve = MLKEM768PrivateKey.generate(), X25519PrivateKey.generate()
        return cls(kem.private_bytes_raw() + curve.private_bytes_raw())

    @property
    def public(self) -> bytes:
        """The public half: ML-KEM encapsulation key then X25519 point, 1,216 bytes."""
        kem, curve = self._parts()
        return kem.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()

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


def new_salt() -> bytes:
    """Make a salt for one member."""
    return os.urandom(SALT_BYTES)


_deriving = threading.Lock()


def password_key(password: str, salt: bytes) -> bytes:
    """Derive the 32 bytes that seal a member's private key. Takes about 0.2 s and 64 MiB.

    One at a time: OpenSSL's Argon2 takes its lanes from one pool of threads, where two derivations
    can wait for each other for ever. It also keeps many sign-ins at once from filling the memory.
    """
    kdf = Argon2id(
        salt=salt,
        length=KEY_BYTES,
        iterations=ARGON2_PASSES,
        lanes=ARGON2_LANES,
        memory_cost=ARGON2_KIB,
    )
    with _deriving:
        return kdf.derive(password.encode())
