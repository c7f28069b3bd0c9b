"""The key of somebody outside to whom a case is handed: her lawyer, a court, herself.

The pair is made where it will be used, offline. Its private half lies in a key file, sealed under a
passphrase; its public half travels as text, with check letters against slips. Whether the text is
the receiver's own, a fingerprint shows that is read aloud over the phone.
"""

import base64
import binascii
import hashlib
import json
import re
import textwrap

from referrals import keys
from referrals.keys import PrivateKey
from referrals.sealing import CannotOpen, SealedField, open_, seal

PASSPHRASE_LENGTH = (12, 256)
"""Characters of a passphrase, least and most."""

PUBLIC_BYTES = 1216
FINGERPRINT_DIGITS = 16
TEXT_LIMIT = 8192
"""Characters of a public key as text, or of a key file; whatever is longer is none."""

_KIND = "samleng receiver key"
_BEGIN, _END = "-----BEGIN SAMLENG PUBLIC KEY-----", "-----END SAMLENG PUBLIC KEY-----"
_CHECK_LETTERS = 8
_LINE = 64
_GROUP = 4
_SALT = hashlib.sha256(b"samleng receiver fingerprint 1").digest()[: keys.SALT_BYTES]


class NotAKey(ValueError):
    """A text that is no public key of a receiver, or has a slip in it; or no key file."""


class WrongPassphrase(Exception):
    """The passphrase does not open this key file."""


def new_key_file(passphrase: str) -> tuple[str, bytes]:
    """Make a key pair; gives the text of the key file and the public half. Takes a second or two.

    Raises ValueError for a passphrase shorter or longer than PASSPHRASE_LENGTH.
    """
    least, most = PASSPHRASE_LENGTH
    if not least <= len(passphrase) <= most:
        raise ValueError(f"a passphrase has {least} to {most} characters")
    pair, salt = PrivateKey.new(), keys.new_salt(keys.present_cost())
    public = pair.public
    sealed = seal(keys.password_key(passphrase, salt), _binding(), public.hex(), pair.raw)
    held = {
        "kind": _KIND,
        "version": 1,
        "public": _encoded(public),
        "salt": _encoded(salt),
        "sealed": _encoded(sealed),
    }
    return json.dumps(held, indent=1) + "\n", public


def unlock(key_file: str, passphrase: str) -> PrivateKey:
    """Open a key file. Raises NotAKey, WrongPassphrase. Takes up to a second."""
    try:
        held = json.loads(key_file)
        if held["kind"] != _KIND or held["version"] != 1:
            raise NotAKey("this is no key file, or one of a newer program")
        public, salt, sealed = (
            base64.b64decode(held[name], validate=True) for name in ("public", "salt", "sealed")
        )
        keys.cost_of(salt)
    except (ValueError, KeyError, TypeError, CannotOpen) as error:
        raise NotAKey("this is no key file") from error
    try:
        raw = open_(keys.password_key(passphrase, salt), _binding(), public.hex(), sealed)
    except CannotOpen as error:
        raise WrongPassphrase("this passphrase does not open the key file") from error
    return PrivateKey(raw)


def public_text(public: bytes) -> str:
    """Give a public key as text to send or to paste, with its check letters."""
    lines = textwrap.wrap(_encoded(public), _LINE)
    return "\n".join([_BEGIN, *lines, f"check {check_letters(public)}", _END]) + "\n"


def read_public(text: str) -> bytes:
    """Read a public key from text, whatever stands around it and wherever lines were broken.

    Raises NotAKey: no key, a slip, or a key that nothing can be sealed to.
    """
    found = re.search(f"{_BEGIN}(.*?)check([^-]*){_END}", text[:TEXT_LIMIT], re.DOTALL)
    if found is None:
        raise NotAKey("here is no public key")
    try:
        public = base64.b64decode("".join(found[1].split()), validate=True)
    except (binascii.Error, ValueError):
        public = b""
    if len(public) != PUBLIC_BYTES or "".join(found[2].split()) != check_letters(public):
        raise NotAKey("there is a slip in this public key")
    try:
        keys.seal_to(public, b"", b"samleng/try/1")
    except ValueError as error:
        raise NotAKey("nothing can be sealed to this public key") from error
    return public


def check_letters(public: bytes) -> str:
    """Give eight letters and digits that show a slip in the text of a public key."""
    digest = hashlib.sha256(b"samleng receiver check 1" + public).digest()
    return base64.b32encode(digest)[:_CHECK_LETTERS].decode()


def fingerprint(public: bytes) -> str:
    """Give 16 hex digits that stand for a public key. Takes about 0.2 s and 64 MiB.

    They are stretched by Argon2id, so that somebody who looks for another key with the same ones
    pays that for each try: 64 bits are enough then, and can be read aloud.
    """
    return keys.password_key(public.hex(), _SALT).hex()[:FINGERPRINT_DIGITS]


def read_aloud(print_: str) -> str:
    """Give a fingerprint in groups of four, as it is read over the phone."""
    return " ".join(textwrap.wrap(print_, _GROUP))


def _binding() -> SealedField:
    # Made here and not declared: a key file is no column of a table.
    return SealedField("receiver_key", "private", "password")


def _encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
