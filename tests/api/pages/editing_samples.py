"""Invented views of the editors' pages, with the long words and empty places that break layouts."""

from datetime import UTC, date, datetime, timedelta

from api.pages import editing_views as e
from api.pages.editing import LIMITS, LIST_LIMITS
from api.pages.views import Label

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
KM, EN = Label("km", "ភាសាខ្មែរ"), Label("en", "ភាសាអង់គ្លេស")
THAI, ANYWHERE = Label("TH", "ថៃ", "🇹🇭"), Label("any", "គ្រប់ទីកន្លែង", "🌏")
WAGE = Label("minimum_wage", "ប្រាក់ខែ", "💰")
VOICES = (
    e.Voice(KM, "/chat/recordings/a", stale=True, size=310_000, at=NOW - timedelta(days=9)),
    e.Voice(EN),
)


def line(title: str, country: Label, **changes: object) -> e.AnswerLine:
    given: dict[str, object] = {
        "path": "/answers/minimum_wage/TH",
        "title": Label("x", title, "💰"),
        "country": country,
        "as_of": "ថ្ងៃទី 1 ខែកក្កដា ឆ្នាំ 2025",
        "age": timedelta(days=508),
        "review_by": date(2026, 7, 1),
        "old": False,
        "changed": False,
        "voices": (),
        "helpers": "all",
    }
    return e.AnswerLine(**{**given, **changes})  # type: ignore[arg-type]


OLD = line("ប្រាក់ខែយ៉ាងតិចតាមច្បាប់", THAI, old=True, changed=True, voices=VOICES)
HELPLESS = line("ចេញដំណើរយឺត ហើយក្រុមហ៊ុនមិនសងលុយវិញ", ANYWHERE, helpers="none")
ANSWERS = e.AnswersView(
    overdue=(OLD, HELPLESS),
    stale=(OLD,),
    helpless=(HELPLESS,),
    parts=(
        e.Part("មុនចេញដំណើរ", (HELPLESS, line("ផ្លូវ MOU", THAI, helpers="some"))),
        e.Part("នៅកន្លែងធ្វើការ", (OLD,)),
    ),
    countries=(THAI, ANYWHERE),
    taken_over=3,
)
QUIET = e.AnswersView((), (), (), (e.Part("លុយ", (line("ផ្ញើលុយ", ANYWHERE),)),), (ANYWHERE,), "any")

WORDS = e.Words(
    said=(
        e.Said(
            KM,
            "នៅថៃ ថៅកែត្រូវបើកលុយយ៉ាងតិច ក្នុងមួយថ្ងៃ តាមខេត្ត៖\n• បាងកក 400 បាត",
            ("មើលថា អ្នកបានប៉ុន្មានបាត ក្នុងមួយថ្ងៃ។", "បើបានតិចជាងនេះ សូមប្រាប់យើង។"),
            "នៅបាងកក យ៉ាងតិច 400 បាតមួយថ្ងៃ។",
            "Tilleke & Gibbins និង Bangkok Post",
        ),
        e.Said(EN, "At least 400 baht a day. <b>no HTML</b>", (), "At least 400 baht.", "Tilleke"),
    ),
    as_of="ខែកក្កដា ឆ្នាំ 2025",
    review_by=date(2026, 7, 1),
    ask=("លេខការងារថៃ", "LPN"),
)
FORM = {
    "km_answer": WORDS.said[0].answer,
    "km_steps": "\n".join(WORDS.said[0].steps),
    "km_simple": WORDS.said[0].simple,
    "source_km": WORDS.said[0].source,
    "en_answer": WORDS.said[1].answer,
    "en_steps": "",
    "en_simple": WORDS.said[1].simple,
    "source_en": WORDS.said[1].source,
    "as_of": "2025-07-01",
    "review_by": "2026-07-01",
    "ask_1": "th_1546",
    "ask_2": "",
    "ask_3": "",
    "note": "",
}
HELPERS = (
    e.Helper("th_1546", "ក្រសួងការងារថៃ (សុខុមាលភាពពលករ និងការការពារ)", "1546", "V", shown=False),
    e.Helper("th_lpn", "LPN", "085 000 0000", "v", shown=True),
)
HISTORY = (
    e.Version(7, NOW, "អ្នកកែគំរូ", "តម្លៃថ្មី ពីគេហទំព័រក្រសួង", WORDS, to_file=False, now=True),
    e.Version(5, NOW - timedelta(days=2), "", "", WORDS, to_file=False, now=False),
    e.Version(4, NOW - timedelta(days=3), "អ្នកកែគំរូ", "", None, to_file=True, now=False),
    e.Version(3, NOW - timedelta(days=4), "អ្នកកែគំរូ", "", None, to_file=False, now=False),
)
ANSWER = e.AnswerView(
    path="/answers/minimum_wage/TH",
    title=WAGE,
    country=THAI,
    old=True,
    changed=True,
    review_by=date(2026, 7, 1),
    over=7,
    form=FORM,
    helpers=HELPERS,
    voices=VOICES,
    history=HISTORY,
    note="Saved. From now on the chat says it so.",
    limits=LIMITS,
    list_limits=LIST_LIMITS,
)
BUBBLES = (
    e.Bubble("⚠️ ព័ត៌មាននេះចាស់ហើយ។ សូមសួរថ្ងៃនេះ។", voice="/chat/recordings/a"),
    e.Bubble(WORDS.said[0].answer),
    e.Bubble(
        "👣 អ្វីដែលអ្នកអាចធ្វើ៖\n1️⃣ មើលថា អ្នកបានប៉ុន្មានបាត។",
        ("✊ ខ្ញុំជួបបញ្ហានេះ", "🧑 និយាយជាមួយមនុស្ស", "🏠 ម៉ឺនុយ"),
    ),
)
REFUSED = e.AnswerView(
    path="/answers/minimum_wage/TH",
    title=WAGE,
    country=THAI,
    old=False,
    changed=False,
    review_by=date(2027, 7, 1),
    over=0,
    form={**FORM, "km_answer": "ហៅ 012 345 678"},
    helpers=HELPERS,
    voices=(e.Voice(KM), e.Voice(EN)),
    complaints={
        "km_answer": (
            e.Complaint(
                "Here is a number that could be called; "
                "numbers come from the list of contacts alone.",
                "012 345 678",
            ),
        ),
        "en_steps": (e.Complaint("This is too long.", "140 > 110", "2"),),
        "as_of": (e.Complaint("There is no such day."),),
        "ask_1": (e.Complaint("Choose at least one who can help."),),
    },
    preview=(e.Chat(KM, BUBBLES, BUBBLES[:1]), e.Chat(EN, BUBBLES[:2], BUBBLES[:1])),
    stands=WORDS,
    problem="Not saved: some words cannot be said like this. See below.",
    typed=True,
    limits=LIMITS,
    list_limits=LIST_LIMITS,
)


def number(code: str, name: str, state: str, **changes: object) -> e.NumberLine:
    given: dict[str, object] = {
        "code": code,
        "name": name,
        "number": "1300",
        "whatsapp": "",
        "country": THAI,
        "mark": "V",
        "source": "2021; example.org. Not confirmed for Khmer.",
        "emergency": False,
        "checked": date(2026, 8, 1),
        "until": date(2026, 10, 30),
        "works": None,
        "shown": False,
        "state": state,
    }
    return e.NumberLine(**{**given, **changes})  # type: ignore[arg-type]


CALLS = (
    e.Call(NOW - timedelta(days=1), "អ្នកកែគំរូ", works=False, note="គ្មានអ្នកលើក ហៅ 3 ដង"),
    e.Call(NOW - timedelta(days=95), "", works=True, note=""),
)
NUMBERS = e.NumbersView(
    due=(
        number("a", "ជំនួយសង្គមថៃ (ជួញដូរមនុស្ស គេធ្វើបាប)", "over"),
        number("b", "នគរបាលថៃ", "over", emergency=True, shown=True),
        number("c", "LPN", "broken", works=False, mark="v", calls=CALLS),
        number("d", "ស្ថានទូត", "soon", works=True, shown=True, until=date(2026, 11, 29)),
    ),
    others=(
        number(
            "f",
            "Talian Kasih",
            "good",
            number="15999 / 019-261 5999",
            whatsapp="019-261 5999",
            shown=True,
            until=date(2027, 2, 1),
        ),
    ),
    days=90,
    note="Noted. Thank you for calling.",
)
NO_CALLS = e.NumbersView(due=(), others=NUMBERS.others, days=90)

CHANGE = e.ChangeLine("/answers/minimum_wage/TH", WAGE, THAI, WORDS, WORDS)
IMPORT = e.ImportView(sent=True, changes=(CHANGE, CHANGE), content="a: <b>\nc", mark="m")
IMPORT_REFUSED = e.ImportView(
    sent=True,
    changes=(CHANGE,),
    complaints=(e.Complaint("This is too long.", "140 > 110", "minimum_wage.TH.km.steps.2"),),
    meanwhile=True,
)
IMPORT_BAD = e.ImportView(
    sent=True, problem="The file has not the shape of answers.", where="minimum_wage.0.km.answer"
)

PAGES: tuple[tuple[str, str, object, bool], ...] = (
    ("answers", "answers.html", ANSWERS, True),
    ("answers_quiet", "answers.html", QUIET, True),
    ("answer", "answer.html", ANSWER, True),
    ("answer_refused", "answer.html", REFUSED, True),
    ("numbers", "numbers.html", NUMBERS, True),
    ("numbers_quiet", "numbers.html", NO_CALLS, True),
    ("import", "import.html", e.ImportView(), True),
    ("import_changes", "import.html", IMPORT, True),
    ("import_refused", "import.html", IMPORT_REFUSED, True),
    ("import_bad", "import.html", IMPORT_BAD, True),
    ("import_same", "import.html", e.ImportView(sent=True), True),
)
"""As in samples.py, where they join the other pages."""
