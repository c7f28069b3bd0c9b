"""What the pages of the second factor are given."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class AskView:
    """The question for a second factor. `at` is where the answer goes, `back` where it leads,
    `leave` where who does not answer goes.

    `origin` is the only address at which a passkey works. `by_password`: the demo asks for that.
    `problem` is an English message id or empty. `again`: she is signed in, and asked once more.
    """

    at: str
    origin: str
    totp: bool = False
    passkeys: bool = False
    by_password: bool = False
    again: bool = False
    back: str = ""
    leave: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class SetUpView:
    """The page on which a second factor is set up. `secret` is in groups of four, `first`: she has
    none yet and goes no further without. `at` is where the answers go, `passkeys_at` those of
    passkeys.
    """

    at: str
    passkeys_at: str
    origin: str
    qr: Markup
    secret: tuple[str, ...]
    device: str = ""
    first: bool = True
    problem: str = ""


@dataclass(frozen=True, slots=True)
class CodesView:
    """Recovery codes, shown once; none when they were shown already. `to` is where one says that
    they were written down.
    """

    codes: tuple[str, ...]
    to: str
    half: bool
    problem: str = ""


def grouped(secret: str, of: int = 4) -> Sequence[str]:
    """Cut a secret into groups that can be read aloud and typed."""
    return [secret[at : at + of] for at in range(0, len(secret), of)]
