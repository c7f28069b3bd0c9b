"""`samleng content`: the answers as a file, out and in, from the command line."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import select

from api.commands.organisations import open_house
from api.commands.start import fail
from bot.content import exchange, living
from bot.content.exchange import BadFile
from referrals import audit
from referrals.directory import Member
from referrals.taxonomy import Role

words = typer.Typer(no_args_is_help=True, help="The answers that migrants read.")

STANDARD = "-"
"""Stands for standard output, or standard input."""


@words.command("export")
def export(
    file: Annotated[str, typer.Argument(help="Where to write; - is standard output.")],
) -> None:
    """Write all answers as they hold now: the files, and what was changed at the desk."""
    site = open_house()
    with site.store.reading() as session:
        text = exchange.write(living.current(session, site.clock()).faq)
    if file == STANDARD:
        sys.stdout.buffer.write(text.encode())
        return
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise fail(f"{file}: {error.strerror}") from None


@words.command("import")
def import_(
    file: Annotated[str, typer.Argument(help="The file to read; - is standard input.")],
    by: Annotated[str, typer.Option("--by", help="The e-mail address of the editor who answers.")],
) -> None:
    """Take over the answers of a file. With one answer that may not be said, none is taken over."""
    site = open_house()
    now = site.clock()
    try:
        answers = exchange.read(_read(file))
    except BadFile as error:
        raise fail(str(error)) from None
    with site.store.writing() as session:
        editor = session.exec(select(Member).where(Member.email == by.lower())).one_or_none()
        if editor is None or editor.role != Role.EDITOR or editor.public_key is None:
            raise fail(f"{by} is no editor here")
        try:
            proposal = exchange.propose(session, answers, now)
        except BadFile as error:
            raise fail(str(error)) from None
        if proposal.complaints:
            for complaint in proposal.complaints:
                typer.echo(str(complaint), err=True)
            raise fail("nothing was changed: the lines above say which words cannot be said so")
        name = "-" if file == STANDARD else Path(file).name
        exchange.take_over(session, proposal, author=editor.id, note=f"⇪ {name}", now=now)
        for each in proposal.changes:
            subject = f"{each.topic}/{each.new.country}"
            audit.add(session, now, audit.Act.EDITED, member_id=editor.id, subject=subject)
            typer.echo(subject)
    typer.echo(f"{len(proposal.changes)} answers changed", err=True)


def _read(file: str) -> bytes:
    try:
        if file == STANDARD:
            return sys.stdin.buffer.read(exchange.FILE_LIMIT + 1)
        with Path(file).open("rb") as opened:
            return opened.read(exchange.FILE_LIMIT + 1)
    except OSError as error:
        raise fail(f"{file}: {error.strerror}") from None
