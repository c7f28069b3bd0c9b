"""Invented views of the pages of receipts, with the long words and empty places that break
layouts.
"""

from api.pages import verify as v

TEXT = "A" * 187
OFFICES: tuple[v.Both, ...] = (
    {
        "km": "មជ្ឈមណ្ឌលធនធានពលករ (MRC) រាជធានីភ្នំពេញ",
        "en": "Migrant Worker Resource Centre, Phnom Penh (CENTRAL)",
    },
    {"km": "មន្ទីរការងារ ខេត្តព្រៃវែង", "en": "Provincial Department of Labour, Prey Veng"},
    {"km": "អង្គការជំនួយច្បាប់ LSCW", "en": "LSCW (legal aid)"},
)
STATED = v.Stated(
    code="482913057",
    day={"km": "21 វិច្ឆិកា 2026", "en": "21 Nov 2026"},
    offices=OFFICES,
    topic={"km": "នៅកន្លែងធ្វើការ", "en": "At work"},
)
BARE = v.Stated("060257703", STATED.day, (), STATED.topic)
PLACE = "https://samleng.a-long-name-of-a-ministry.example/verify"

PAGES: tuple[tuple[str, str, object, bool], ...] = (
    ("verify", "verify.html", v.VerifyView(), False),
    ("verify_unknown", "verify.html", v.VerifyView(problem=v.UNKNOWN, typed="1"), False),
    ("verify_forged", "verify.html", v.VerifyView(problem=v.NOT_GENUINE), False),
    ("verify_code", "verify.html", v.VerifyView(STATED, typed="482913057"), False),
    ("verify_signed", "verify.html", v.VerifyView(STATED, by_signature=True, text=TEXT), False),
    ("verify_gone", "verify.html", v.VerifyView(BARE, True, False, text=TEXT), False),
    (
        "receipt",
        "receipt.html",
        v.ReceiptView(STATED, TEXT, PLACE, v.drawn(f"{PLACE}?r={TEXT}"), v.STATES),
        False,
    ),
    (
        "receipt_of_no_place",
        "receipt.html",
        v.ReceiptView(BARE, TEXT, "", v.drawn(TEXT), v.STATES),
        False,
    ),
)
