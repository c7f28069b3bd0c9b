"""Invented pages of kept and erased cases, with the long names and empty places that break
layouts.
"""

from datetime import UTC, datetime, timedelta

from api.pages.retention_views import CertificateLine, EndingLine, RetentionView
from api.pages.views import Label

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
ENDING = (
    EndingLine(
        "482913057",
        Label("unpaid_wages", "មិនបានប្រាក់ឈ្នួល ឬបានមិនគ្រប់", "💵"),
        "អ្នកប្តឹងមិនពេញចិត្ត ឬពេញចិត្តតែខ្លះ",
        NOW - timedelta(days=701),
        NOW + timedelta(days=30),
    ),
    EndingLine(
        "060257703",
        Label("documents_withheld", "ដកហូតឯកសារ", "📕"),
        "បិទហើយ តែអ្នកប្តឹងមិនបានប្រាប់ថាចប់យ៉ាងណា",
        NOW - timedelta(days=715),
        NOW + timedelta(days=16),
    ),
)
ERASED = (
    CertificateLine(
        "7be1046f", "អស់រយៈពេលរក្សាទុក", NOW - timedelta(days=735), NOW, 12, 3, genuine=True
    ),
    CertificateLine(
        "c0ffee12",
        "អ្នកប្តឹងដកការយល់ព្រមវិញទាំងអស់ ហើយគ្មានអ្នកណាអាចអានទៀត",
        None,
        NOW - timedelta(days=9),
        1,
        0,
        genuine=False,
    ),
)
KEPT = (
    ("អ្នកប្តឹងពេញចិត្ត", 24),
    ("អ្នកប្តឹងមិនពេញចិត្ត ឬពេញចិត្តតែខ្លះ", 36),
    ("អ្នកប្តឹងបិទដោយខ្លួនឯង", 12),
    ("បិទហើយ តែអ្នកប្តឹងមិនបានប្រាប់ថាចប់យ៉ាងណា", 24),
)
REASONS = (
    Label("court", "តុលាការ ឬការសម្រុះសម្រួលកំពុងដោះស្រាយ"),
    Label("inquiry", "អាជ្ញាធរកំពុងស៊ើបអង្កេត"),
    Label("payment", "ប្រាក់កំពុងបង់នៅឡើយ"),
    Label("her_wish", "អ្នកប្តឹងបានសុំ"),
)

BUSY = RetentionView(ENDING, ERASED, KEPT, 30, REASONS, (3, 6, 12))
ASKED = RetentionView((), ERASED, KEPT, 30, asked="785053853", found=ERASED[:1])
BARE = RetentionView(
    (),
    (),
    KEPT,
    1,
    asked="785053853",
    note="The case is kept longer. Your office will be told again before it is erased.",
    problem="Please choose a reason and for how long.",
)

PAGES: tuple[tuple[str, str, object, bool], ...] = (
    ("retention", "retention.html", BUSY, True),
    ("retention_asked", "retention.html", ASKED, True),
    ("retention_bare", "retention.html", BARE, True),
)
"""As in samples.py."""
