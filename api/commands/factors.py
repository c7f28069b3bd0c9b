"""`samleng member reset-factor`: for who lost her phone, and whom nobody else can help."""

from typing import Annotated

import typer
from sqlmodel import select

from api import factors, sessions
from api.commands.organisations import open_house
from api.commands.start import fail
from referrals.directory import Member


def reset_factor(
    email: Annotated[str, typer.Argument(help="The person's e-mail address.")],
) -> None:
    """Take away a member's second factors; the next sign-in, with the password, sets up others.

    Make sure first that it is really that person who asks. A forgotten password is not mended here.
    """
    site = open_house()
    with site.store.writing() as session:
        member = session.exec(
            select(Member).where(Member.email == sessions.account_name(email))
        ).one_or_none()
        if member is None:
            raise fail("nobody has this e-mail address")
        factors.reset(session, site, None, member)
    typer.echo("Done. The next sign-in asks for the password and sets up a new second factor.")
