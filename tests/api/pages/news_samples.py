"""Invented views of the pages of news, with the long words and empty places that break layouts."""

from datetime import UTC, date, datetime, timedelta

from api.pages import news_views as n
from api.pages.editing_views import Bubble, Complaint
from api.pages.news import LIMITS
from api.pages.views import Label

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
THAI, ANYWHERE = Label("TH", "ថៃ", "🇹🇭"), Label("any", "គ្រប់ទីកន្លែង", "🌏")
TEXT = "ការចុះឈ្មោះពលករខ្មែរនៅប្រទេសថៃ បើកហើយ។ អ្នកមានពេល 30 ថ្ងៃ។ សូមយកលិខិតឆ្លងដែនទៅជាមួយ។"
STATES = {
    "draft": "សេចក្តីព្រាង",
    "sending": "កំពុងផ្ញើ",
    "stopped": "បានឈប់",
    "done": "បានផ្ញើ",
}
COUNTS = (
    n.Count(Label("waiting", "រង់ចាំ"), 1_204),
    n.Count(Label("sent", "បានទទួល"), 812),
    n.Count(
        Label("unsure", "មិនច្បាស់"),
        2,
        "អាចបានទៅដល់ហើយ។ យើងមិនផ្ញើម្តងទៀតទេ ដើម្បីកុំឱ្យអ្នកណាទទួលពីរដង។",
    ),
    n.Count(Label("refused", "គេមិនទទួល"), 31),
)
PHONES = tuple(
    n.Phone(Label(code, name), (Bubble(words, ("🔕 ឈប់ទទួលដំណឹង", "🏠 ម៉ឺនុយ"), ""),))
    for code, name, words in (
        (
            "km",
            "ភាសាខ្មែរ",
            f"📰 {TEXT}\n📌 ក្រសួងការងារ និងបណ្តុះបណ្តាលវិជ្ជាជីវៈ (ថ្ងៃទី 20 ខែវិច្ឆិកា ឆ្នាំ 2026)",
        ),
        ("en", "ភាសាអង់គ្លេស", "📰 Registration is open.\n📌 Ministry of Labour (20 November 2026)"),
    )
)
AUDIENCE = n.AudienceView(
    2_047,
    2_000,
    47,
    (n.Count(Label("messenger", "Messenger"), 400), n.Count(Label("telegram", "Telegram"), 1_600)),
    (n.Count(Label("web", "គេហទំព័រនេះ"), 47),),
)
FORM = {
    "country": "TH",
    "text_km": TEXT,
    "text_en": "Call 1280.",
    "source_km": "ក្រសួងការងារ",
    "source_en": "Ministry of Labour",
    "as_of": "2026-11-20",
}
EMPTY = dict.fromkeys(FORM, "") | {"as_of": "2026-11-21"}


def line(state: str, **changes: object) -> n.AlertLine:
    given: dict[str, object] = {
        "path": "/news/invented",
        "country": THAI,
        "text": TEXT,
        "state": Label(state, STATES[state]),
        "at": NOW - timedelta(hours=3),
        "who": "អ្នកនិពន្ធគំរូ",
    }
    return n.AlertLine(**{**given, **changes})  # type: ignore[arg-type]


def alert(state: str, **changes: object) -> n.AlertView:
    given: dict[str, object] = {
        "path": "/news/invented",
        "country": ANYWHERE,
        "state": Label(state, STATES[state]),
        "who": "អ្នកនិពន្ធគំរូ",
        "created_at": NOW - timedelta(hours=4),
        "started_at": None if state == "draft" else NOW - timedelta(hours=3),
        "ended_at": NOW if state in ("done", "stopped") else None,
        "as_of": date(2026, 11, 20),
        "phones": PHONES,
    }
    return n.AlertView(**{**given, **changes})  # type: ignore[arg-type]


SENDING = n.ProgressView(2_049, 845, COUNTS, NOW + timedelta(hours=16), may_stop=True)
NIGHT = NOW + timedelta(hours=16)

PAGES: tuple[tuple[str, str, object, bool], ...] = (
    (
        "news",
        "news.html",
        n.AlertsView(
            (line("draft"), line("sending", counts=COUNTS), line("done", country=ANYWHERE))
        ),
        True,
    ),
    ("no_news", "news.html", n.AlertsView(()), True),
    (
        "write_news",
        "news_write.html",
        n.WriteView("/news/new", "/news", EMPTY, (THAI, ANYWHERE), LIMITS),
        True,
    ),
    (
        "news_refused",
        "news_write.html",
        n.WriteView(
            "/news/invented/change",
            "/news/invented",
            FORM,
            (THAI, ANYWHERE),
            LIMITS,
            {
                "text_en": (
                    Complaint(
                        "Here is a number that could be called; "
                        "numbers come from the list of contacts alone.",
                        "1280",
                    ),
                ),
                "as_of": (Complaint("There is no such day."),),
            },
            "Not saved: some words cannot be said like this. See below.",
            typed=True,
        ),
        True,
    ),
    (
        "news_draft",
        "news_item.html",
        alert("draft", audience=AUDIENCE, asleep=NIGHT, saved="/news/new"),
        True,
    ),
    ("news_asked", "news_item.html", alert("draft", audience=AUDIENCE, asking=True), True),
    ("news_for_nobody", "news_item.html", alert("draft", audience=n.AudienceView(0, 0, 0)), True),
    ("news_sending", "news_item.html", alert("sending", progress=SENDING), True),
    (
        "news_stopped",
        "news_item.html",
        alert("stopped", progress=n.ProgressView(2_049, 845, COUNTS)),
        True,
    ),
)
