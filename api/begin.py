"""Beginning an installation: its key, its database, and its demo cases or its first
administrator.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from api.database import migrate
from api.settings import Settings
from referrals import audit, demo, directory
from referrals.installation import Mode, WrongMode, settle
from referrals.restore import RESTORING
from referrals.site import Site, open_site, utc_now
from referrals.taxonomy import Role

FIRST_ADMINISTRATOR = "administrator"
"""Stands for the e-mail address until the first administrator gives her own."""


@dataclass(frozen=True, slots=True)
class Begun:
    """An installation, and the path of the first administrator's one-time link when one is
    needed.
    """

    site: Site
    setup_path: str | None


def begin(settings: Settings, mode: Mode, clock: Callable[[], datetime] = utc_now) -> Begun:
    """Open the installation, filling a new one.

    Raises installation.WrongMode, serverkey.ServerKeyProblem, sqlalchemy.exc.OperationalError.
    """
    if (settings.data_dir / RESTORING).exists():
        raise WrongMode("a backup is being brought back here: run samleng restore to its end")
    site = open_site(settings, clock)
    migrate(site.store)
    with site.store.writing() as session:
        new = settle(session, mode, site.clock())
    if mode is Mode.DEMO:
        if new:
            demo.fill(site)
        return Begun(site, None)
    with site.store.writing() as session:
        if any(member.public_key for member in directory.administrators(session)):
            return Begun(site, None)
        secret = directory.invite(
            session, FIRST_ADMINISTRATOR, Role.ADMINISTRATOR, None, site.clock()
        )
        audit.add(session, site.clock(), audit.Act.INVITED, subject=Role.ADMINISTRATOR)
    return Begun(site, f"/setup/{secret}")
