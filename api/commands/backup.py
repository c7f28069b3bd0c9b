"""`samleng backup` and `samleng restore`: a copy of the installation, without its server key."""

import os
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import SQLAlchemyError

from api.commands.keys import PLACES
from api.commands.start import fail, read_settings
from api.database import migrate
from referrals import backup as backups
from referrals import reseal
from referrals import restore as restoring
from referrals.backup import BackupProblem
from referrals.postgres import PostgresProblem
from referrals.serverkey import ServerKeyProblem
from referrals.site import open_site


def backup(
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="Where backups lie; SAMLENG_BACKUP_DIR when none is given.", show_default=False
        ),
    ] = None,
) -> None:
    """Make a backup, also while the program runs. It holds no server key."""
    os.umask(0o077)
    settings = read_settings()
    where = folder or settings.backup_dir
    if where is None:
        raise fail("name a folder, or set SAMLENG_BACKUP_DIR")
    if not settings.resolved_server_key_file.exists():
        raise fail("there is no installation to copy: look at SAMLENG_DATA_DIR")
    try:
        made = backups.make(open_site(settings), where, settings.keep_backups_days)
    except (BackupProblem, PostgresProblem, ServerKeyProblem, OSError) as error:
        raise fail(str(error)) from None
    except SQLAlchemyError as error:
        raise fail(f"the database cannot be copied: {type(error).__name__}") from None
    typer.echo(made.folder)
    typer.echo(
        f"{made.files} files, {made.size / 1e6:.1f} MB. THE SERVER KEY IS NOT IN IT: keep a copy "
        f"of {settings.resolved_server_key_file} somewhere else. Without the key this backup "
        "opens no draft, no chat address and no letter on its way.",
        err=True,
    )
    for name in made.deleted:
        typer.echo(f"deleted, older than {settings.keep_backups_days} days: {name}", err=True)
    if made.missing:
        raise fail(f"{made.missing} files that the database names do not lie in the data folder")


def restore(
    folder: Annotated[Path, typer.Argument(help="One backup: the folder named by its time.")],
    erased: Annotated[
        Path | None,
        typer.Option(
            help="The newest erased.txt; the one beside the backup when none is given.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Bring a backup back into an empty data folder; erase and take back what was so since.

    The server key must lie in its place before.
    """
    os.umask(0o077)
    settings = read_settings()
    try:
        came = restoring.restore(settings, folder.resolve(), migrate, erased=erased)
    except (BackupProblem, PostgresProblem, ServerKeyProblem, OSError) as error:
        raise fail(str(error)) from None
    except SQLAlchemyError as error:
        raise fail(f"the database cannot be used: {type(error).__name__}") from None
    typer.echo(
        f"Brought back as it was at {came.made:%Y-%m-%d %H:%M} UTC: {came.files} files. "
        f"Erased again: {came.erased} cases. Taken back again: {came.again.consents} consents. "
        f"Left again: {came.again.left} members."
    )
    typer.echo("Everybody signs in anew. What happened since the list was written is not undone.")
    if came.again.left or came.again.staying:
        typer.echo(
            "Who left may still know the office's key of that time: at /members let a supervisor "
            "end another account, or this one, so that a new key begins."
        )
    if came.again.staying:
        typer.echo(
            f"{came.again.staying} who left are members again: in this backup nobody else holds "
            "the key of their office."
        )
    if came.drafts:
        typer.echo(f"{came.drafts} drafts were thrown away while the backup was made: gone.")
    if came.strange:
        typer.echo(f"{came.strange} lines of erased.txt are none of ours and were passed over.")
    if came.missing:
        typer.echo(f"{came.missing} files were missing already when the backup was made.")
    site = open_site(settings)
    lost = {place: reseal.state_of(site, place).lost for place in PLACES}
    site.store.engine.dispose()
    for place, count in lost.items():
        if count:
            typer.echo(f"{place}: {count} open with no server key that is here: one was dropped.")
