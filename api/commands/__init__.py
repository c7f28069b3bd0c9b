"""The `samleng` command."""

import typer

from api.commands.backup import backup, restore
from api.commands.content import words
from api.commands.doctor import doctor
from api.commands.factors import reset_factor
from api.commands.keys import keys, reset_password
from api.commands.open import open_sealed
from api.commands.organisations import organisations, people
from api.commands.start import start
from api.commands.understand import understand_lines

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command("start")(start)
app.command("doctor")(doctor)
app.command("open")(open_sealed)
app.command("understand")(understand_lines)
app.command("backup")(backup)
app.command("restore")(restore)
app.add_typer(organisations, name="org")
app.add_typer(people, name="member")
app.add_typer(words, name="content")
app.add_typer(keys, name="keys")
people.command("reset-password")(reset_password)
people.command("reset-factor")(reset_factor)


def main() -> None:
    """Run the command line."""
    app()
