"""A town that is copied, and an empty house to bring the copy back into."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from api.database import migrate
from referrals import backup, draft, lodging, restore
from referrals.restore import Restored
from referrals.settings import StoreSettings
from referrals.site import open_site
from tests.house import Town, told_draft

CANARY = "ខ្យល់ចម្លែកពណ៌ស្វាយ"
VOICE = os.urandom(200_000)
DAYS = 30


@dataclass
class House:
    """A town that is copied, and an empty house of the same kind to bring a backup back into."""

    town: Town
    backups: Path
    empty: StoreSettings

    def copies(self) -> Path:
        self.town.clock.pass_(seconds=1)
        return backup.make(self.town.site, self.backups, DAYS).folder

    def brings_back(self, folder: Path, **more: Path) -> Restored:
        return restore.restore(self.empty, folder, migrate, clock=self.town.clock, **more)

    def opened(self) -> Town:
        return Town(open_site(self.empty, self.town.clock), self.town.clock, self.town.people)


def second(request: pytest.FixtureRequest, url: str) -> str:
    """Make another empty PostgreSQL database beside the first."""
    import psycopg

    name = f"{make_url(url).database}_again"
    server = request.getfixturevalue("postgres").replace("+psycopg", "")

    def run(statement: str) -> None:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(statement)

    run(f"CREATE DATABASE {name}")
    request.addfinalizer(lambda: run(f"DROP DATABASE {name} WITH (FORCE)"))
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def lodges(town: Town, name: str, story: str = CANARY) -> str:
    """Lodge a case with a voice; gives its code."""
    with town.site.store.writing() as session:
        begun = told_draft(session, town.site, story, conversation=name * 64)
        file = draft.seal_file(town.site, iter([VOICE]), "audio/ogg")
        draft.tell(session, town.site, begun, "story", "told-3", file=file, kind="voice")
        return lodging.lodge(session, town.site, begun, f"u-{name}", language="km").code
