"""The `samleng` command."""

import typer

from api.commands.content import words
from api.commands.organisations import organisations, people
from api.commands.start import start
from api.commands.understand import understand_lines

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command("start")(start)
app.command("understand")(understand_lines)
app.add_typer(organisations, name="org")
app.add_typer(people, name="member")
app.add_typer(words, name="content")


def main() -> None:
    """Run the command line."""
    app()
