"""Demo mode: organisations that the sources name, accounts for each, and a few invented cases.

Who hosts which centre comes from the seeds (S0, S3) and the pages named in `source`; everything
else is invented and marked so. Never used when a bot token or a public address is set.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session, select

from referrals import case, directory, draft, geography, keyring, keys, lodging
from referrals.site import Site
from referrals.taxonomy import ConsentCode, PartnerType, Role

PASSWORD = "samleng-demo-only"  # noqa: S105 - for invented cases on one's own machine

MRC_HOSTS: dict[str, tuple[str, str]] = {
    "KH-2": ("NEA", "seed S0, 2022"),
    "KH-3": ("PSOD", "seed S0, 2022"),
    "KH-7": ("NEA", "seed S0, 2022"),
    "KH-14": ("CLC", "seed S0, 2022"),
    "KH-6": ("NEA", "seed S3, 2017; not in the 2022 list"),
    "KH-1": ("CENTRAL", "shiptoshorerights.org, about 2022"),
    "KH-17": ("PSOD", "devdiscourse.com, 2026-02-26"),
}
EDITOR = "editor@samleng.demo"
"""Looks after the words that migrants read, and sees no case."""

ANALYST = "analyst@samleng.demo"
"""Sees numbers that name nobody."""

WORKER = "worker@mrc.demo"
"""A colleague of the counsellor in Prey Veng, who is no supervisor."""

DESK_SOURCE = "seed S3 item 12.2, 2017: the provincial department serves as centre"


@dataclass(frozen=True, slots=True)
class Account:
    """A demo account that is shown on the sign-in page."""

    email: str
    name: str
    organisation_km: str
    organisation_en: str


def _slug(province: str) -> str:
    return geography.PROVINCE_NAMES[province][1].lower().replace(" ", "-")


def _place(province: str) -> str:
    word = "រាជធានី" if province == geography.PHNOM_PENH else "ខេត្ត"
    return word + geography.PROVINCE_NAMES[province][0]


def _organisations(session: Session) -> list[tuple[directory.Organisation, str, str]]:
    """Make the partners; gives each with the e-mail and name of its demo account."""
    made = []
    for province, (_, english) in geography.PROVINCE_NAMES.items():
        host, source = MRC_HOSTS.get(province, ("PDOLVT", DESK_SOURCE))
        centre = directory.add_organisation(
            session,
            PartnerType.MRC,
            f"មជ្ឈមណ្ឌលធនធានពលករ (MRC) {_place(province)}",
            f"Migrant Worker Resource Centre, {english} ({host})",
            province=province,
            source=source,
        )
        made.append((centre, f"{_slug(province)}@mrc.demo", f"Demo counsellor, {english}"))
        department = directory.add_organisation(
            session,
            PartnerType.PDOLVT,
            f"មន្ទីរការងារ {_place(province)}",
            f"Provincial Department of Labour, {english}",
            province=province,
            source="seed S3 item 9.5, 2017",
        )
        made.append((department, f"{_slug(province)}@pdolvt.demo", f"Demo officer, {english}"))
    lawyers = directory.add_organisation(
        session,
        PartnerType.LEGAL_AID,
        "អង្គការជំនួយច្បាប់ LSCW",
        "LSCW (legal aid)",
        national=True,
        source="seed S3 line 2581, 2017",
    )
    made.append((lawyers, "lawyer@lscw.demo", "Demo lawyer"))
    return made


def accounts() -> list[Account]:
    """Give the accounts that the sign-in page and the start-up text name."""
    return [
        Account(
            "prey-veng@mrc.demo", "Demo counsellor, Prey Veng", "MRC ខេត្តព្រៃវែង", "MRC Prey Veng"
        ),
        Account(
            "prey-veng@pdolvt.demo",
            "Demo officer, Prey Veng",
            "មន្ទីរការងារ ព្រៃវែង",
            "PDOLVT Prey Veng",
        ),
        Account("lawyer@lscw.demo", "Demo lawyer", "ជំនួយច្បាប់ LSCW", "LSCW"),
        Account(
            WORKER, "Demo case worker, Prey Veng", "MRC ខេត្តព្រៃវែង (អ្នកទទួលករណី)", "MRC Prey Veng"
        ),
        Account(ANALYST, "Demo analyst", "តួលេខប៉ុណ្ណោះ", "Numbers only"),
        Account(EDITOR, "Demo editor", "អ្នកកែចម្លើយ លេខ និងព័ត៌មាន", "Answers, numbers, news"),
    ]


@dataclass(frozen=True, slots=True)
class _Invented:
    answers: dict[str, str]
    story: str
    age: timedelta
    share: tuple[ConsentCode, ...]


_MRC, _PDOLVT, _LEGAL = (
    ConsentCode.SHARE_MRC,
    ConsentCode.SHARE_PDOLVT,
    ConsentCode.SHARE_LEGAL_AID,
)

_CASES = (
    _Invented(
        {"complainant": "self", "category": "unpaid_wages", "country": "TH", "province": "KH-14"},
        "(ករណីគំរូ) ខ្ញុំធ្វើការសំណង់។ ថៅកែមិនបើកប្រាក់ខែឱ្យខ្ញុំ ២ ខែហើយ។",
        timedelta(days=4),
        (_MRC, _PDOLVT),
    ),
    _Invented(
        {
            "complainant": "self",
            "category": "documents_withheld",
            "country": "MY",
            "province": "KH-14",
        },
        "(ករណីគំរូ) ម្ចាស់ផ្ទះយកលិខិតឆ្លងដែនខ្ញុំទុក មិនឱ្យខ្ញុំចេញក្រៅទេ។",
        timedelta(hours=5),
        (_MRC, _LEGAL),
    ),
    _Invented(
        {
            "complainant": "family",
            "category": "delayed_deployment",
            "country": "KH",
            "province": "KH-14",
        },
        "(ករណីគំរូ) ក្រុមហ៊ុនយកលុយប្អូនខ្ញុំ ៦ ខែហើយ នៅតែមិនទាន់បានទៅ។",
        timedelta(days=1),
        (_MRC, _PDOLVT, _LEGAL),
    ),
)


def fill(site: Site) -> None:
    """Make the demo organisations, accounts and cases, in one transaction."""
    with site.store.writing() as session:
        for organisation, email, name in _organisations(session):
            directory.invite(session, email, Role.SUPERVISOR, organisation.id, site.clock())
            member = directory.members(session, organisation.id)[0]
            keyring.accept(session, member, name, PASSWORD)
        _comes(session, site, EDITOR, "Demo editor", Role.EDITOR)
        _comes(session, site, ANALYST, "Demo analyst", Role.ANALYST)
        _colleague(session, site)
        for number, invented in enumerate(_CASES):
            _lodge(session, site, number, invented)


def _comes(
    session: Session, site: Site, email: str, name: str, role: Role, office: str | None = None
) -> directory.Member:
    link = directory.invite(session, email, role, office, site.clock())
    member = directory.invited(session, link, site.clock())
    keyring.accept(session, member, name, PASSWORD)
    return member


def _colleague(session: Session, site: Site) -> None:
    """Give the counsellor of Prey Veng a colleague, admitted to the office's key."""
    by_email = select(directory.Member).where(directory.Member.email == accounts()[0].email)
    counsellor = session.exec(by_email).one()
    office = session.get_one(directory.Organisation, counsellor.organisation_id)
    worker = _comes(
        session, site, WORKER, "Demo case worker, Prey Veng", Role.CASE_WORKER, office.id
    )
    held = session.get_one(directory.OrganisationKey, (office.id, counsellor.id))
    purpose = keys.organisation_key_purpose(office.id, counsellor.id)
    private = keyring.unlock(counsellor, PASSWORD).open_(held.wrapped, purpose)
    keyring.wrap_for(session, office, keys.PrivateKey(private), worker)


def _lodge(session: Session, site: Site, number: int, invented: _Invented) -> None:
    conversation = site.server_key.pseudonym("demo", str(number))
    begun = draft.open_(session, site, conversation, "web")
    for field, value in invented.answers.items():
        draft.answer(session, site, begun, field, value)
    draft.tell(session, site, begun, "story", f"demo-{number}", text=invented.story)
    for code in (ConsentCode.STORE, *invented.share):
        draft.record_consent(
            session, site, begun, code, granted=True, version=1, language="km", words="(គំរូ)"
        )
    lodged = lodging.lodge(session, site, begun, f"demo-{number}", language="km")
    row = case.by_code(session, lodged.code)
    row.lodged_at -= invented.age
    session.add(row)
