"""Invented pages about keys and members, with long names and empty places."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from api.pages.keys_views import Holder, KeysView
from api.pages.members_views import AccountView, DoneView, MemberLine, MembersView
from api.pages.views import Label

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
OFFICE = "មជ្ឈមណ្ឌលធនធានពលករ (MRC) ខេត្តព្រៃវែង"

MEMBERS = MembersView(
    lines=(
        MemberLine(
            "1",
            "មន្ត្រីគំរូ ព្រៃវែង",
            "prey-veng@mrc.demo",
            "អ្នកត្រួតពិនិត្យ",
            Label("active", "កំពុងប្រើ"),
            mine=True,
            may_end=True,
        ),
        MemberLine(
            "2",
            "មន្ត្រីគំរូ ទីពីរ ដែលមានឈ្មោះវែងណាស់",
            "second-with-a-long-address@mrc.demo",
            "អ្នកទទួលករណី",
            Label("pending", "រង់ចាំការទទួលឱ្យចូល"),
            may_admit=True,
            may_end=True,
            may_reset=True,
        ),
        MemberLine(
            "3",
            "",
            "third@mrc.demo",
            "អ្នកទទួលករណី",
            Label("invited", "បានអញ្ជើញ មិនទាន់ឆ្លើយ"),
            office=OFFICE,
            may_withdraw=True,
        ),
    ),
    left=(
        MemberLine(
            "4",
            "មន្ត្រីគំរូ ចាស់",
            "old@mrc.demo",
            "អ្នកទទួលករណី",
            Label("left", "left"),
            left="3 វិច្ឆិកា 2026",
        ),
    ),
    may_invite=True,
    roles=(Label("case_worker", "អ្នកទទួលករណី"), Label("supervisor", "អ្នកត្រួតពិនិត្យ")),
    link="http://127.0.0.1:8000/invite/invented-invented-invented-invented-inv",
    link_for="third@mrc.demo",
    note="This person has left. The open cases are with nobody: please give them out.",
)

HELD = KeysView(
    organisation=OFFICE,
    holds=True,
    generation=3,
    since=NOW - timedelta(days=2),
    holders=(Holder("មន្ត្រីគំរូ ព្រៃវែង", "អ្នកត្រួតពិនិត្យ", mine=True),),
    waiting=(Holder("មន្ត្រីគំរូ ទីពីរ ដែលមានឈ្មោះវែងណាស់", "អ្នកទទួលករណី"),),
    left=73,
    of=120,
    recovery=False,
)
SAFE = replace(
    HELD,
    left=0,
    recovery=True,
    recovery_at=NOW - timedelta(days=30),
    left_since=True,
    note="The recovery key is in force. The one before, if there was one, opens nothing.",
)
SHOWN = replace(
    HELD,
    shown=("ABCD", "EFGH", "IJKL", "MNOP", "QRST", "UVWX", "YZ23", "4567", "WMWM"),
    typing=True,
)
LOST = replace(
    HELD,
    holds=False,
    holders=(),
    recovery=True,
    problem="This is not the recovery key of your office, or there is a slip in it.",
)
NOTHING = replace(HELD, holds=False, holders=(), recovery=False)

PAGES: tuple[tuple[str, str, object, bool], ...] = (
    ("members", "members.html", MEMBERS, True),
    (
        "members_refused",
        "members.html",
        replace(MEMBERS, problem="You cannot admit this person."),
        True,
    ),
    ("keys", "keys.html", HELD, True),
    ("keys_safe", "keys.html", SAFE, True),
    ("keys_shown", "keys.html", SHOWN, True),
    ("keys_lost", "keys.html", LOST, True),
    ("keys_nothing", "keys.html", NOTHING, True),
    ("setup", "setup.html", AccountView(first=True, organisation="", email="a@b.demo"), False),
    (
        "setup_begins",
        "setup.html",
        AccountView(False, OFFICE, begins=True, email="a@b.demo"),
        False,
    ),
    ("setup_lost", "setup.html", AccountView(False, OFFICE, lost=True, email="a@b.demo"), False),
    ("invite_editor", "setup.html", AccountView(False, "", edits=True), False),
    ("done_begins", "done.html", DoneView(begins=True), False),
    ("done", "done.html", DoneView(waiting=True), False),
    ("gone", "done.html", DoneView(gone=True), False),
)
"""As in samples.py."""
