"""What the page of the own account is given."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PasskeyLine:
    """One passkey; `id` is its credential in base64url. `used_at` is None until its first use."""

    id: str
    name: str
    made_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One browser in which the member is signed in; `here`: this one."""

    id: str
    device: str
    begun: datetime
    seen: datetime
    here: bool


@dataclass(frozen=True, slots=True)
class AccountPageView:
    """The own account. `totp_since` is None without an authenticator. `removable`: a factor may be
    taken away, for another is left (or the demo needs none). `least` is how many characters a
    password has at least. `problem` and `done` are English message ids or empty.
    """

    email: str
    origin: str
    totp_since: datetime | None
    passkeys: tuple[PasskeyLine, ...]
    codes_left: int
    sessions: tuple[SessionLine, ...]
    removable: bool
    least: int
    device: str = ""
    problem: str = ""
    done: str = ""
