"""`samleng org` and `samleng member`: the directory, from the command line."""

from typing import Annotated

import typer

from api.commands.start import fail, read_settings
from api.database import migrate
from referrals import audit, directory
from referrals.directory import UsedLink
from referrals.geography import PROVINCES
from referrals.site import Site, open_site
from referrals.taxonomy import PartnerType, Role

organisations = typer.Typer(no_args_is_help=True, help="Partners that can receive cases.")
FIRST_SUPERVISES = (
    "Nobody is in this organisation yet, so this person becomes its supervisor: "
    "only a supervisor can admit the others."
)

people = typer.Typer(no_args_is_help=True, help="Members of staff.")


def open_house() -> Site:
    """Open the installation that the settings name, with its database up to date."""
    site = open_site(read_settings())
    migrate(site.store)
    return site


@organisations.command("list")
def list_organisations() -> None:
    """List partners: id, kind, province, whether they can receive, name."""
    with open_house().store.reading() as session:
        for each in directory.organisations(session):
            receives = "receives" if each.public_key else "no member yet"
            place = each.province or "-"
            typer.echo(
                f"{each.id}  {each.partner_type:9}  {place:6}  {receives:13}  {each.name_en}"
            )


@organisations.command("add")
def add_organisation(
    kind: Annotated[PartnerType, typer.Option(help="What kind of partner.")],
    name_km: Annotated[str, typer.Option(help="Its name in Khmer, as migrants see it.")],
    name_en: Annotated[str, typer.Option(help="Its name in English.")],
    province: Annotated[str | None, typer.Option(help="Its province, KH-1 to KH-25.")] = None,
    national: Annotated[bool, typer.Option(help="It serves every province.")] = False,
) -> None:
    """Add a partner. It can receive cases once its first member came."""
    if province is not None and province not in PROVINCES:
        raise fail("a province is KH-1 to KH-25 (ISO 3166-2)")
    site = open_house()
    with site.store.writing() as session:
        made = directory.add_organisation(
            session, kind, name_km, name_en, province=province, national=national
        )
        audit.add(session, site.clock(), audit.Act.ORGANISATION_ADDED, organisation_id=made.id)
        typer.echo(made.id)


@people.command("invite")
def invite(
    email: Annotated[str, typer.Argument(help="The person's e-mail address.")],
    organisation: Annotated[
        str | None,
        typer.Option(
            help="The partner's id (samleng org list). Editors and administrators have none."
        ),
    ] = None,
    role: Annotated[
        Role | None,
        typer.Option(
            help="What the person may do.",
            show_default="supervisor for the first, then case_worker",
        ),
    ] = None,
) -> None:
    """Make a link with which a person sets her password, once."""
    settings, site = read_settings(), open_house()
    try:
        with site.store.writing() as session:
            first = organisation is not None and directory.nobody_came(session, organisation)
            now = site.clock()
            given = role or (Role.SUPERVISOR if first else Role.CASE_WORKER)
            secret = directory.invite(session, email, given, organisation, now)
            audit.add(session, now, audit.Act.INVITED, organisation_id=organisation, subject=given)
    except (UsedLink, ValueError) as error:
        raise fail(str(error)) from None
    if first and role is None:
        typer.echo(FIRST_SUPERVISES, err=True)  # beside the link, which scripts read
    address = settings.public_url or f"http://{settings.host}:{settings.port}"
    typer.echo(f"{address.rstrip('/')}/invite/{secret}")
