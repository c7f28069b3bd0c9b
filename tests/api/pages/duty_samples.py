"""Invented duty pages, with the long names and empty places that break layouts."""

from datetime import UTC, datetime, timedelta

from api.pages.duty_views import AlarmLine, CallLine, DutyView, PhoneLine

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
ALARMS = (
    AlarmLine(
        "a" * 32,
        "482913057",
        NOW - timedelta(minutes=7),
        given_up=False,
        calls=(
            CallLine("មន្ត្រីគំរូ ព្រៃវែង", NOW - timedelta(minutes=7), reached=False),
            CallLine("មន្ត្រីគំរូ ទីពីរ", NOW - timedelta(minutes=6), reached=True),
        ),
    ),
    AlarmLine(
        "b" * 32,
        "060257703",
        NOW - timedelta(hours=2),
        given_up=True,
        calls=(CallLine("អង្គការជំនួយច្បាប់សម្រាប់ស្ត្រី និងកុមារ", NOW - timedelta(hours=2), reached=True),),
    ),
    AlarmLine("c" * 32, "785053853", NOW, given_up=False),
)
FIRST = PhoneLine("1" * 32, "មន្ត្រីគំរូ ព្រៃវែង", True, NOW - timedelta(days=9), True, True, False)
SECOND = PhoneLine(
    "2" * 32, "មន្ត្រីគំរូ ទីពីរ ដែលមានឈ្មោះវែងណាស់", False, NOW - timedelta(days=1), False, False, True
)

BUSY = DutyView(ALARMS, (FIRST, SECOND), FIRST, orders=True, connected=True, minutes=15)
CODE = DutyView((), (), None, orders=False, connected=True, minutes=15, code="04817356")
BARE = DutyView(
    (),
    (),
    None,
    orders=False,
    connected=False,
    minutes=15,
    note="Somebody else has taken it already.",
    problem="You cannot change this phone.",
)

PAGES: tuple[tuple[str, str, object, bool], ...] = (
    ("duty", "duty.html", BUSY, True),
    ("duty_code", "duty.html", CODE, True),
    ("duty_bare", "duty.html", BARE, True),
)
"""As in samples.py."""
