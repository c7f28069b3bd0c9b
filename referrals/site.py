"""One installation of Samleng: its database, its files, its server key and its clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from referrals.files import FileStore
from referrals.serverkey import ServerKey, load_or_make
from referrals.settings import StoreSettings
from referrals.store import Store


def utc_now() -> datetime:
    """Read the clock, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Site:
    """What the functions of this package need beside a session. `public_url` is where the world
    reaches it, None when it cannot.
    """

    store: Store
    server_key: ServerKey
    files: FileStore
    clock: Callable[[], datetime] = utc_now
    public_url: str | None = None


def open_site(settings: StoreSettings, clock: Callable[[], datetime] = utc_now) -> Site:
    """Open (or begin) the installation that the settings name. Raises
    serverkey.ServerKeyProblem.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Site(
        store=Store(settings.resolved_database_url),
        server_key=load_or_make(settings.resolved_server_key_file),
        files=FileStore(settings.data_dir / "files"),
        clock=clock,
        public_url=settings.public_url,
    )
