"""Small houses to test in: an installation with a few offices, people at their desks, drafts
told.
"""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlmodel import Session

from api.database import migrate
from referrals import directory, draft, keyring, keys, lodging
from referrals.directory import SignedIn
from referrals.settings import StoreSettings
from referrals.site import Site, open_site
from referrals.store import Store
from referrals.taxonomy import ConsentCode, PartnerType, Role
from tests import templates
from tests.templates import begins_like

PASSWORD = "a long enough password"
keys.choose_cost(keys.BASE)  # no test waits for what would be measured here
START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
SHARES = (ConsentCode.SHARE_MRC, ConsentCode.SHARE_PDOLVT, ConsentCode.SHARE_LEGAL_AID)


@dataclass
class Clock:
    """A clock that a test moves."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Town:
    """A site with offices in Prey Veng and Kampot and a lawyer, each with one signed-in member."""

    site: Site
    clock: Clock
    people: dict[str, SignedIn] = field(default_factory=dict)
    acts_before: int = 0
    """The audit's last row when a test began: it can only be added to."""

    def joins(
        self, name: str, kind: PartnerType, province: str | None = None, *, national: bool = False
    ) -> SignedIn:
        with self.site.store.writing() as session:
            office = directory.add_organisation(
                session, kind, f"{name} ខ្មែរ", name, province=province, national=national
            )
        self.people[name] = self.comes(f"{name}@example.org", office.id, name)
        return self.people[name]

    def comes(
        self, email: str, organisation: str | None, name: str, role: Role = Role.SUPERVISOR
    ) -> SignedIn:
        now = self.site.clock()
        with self.site.store.writing() as session:
            secret = directory.invite(session, email, role, organisation, now)
            member = directory.invited(session, secret, now)
            keyring.accept(session, member, name, PASSWORD)
            office = session.get(directory.Organisation, organisation) if organisation else None
            return SignedIn(
                member.id,
                name,
                role,
                organisation,
                office.name_km if office else "",
                office.name_en if office else "",
                "km",
                "token",
                keyring.unlock(member, PASSWORD),
            )

    def lodges(
        self,
        story: str,
        *,
        conversation: str = "c" * 64,
        category: str = "unpaid_wages",
        province: str = "KH-14",
        shares: Iterable[ConsentCode] = SHARES,
        name: str | None = None,
        contact_me: bool = True,
        update: str = "u-1",
    ) -> str:
        with self.site.store.writing() as session:
            begun = told_draft(
                session,
                self.site,
                story,
                conversation=conversation,
                category=category,
                province=province,
                shares=shares,
                name=name,
                contact_me=contact_me,
            )
            return lodging.lodge(session, self.site, begun, update, language="km").code


def told_draft(
    session: Session,
    site: Site,
    story: str,
    *,
    conversation: str = "c" * 64,
    category: str = "unpaid_wages",
    province: str = "KH-14",
    shares: Iterable[ConsentCode] = SHARES,
    store: bool = True,
    name: str | None = None,
    contact_me: bool = True,
) -> draft.Draft:
    begun = draft.open_(session, site, conversation, "telegram")
    told = {
        "complainant": "self",
        "category": category,
        "country": "TH",
        "province": province,
    }
    for field_name, value in told.items():
        draft.answer(session, site, begun, field_name, value)
    draft.tell(session, site, begun, "story", "told-1", text=story)
    if name:
        draft.tell(session, site, begun, "name", "told-2", text=name)
    answers = {ConsentCode.STORE: store, ConsentCode.CONTACT_ME: contact_me}
    answers |= {code: code in set(shares) for code in SHARES}
    for code, granted in answers.items():
        draft.record_consent(
            session, site, begun, code, granted=granted, version=1, language="km", words="ពាក្យ"
        )
    return begun


def answers_consents(
    session: Session, site: Site, own: draft.Draft, answers: Mapping[str, str]
) -> None:
    """Answer each consent that is among these answers."""
    for code in answers.keys() & set(ConsentCode):
        draft.record_consent(
            session,
            site,
            own,
            ConsentCode(code),
            granted=answers[code] == "yes",
            version=1,
            language="km",
            words=code,
        )


def empty_site(folder: Path, url: str | None = None, clock: Clock | None = None) -> Site:
    """Begin an installation in this folder, with all tables and nothing in them."""
    settings = StoreSettings(data_dir=folder / "data", database_url=url)
    begins_like("empty", settings.resolved_database_url, _with_tables)
    return open_site(settings, clock or Clock())


def _with_tables(url: str) -> None:
    store = Store(url)
    migrate(store)
    store.engine.dispose()


def build_town(folder: Path, url: str | None = None) -> Town:
    """Build a town in this folder. Its people and keys are those of every town of this process."""
    settings = StoreSettings(data_dir=folder / "data", database_url=url)
    address = settings.resolved_database_url
    kind = make_url(address).get_backend_name()
    begins_like(f"town_{kind}", address, _with_offices)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copy2(_founded[kind].folder / "data" / "server.key", settings.data_dir)
    clock = Clock()
    return Town(open_site(settings, clock), clock, dict(_founded[kind].people))


@dataclass(frozen=True)
class _Founded:
    """What a town's template has besides its database."""

    folder: Path
    people: dict[str, SignedIn]


_founded: dict[str, _Founded] = {}


def _with_offices(url: str) -> None:
    kind = make_url(url).get_backend_name()
    home, clock = templates.folder() / f"town-{kind}", Clock()
    town = Town(empty_site(home, url, clock), clock)
    town.joins("mrc", PartnerType.MRC, "KH-14")
    town.joins("mrc-kampot", PartnerType.MRC, "KH-7")
    town.joins("pdolvt", PartnerType.PDOLVT, "KH-14")
    town.joins("lawyer", PartnerType.LEGAL_AID, national=True)
    town.site.store.engine.dispose()
    _founded[kind] = _Founded(home, town.people)
