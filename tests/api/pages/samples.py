"""Invented views to draw pages from, with the long words and empty places that break layouts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from api.pages import places
from api.pages import views as v
from referrals.taxonomy import Role
from tests.api.pages import (
    assist_samples,
    duty_samples,
    editing_samples,
    export_samples,
    factor_samples,
    keys_samples,
    news_samples,
    office_samples,
    retention_samples,
    verify_samples,
)

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
EDITORS = {"/answers", "/numbers", "/news"}


def me(path: str) -> v.Me:
    """An editor on an editor's page, else a supervisor."""
    edits = path in EDITORS
    role = Role.EDITOR if edits else Role.SUPERVISOR
    name, called, office = (
        ("អ្នកកែចម្លើយគំរូ", "អ្នកកែសម្រួល", "")
        if edits
        else ("មន្ត្រីគំរូ ព្រៃវែង", "អ្នកត្រួតពិនិត្យ", "មជ្ឈមណ្ឌលធនធានពលករ (MRC) ខេត្តព្រៃវែង")
    )
    return v.Me(
        name,
        called,
        office,
        menu=places.menu(role, path),
        beside=places.beside(role, path),
        home=places.home(role),
    )


def shell(
    language: str = "km", path: str = "/cases", *, signed_in: bool = True, demo: bool = True
) -> v.Shell:
    return v.Shell(
        language=language,
        now=NOW,
        path=path,
        demo=demo,
        me=me(path) if signed_in else None,
        csrf="invented-guard",
    )


WAGES = v.Label("unpaid_wages", "មិនបើកប្រាក់ខែ ឬបើកយឺត", "💰")
PAPERS = v.Label("documents_withheld", "គេដកហូតលិខិតឆ្លងដែន ឬឯកសារ", "🛂")
FEES = v.Label("overcharged_fees", "យកថ្លៃសេវាលើសកំណត់", "💸")


def line(code: str, urgency: str, category: v.Label, **changes: object) -> v.CaseLine:
    given: dict[str, object] = {
        "code": code,
        "urgency": urgency,
        "age": timedelta(days=4),
        "category": category,
        "province": "ព្រៃវែង",
        "country": "ម៉ាឡេស៊ី",
        "status": v.Label("lodged", "ថ្មី"),
        "handler": None,
        "mine": False,
        "unread": 0,
    }
    return v.CaseLine(**{**given, **changes})  # type: ignore[arg-type]


CASES = v.CasesView(
    show="all",
    lines=(
        line("482913057", "now", PAPERS, age=timedelta(hours=5), unread=2),
        line(
            "060257703",
            "soon",
            WAGES,
            country="ថៃ",
            status=v.Label("working", "កំពុងដោះស្រាយ"),
            handler="មន្ត្រីគំរូ ព្រៃវែង",
            mine=True,
            unread=1,
        ),
        line(
            "785053853",
            "normal",
            FEES,
            age=timedelta(days=40),
            province="",
            status=v.Label("waiting", "កំពុងរង់ចាំ"),
            handler="មន្ត្រីគំរូ ទីពីរ",
        ),
    ),
    counts=(("mine", 1), ("new", 1), ("all", 3)),
)
NO_CASES = v.CasesView(show="mine", lines=(), counts=(("mine", 0), ("new", 3), ("all", 12)))

HANDS = v.Hands(
    handles=True,
    writes=True,
    exports=True,
    names=True,
    assignable=(v.Person("b" * 32, "អ្នកឆ្លើយគំរូ ឈ្មោះវែងណាស់ណាស់ណាស់"), v.Person("c" * 32, "សុខ")),
    named=(v.Person("d" * 32, "មន្ត្រីគំរូ ព្រៃវែង"),),
    nameable=(v.Person("c" * 32, "សុខ"),),
)
CASE = v.CaseView(
    hands=HANDS,
    code="482913057",
    urgency="now",
    category=PAPERS,
    province="ព្រៃវែង",
    country="ម៉ាឡេស៊ី",
    status=v.Label("taken", "មានអ្នកទទួល"),
    statuses=(
        v.Label("taken", "មានអ្នកទទួល"),
        v.Label("working", "កំពុងដោះស្រាយ"),
        v.Label("waiting", "កំពុងរង់ចាំ"),
        v.Label("closed", "បានបិទ"),
    ),
    lodged_at=NOW - timedelta(hours=5),
    handler=None,
    mine=False,
    may_write=True,
    fields=(
        v.Field(
            "រឿងដែលកើតឡើង",
            "(ករណីគំរូ) ម្ចាស់ផ្ទះយកលិខិតឆ្លងដែនខ្ញុំទុក មិនឱ្យខ្ញុំចេញក្រៅទេ។\n"
            "ខ្ញុំធ្វើការនៅផ្ទះគាត់ ១១ ខែហើយ។ គាត់ថាបើខ្ញុំចង់ឈប់ ត្រូវសងលុយគាត់។ <b>មិនមែន HTML</b>",
            long=True,
        ),
        v.Field("បណ្តឹងនេះសម្រាប់", "ខ្ញុំផ្ទាល់"),
        v.Field("កម្រិតសម្ងាត់", "មិនបានប្រាប់ឈ្មោះ"),
        v.Field("ភាសាសម្រាប់សរសេរ", "ភាសាខ្មែរ"),
        v.Field("សរសេរតាម", "Telegram"),
    ),
    files=(
        v.File("a" * 32, "សារសំឡេង", "audio", 214_000),
        v.File("b" * 32, "រូបថត", "image", 1_800_000),
        v.File("c" * 32, "ឯកសារ", "link", 310_000, added_later=True),
    ),
    consents=(
        v.Consent("ឱ្យមជ្ឈមណ្ឌលធនធានពលករ (MRC) មើលករណីនេះ", granted=True, at=NOW),
        v.Consent("ឱ្យមន្ទីរការងារខេត្តមើលករណីនេះ", granted=False, at=NOW),
        v.Consent("សរសេរមកវិញនៅទីនេះ", granted=True, at=NOW),
    ),
    routes=(
        v.Route("មជ្ឈមណ្ឌលធនធានពលករ (MRC) ខេត្តព្រៃវែង", ("ធ្វើការនៅខេត្តកំណើតរបស់អ្នកប្តឹង។",)),
        v.Route("អង្គការជំនួយច្បាប់ LSCW", ("រឿងនេះត្រូវការអ្នកចេះច្បាប់។", "ធ្វើការទូទាំងប្រទេស។")),
    ),
    thread=(
        v.Letter(NOW - timedelta(hours=3), "មន្ត្រីគំរូ ព្រៃវែង", "សួស្តី។ យើងបានទទួលរឿងរបស់អ្នកហើយ។"),
        v.Letter(NOW - timedelta(hours=1), None, "អរគុណ។ ខ្ញុំអាចនិយាយបានពេលយប់។"),
    ),
    readers=(
        v.Reader(NOW, "មន្ត្រីគំរូ ព្រៃវែង", "មជ្ឈមណ្ឌលធនធានពលករ (MRC) ខេត្តព្រៃវែង"),
        v.Reader(NOW - timedelta(hours=3), "មេធាវីគំរូ", "អង្គការជំនួយច្បាប់ LSCW"),
    ),
)
BARE_CASE = v.CaseView(
    code="151590984",
    urgency="normal",
    category=FEES,
    province="",
    country="ថៃ",
    status=v.Label("lodged", "ថ្មី"),
    statuses=CASE.statuses,
    lodged_at=None,
    handler="មន្ត្រីគំរូ ទីពីរ",
    mine=False,
    may_write=False,
    fields=(),
    files=(),
    consents=(),
    routes=(),
    thread=(),
    readers=(),
    problem="The letter is empty or too long, or the person does not want letters.",
)

ACCOUNTS = (
    v.DemoAccount(
        "prey-veng@mrc.demo", "samleng-demo-only", "MRC ខេត្តព្រៃវែង", "Demo counsellor, Prey Veng"
    ),
    v.DemoAccount("lawyer@lscw.demo", "samleng-demo-only", "ជំនួយច្បាប់ LSCW", "Demo lawyer"),
)

PAGES: tuple[tuple[str, str, object, bool], ...] = (
    ("front", "front.html", v.FrontView(), False),
    ("sign_in", "sign_in.html", v.SignInView(accounts=ACCOUNTS), False),
    (
        "sign_in_refused",
        "sign_in.html",
        v.SignInView(email="x@mrc.demo", problem="The e-mail or the password is not right."),
        False,
    ),
    ("cases", "cases.html", CASES, True),
    ("no_cases", "cases.html", NO_CASES, True),
    ("case", "case.html", CASE, True),
    ("bare_case", "case.html", BARE_CASE, True),
    ("restricted_case", "case.html", replace(CASE, restricted=True), True),
    *editing_samples.PAGES,
    *news_samples.PAGES,
    *assist_samples.PAGES,
    *duty_samples.PAGES,
    *verify_samples.PAGES,
    *export_samples.PAGES,
    *factor_samples.PAGES,
    *keys_samples.PAGES,
    *office_samples.PAGES,
    *retention_samples.PAGES,
)
"""Every page once: its name, its template, what it is given, whether somebody is signed in."""
