"""`samleng doctor`: is everything as it should be, and what to do where it is not."""

from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import SQLAlchemyError

from api.commands.examine import State, examine
from api.commands.start import fail, read_settings
from api.settings import Settings
from referrals import chain
from referrals.serverkey import ServerKeyProblem
from referrals.site import Site, open_site

_COLOURS = {State.OK: "green", State.NOTE: "yellow", State.WRONG: "red"}


def doctor(
    head: Annotated[
        bool,
        typer.Option(
            "--head", help="Only print the newest signed head of the audit, to be kept elsewhere."
        ),
    ] = False,
    kept: Annotated[
        Path | None,
        typer.Option(
            "--since",
            "--check-head",
            help="A file with such heads: is the audit still the one that they were taken from?",
        ),
    ] = None,
) -> None:
    """Check this installation, also while it runs. Ends with 1 when something is wrong.

    Each line begins with ok, note or wrong.
    """
    settings = read_settings()
    if head:
        typer.echo(_head(settings))
        return
    typer.echo(_line(State.OK, "settings", "all can be read"))
    wrong = 0
    for told in examine(settings, kept=kept):
        typer.echo(_line(told.state, told.what, told.said))
        wrong += told.state is State.WRONG
    if wrong:
        raise fail("one thing is wrong" if wrong == 1 else f"{wrong} things are wrong")


def _line(state: State, what: str, said: str) -> str:
    return f"{typer.style(f'{state:5}', fg=_COLOURS[state])}  {what}: {said}"


def _head(settings: Settings) -> str:
    """Link what waits, sign the chain as it stands, and give the head as one line."""
    site = _installed(settings)
    try:
        chain.link_all(site, everything=True)
        with site.store.writing() as session:
            signed = chain.sign(session, site)
            if signed is None:
                raise fail("nothing is written down yet, so there is no head")
            return chain.written(site, signed)
    except SQLAlchemyError as error:
        # The driver's text may quote a row; its kind says enough.
        raise fail(f"the audit cannot be linked: {type(error).__name__}") from None
    finally:
        site.store.engine.dispose()


def _installed(settings: Settings) -> Site:
    """Open the installation, but begin none. Raises typer.Exit."""
    if not settings.resolved_server_key_file.exists():
        raise fail("there is no installation here: set SAMLENG_DATA_DIR, or run samleng start")
    try:
        return open_site(settings)
    except ServerKeyProblem as error:
        raise fail(str(error)) from None
