"""Invented views of the office's own pages: searching, who read what, numbers."""

from datetime import UTC, date, datetime, timedelta

from api.pages import counts_views, reading_views, search_views
from api.pages import views as v

NIGHT = datetime(2026, 11, 20, 18, 40, tzinfo=UTC)
WORKER, LONG = "អ្នកឆ្លើយគំរូ ឈ្មោះវែងណាស់ណាស់ណាស់", "មន្ត្រីគំរូ ព្រៃវែង"
WAGES = v.Label("unpaid_wages", "មិនបើកប្រាក់ខែ ឬបើកយឺត", "💰")
LINE = v.CaseLine(
    code="482913057",
    urgency="soon",
    age=timedelta(days=4),
    category=WAGES,
    province="ព្រៃវែង",
    country="ថៃ",
    status=v.Label("taken", "មានអ្នកទទួល"),
    handler=LONG,
    mine=False,
    unread=0,
)
SEARCH = search_views.SearchView(
    kinds=tuple(v.Label(each, each) for each in ("phone", "name", "agency")),
    kind="agency",
    term="ក្រុមហ៊ុនឧទាហរណ៍",
    found=(search_views.FoundLine(LINE, 1, 2),),
    left=3,
    most=50,
)
READING = reading_views.ReadingView(
    unusual=(
        reading_views.UnusualLine(
            WORKER, date(2026, 11, 20), "បើកករណី ២៣ ផ្សេងគ្នាក្នុងមួយម៉ោង។", "482913057"
        ),
    ),
    days=(
        reading_views.TallyDay(
            date(2026, 11, 20), (reading_views.TallyLine(WORKER, 23, 4, 31, 1, 2),)
        ),
    ),
    acts=(
        reading_views.ActLine(NIGHT, WORKER, "បានបើកករណី", "482913057"),
        reading_views.ActLine(NIGHT, LONG, "បានមើលទំព័រនេះ"),
    ),
    members=(v.Label("a" * 32, WORKER), v.Label("b" * 32, LONG)),
    older="/reading?page=2#acts",
)
COUNTS = counts_views.CountsView(
    months=(
        counts_views.MonthView(
            "តុលា 2026",
            (v.Label("TH", "ថៃ"), v.Label("MY", "ម៉ាឡេស៊ី")),
            (counts_views.TopicLine(WAGES, ("12", "")),),
            "9",
        ),
    ),
    first="មករា 2026",
    last="តុលា 2026",
    fewest=5,
)
PAGES: tuple[tuple[str, str, object, bool], ...] = (
    ("search", "search.html", SEARCH, True),
    ("reading", "reading.html", READING, True),
    ("counts", "counts.html", COUNTS, True),
)
