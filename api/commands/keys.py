"""`samleng keys`: the keys of the server and of the offices, from the command line."""

from typing import Annotated

import typer
from sqlmodel import Session, select

from api.commands.organisations import open_house
from api.commands.start import fail, read_settings
from api.factors import TOTP_SECRET, Totp
from bot.parcel import MESSAGE, REPLIES, Parcel
from referrals import directory, keyring, membership, recoverykey, reseal, rotation
from referrals import keys as keys_of_people
from referrals.directory import Member, Organisation, OrganisationGeneration, UsedLink
from referrals.recoverykey import WrongRecoveryKey
from referrals.reseal import Place
from referrals.serverkey import ServerKeyProblem

keys = typer.Typer(
    no_args_is_help=True,
    help="Keys of the server and of the offices. Cases follow a new key of their office when "
    "somebody who holds it visits the desk: no command can do it, for the server cannot open them.",
)

PLACES = (
    *reseal.PLACES,
    Place(MESSAGE, Parcel),
    Place(REPLIES, Parcel),
    Place(TOTP_SECRET, Totp),
)
"""Every column that is sealed under the server key. Sealed otherwise, under keys that follow from
its root and never turn: what the durable queue holds (bot/queue_seal.py), for some days, and the
dialogue's memory.
"""

LOST = (
    "The old password is lost with the keys that it opened. With this link the person chooses a "
    "new one; who belongs to an office then waits to be admitted by a colleague who holds its key."
)
NOBODY_ELSE = (
    "Nobody else holds the key of this office: with the new password only its recovery key opens "
    "its cases again."
)
NO_RECOVERY = (
    "Nobody else holds the key of this office, and it has no recovery key: when the link is used, "
    "its cases can never be opened again, by anybody. The old password still works until then."
)


@keys.command("status")
def status() -> None:
    """Show what there is: the server's keys, the cost of a password, each office's key."""
    site = open_house()
    held = site.server_key
    since = f", the newest since {held.turned:%Y-%m-%d %H:%M} UTC" if held.turned else ""
    typer.echo(f"server key: {len(held.keys)}{since}; the root never turns")
    for place in PLACES:
        found = reseal.state_of(site, place)
        if found.older or found.lost:
            typer.echo(
                f"  {place}: {found.older} of {found.of} under an older key, {found.lost} lost"
            )
    cost = keys_of_people.present_cost()
    typer.echo(
        f"password: Argon2id, {cost.kib // 1024} MiB, {cost.passes} passes, {cost.lanes} lanes"
    )
    with site.store.reading() as session:
        for office in directory.organisations(session):
            typer.echo(_office(session, office))


def _office(session: Session, office: Organisation) -> str:
    if office.public_key is None:
        return f"{office.id}  {office.name_en}: nobody came yet"
    present = session.get(OrganisationGeneration, (office.id, office.generation))
    since = f"{present.made_at:%Y-%m-%d}" if present else "?"
    going = rotation.progress(session, office.id)
    return (
        f"{office.id}  {office.name_en}: key {office.generation} since {since}, "
        f"held by {len(keyring.holders(session, office.id))}, "
        f"{len(directory.waiting_members(session, office.id))} wait, "
        f"{going.left} of {going.of} cases still to follow, "
        f"{'a' if office.sealed_recovery else 'NO'} recovery key"
    )


@keys.command("rotate-server")
def rotate_server() -> None:
    """Put a new first key into the server's key file. Older ones still open what they sealed."""
    site = open_house()
    try:
        held = reseal.turn(site, read_settings().resolved_server_key_file, site.clock())
    except (ServerKeyProblem, OSError) as error:
        raise fail(str(error)) from None
    typer.echo(f"the server key has turned; {held} keys are held. Next: samleng keys reseal")


@keys.command("reseal")
def reseal_all() -> None:
    """Seal everything anew that is sealed under an older server key. Can be repeated."""
    site = open_house()
    lost = 0
    for place in PLACES:
        found = reseal.reseal(site, place)
        lost += found.lost
        typer.echo(f"{place}: {found.older - found.lost} of {found.of} sealed anew")
    site.store.forget_log()
    if lost:
        raise fail(f"{lost} values open with no key that is held; they were left as they are")


@keys.command("drop-server")
def drop_server() -> None:
    """Destroy the older server keys. Refused while anything is sealed under one of them.

    A backup made before needs them: what it holds of drafts, addresses, letters on their way and
    authenticators of members is lost with them.
    """
    site = open_house()
    path = read_settings().resolved_server_key_file
    try:
        gone = reseal.drop_older(site, path, PLACES, site.clock())
    except (reseal.StillNeeded, ServerKeyProblem, OSError) as error:
        raise fail(str(error)) from None
    typer.echo(f"{gone} older server keys are gone")


@keys.command("recover")
def recover(
    organisation: Annotated[str, typer.Option(help="The office's id (samleng org list).")],
    member: Annotated[str, typer.Option(help="The e-mail of its supervisor who gets the key.")],
) -> None:
    """Give an office's key to one of its supervisors by the recovery key, which is asked for."""
    site = open_house()
    typed = typer.prompt("Recovery key", hide_input=True)
    try:
        with site.store.writing() as session:
            found = _member(session, member)
            if found.organisation_id != organisation:
                raise fail("this person does not belong to this office")
            recoverykey.recover(session, found, typed, site.clock())
    except (WrongRecoveryKey, PermissionError) as error:
        raise fail(str(error)) from None
    typer.echo("the office's key is held by this person again")


def reset_password(
    email: Annotated[str, typer.Argument(help="The e-mail of somebody who lost her password.")],
    sure: Annotated[bool, typer.Option("--yes", help="Do not ask when it may cost cases.")] = False,
) -> None:
    """Make a link with which somebody who lost her password chooses a new one, once."""
    settings, site = read_settings(), open_house()
    with site.store.reading() as session:
        warning = _costs(session, _member(session, email))
    typer.echo(warning or LOST, err=True)
    if warning and not sure and not typer.confirm("Go on?", err=True):
        raise typer.Exit(1)
    try:
        with site.store.writing() as session:
            secret = membership.new_link(session, _member(session, email), site.clock())
    except UsedLink as error:
        raise fail(str(error)) from None
    address = settings.public_url or f"http://{settings.host}:{settings.port}"
    typer.echo(f"{address.rstrip('/')}/invite/{secret}")


def _costs(session: Session, member: Member) -> str:
    """Say what a lost password costs when it was the last that opens an office's cases."""
    if member.organisation_id is None:
        return ""
    if [each.id for each in keyring.holders(session, member.organisation_id)] != [member.id]:
        return ""
    office = session.get_one(Organisation, member.organisation_id)
    return NOBODY_ELSE if office.sealed_recovery else NO_RECOVERY


def _member(session: Session, email: str) -> Member:
    found = session.exec(select(Member).where(Member.email == email.strip().lower())).one_or_none()
    if found is None:
        raise fail("nobody here has this e-mail address")
    return found
