"""Invented views of the two pages on which a counsellor helps a walk-in."""

from api.pages.assist import AssistView

CHAT = AssistView(
    case_buttons=("📂 រឿងរបស់ខ្ញុំ", "🔑 ខ្ញុំមានលេខកូដ"),
    address="https://samleng.example",
    platforms=("Telegram", "Messenger"),
)

PAGES: tuple[tuple[str, str, object, bool], ...] = (
    ("assist", "assist.html", AssistView(), True),
    ("assist_chat", "assist_chat.html", CHAT, True),
    ("assist_chat_web_only", "assist_chat.html", AssistView(), True),
)
