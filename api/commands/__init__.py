"""The `samleng` command."""

import typer

from api.commands import organisations, start, understand

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command("start")(start.start)
app.command("understand")(understand.understand_lines)
app.add_typer(organisations.organisations, name="org")
app.add_typer(organisations.people, name="member")


def main() -> None:
    """Run the command line."""
    app()
