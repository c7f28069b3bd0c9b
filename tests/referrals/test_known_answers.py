"""Each primitive that sealing rests on gives the answers its standard prints.

The answers come from the package `cryptography-vectors`: NIST CAVP and FIPS 203, RFC 4231, 5869,
7748, 8032 and 9106, and the drafts of HPKE with post-quantum hybrids.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import cryptography_vectors
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.bindings._rust import openssl
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, Suite
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from referrals import keys

VECTORS = Path(cryptography_vectors.__file__).parent
XWING_AND_SHA256 = (0x647A, 0x0001)
"""HPKE's numbers for the KEM MLKEM768-X25519 and for HKDF-SHA256."""

Answer = dict[str, str]


def answers(path: str) -> Iterator[Answer]:
    """Read `name = value` lines; an empty line ends one answer. What stands in brackets is said
    once for those that follow.
    """
    found: Answer = {}
    for line in [*(VECTORS / path).read_text().splitlines(), ""]:
        name, equals, value = (part.strip() for part in line.partition("="))
        if equals and not name.startswith(("[", "#")):
            found[name.lower()] = value
        elif not line.strip() and found:
            yield found
            found = {}


def bytes_of(answer: Answer, *names: str) -> list[bytes]:
    return [bytes.fromhex(answer.get(name, "")) for name in names]


def some(path: str, *names: str, most: int = 200) -> list[Answer]:
    found = list(islice((a for a in answers(path) if set(names) <= a.keys()), most))
    assert found, f"{path} has no such answers"
    return found


def test_aes_256_gcm() -> None:
    told = some("ciphers/AES/GCM/gcmEncryptExtIV256.rsp", "iv", "tag", most=20_000)
    ours = [a for a in told if len(a["iv"]) == 24 and len(a["tag"]) == 32]
    assert len(ours) > 100
    for answer in ours:
        key, nonce, plain, bound, cipher, tag = bytes_of(
            answer, "key", "iv", "pt", "aad", "ct", "tag"
        )
        assert AESGCM(key).encrypt(nonce, plain, bound) == cipher + tag
        assert AESGCM(key).decrypt(nonce, cipher + tag, bound) == plain


def test_what_aes_256_gcm_must_refuse() -> None:
    """NIST's decryptions that must fail."""
    lines = (VECTORS / "ciphers/AES/GCM/gcmDecrypt256.rsp").read_text().split("\n\n")
    wrong = [dict(_pairs(each)) for each in lines if each.rstrip().endswith("FAIL")]
    ours = [a for a in wrong if len(a["iv"]) == 24 and len(a["tag"]) == 32]
    assert len(ours) > 100
    for answer in ours:
        key, nonce, cipher, bound, tag = bytes_of(answer, "key", "iv", "ct", "aad", "tag")
        with pytest.raises(InvalidTag):
            AESGCM(key).decrypt(nonce, cipher + tag, bound)


def _pairs(lines: str) -> Iterator[tuple[str, str]]:
    for line in lines.splitlines():
        name, equals, value = (part.strip() for part in line.partition("="))
        if equals:
            yield name.lower(), value


def test_hkdf_sha256() -> None:
    for answer in some("KDF/rfc-5869-HKDF-SHA256.txt", "ikm", "okm"):
        secret, salt, info, output = bytes_of(answer, "ikm", "salt", "info", "okm")
        kdf = HKDF(algorithm=SHA256(), length=int(answer["l"]), salt=salt or None, info=info)
        assert kdf.derive(secret) == output


def test_argon2id() -> None:
    for answer in some("KDF/argon2id.txt", "memcost", "output"):
        password, salt, secret, bound, output = bytes_of(
            answer, "pass", "salt", "secret", "ad", "output"
        )
        kdf = Argon2id(
            salt=salt,
            length=int(answer["length"]),
            iterations=int(answer["iter"]),
            lanes=int(answer["lanes"]),
            memory_cost=int(answer["memcost"]),
            ad=bound or None,
            secret=secret or None,
        )
        assert kdf.derive(password) == output


def test_x25519() -> None:
    for answer in some("asymmetric/X25519/rfc7748.txt", "input_scalar", "output_u"):
        scalar, point, output = bytes_of(answer, "input_scalar", "input_u", "output_u")
        mine, theirs = X25519PrivateKey, X25519PublicKey
        shared = mine.from_private_bytes(scalar).exchange(theirs.from_public_bytes(point))
        assert shared == output


def test_ml_kem_768() -> None:
    """FIPS 203: our private key is the seed d and z, in this order."""
    for answer in some("asymmetric/MLKEM/kat_MLKEM_768.rsp", "d", "z", "ss", most=50):
        d, z, public, cipher, shared = bytes_of(answer, "d", "z", "pk", "ct", "ss")
        key = MLKEM768PrivateKey.from_seed_bytes(d + z)
        assert len(d + z) == keys.SEED_BYTES
        assert key.public_key().public_bytes_raw() == public
        assert len(public) == keys.MLKEM_PUBLIC_BYTES
        assert key.decapsulate(cipher) == shared


def test_hpke_with_the_hybrid_kem_and_our_kdf() -> None:
    """The drafts print no answer for AES-256-GCM with this KEM; that cipher has its own above."""
    told = json.loads((VECTORS / "HPKE/hpke-pq-test-vectors.json").read_text())
    ours = [a for a in told if (a["kem_id"], a["kdf_id"]) == XWING_AND_SHA256]
    assert ours
    for answer in ours:
        # The draft's private key is a seed that SHAKE-256 stretches; ours is what comes of it.
        seed, public, info, sent = bytes_of(answer, "skRm", "pkRm", "info", "enc")
        key = keys.PrivateKey(hashlib.shake_256(seed).digest(96))
        assert key.public == public
        cipher, plain, bound = bytes_of(answer["encryptions"][0], "ct", "pt", "aad")
        suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
        held = MLKEM768X25519PrivateKey(*key._parts())
        # The printed answers have associated data; this door exists for them alone.
        assert openssl.hpke._decrypt_with_aad(suite, sent + cipher, held, info, bound) == plain


def test_our_suite_is_the_one_that_is_said() -> None:
    key = keys.PrivateKey.new()
    sealed = keys.seal_to(key.public, b"", b"")
    assert len(sealed) == 1120 + 16, "encapsulation of the hybrid KEM, and the tag of AES-256-GCM"


def test_ed25519() -> None:
    lines = (VECTORS / "asymmetric/Ed25519/sign.input").read_text().splitlines()
    for line in lines[:200]:
        secret, public, message, signed = (bytes.fromhex(part) for part in line.split(":")[:4])
        key = Ed25519PrivateKey.from_private_bytes(secret[:32])
        assert key.public_key().public_bytes_raw() == public
        assert key.sign(message) == signed[:64]


def test_hmac_sha256() -> None:
    for answer in some("HMAC/rfc-4231-sha256.txt", "key", "msg", "md"):
        key, message, digest = bytes_of(answer, "key", "msg", "md")
        ours = hmac.new(key, message, hashlib.sha256).digest()
        assert ours[: len(digest)] == digest
