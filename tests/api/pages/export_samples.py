"""Invented views of the page that hands a case to somebody outside."""

from api.pages import export_words as said
from api.pages.export_views import ExportView
from api.pages.views import Label

REASONS = (
    Label("lawyer", "សម្រាប់មេធាវីរបស់សាមីខ្លួន"),
    Label("court", "សម្រាប់តុលាការ តាមបំណងរបស់សាមីខ្លួន"),
    Label("her_wish", "សម្រាប់សាមីខ្លួន ឬអ្នកដែលសាមីខ្លួនបានប្រាប់ឈ្មោះ"),
)
ASK = ExportView("482913057", for_lawyer=True, reasons=REASONS, receiver_limit=120)
COMPARE = ExportView(
    "482913057",
    for_lawyer=False,
    reasons=REASONS[1:],
    receiver_limit=120,
    key="-----BEGIN SAMLENG PUBLIC KEY-----\n",
    fingerprint="e6f7 24e8 140f 8e48",
    receiver="ការិយាល័យមេធាវីគំរូ សហការី និងអ្នកច្បាប់ ខេត្តព្រៃវែង",
    reason="court",
    problem=said.NO_CONSENT,
)

PAGES: tuple[tuple[str, str, object, bool], ...] = (
    ("export", "export.html", ASK, True),
    ("export_compare", "export.html", COMPARE, True),
)
