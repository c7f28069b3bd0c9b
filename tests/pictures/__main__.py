"""Draws docs/conversations.md: ten conversations in Khmer on a phone, with the real program.

`python -m tests.pictures`. It stops when a text is cut off or a page is wider than the phone.
"""

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.conftest import CHROMIUM_ARGUMENTS, free_port
from tests.running import Running
from tools import system

DOCS = Path(__file__).parents[2] / "docs"
PICTURES = DOCS / "pictures" / "conversations"
WIDTH, HEIGHT = 360, 740
"""Pixels: a small, cheap phone."""

CUT = """() => [...document.querySelectorAll('.bubble, .choices button, .choices button span')]
  .filter((e) => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline')
  .map((e) => e.textContent.slice(0, 40))"""
"""What stands in the chat and does not fit its own box."""

LET_GO = """() => document.querySelectorAll('.top, .composer, .demo')
  .forEach((e) => { e.style.position = 'static'; })"""
"""What floats over the chat would hide a part of a picture that is longer than the screen."""


class Phone:
    """A phone with the chat open."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        page.goto(f"{address}/?language=km")
        self.answered()

    def answered(self) -> None:
        """Wait until the bot said what it had to say."""
        self.page.wait_for_timeout(300)
        self.page.wait_for_selector("#thinking", state="hidden", timeout=60_000)
        self.page.wait_for_timeout(300)

    def says(self, text: str) -> None:
        self.page.fill("#text", text)
        self.page.press("#text", "Enter")
        self.answered()

    def taps(self, *titles: str) -> None:
        for title in titles:
            self.page.locator(".choices button", has_text=title).last.click()
            self.answered()


@dataclass(frozen=True)
class Conversation:
    """One picture: its name, what it shows, and how it comes about."""

    name: str
    shows: str
    play: Callable[[Phone], None]


def _question(phone: Phone) -> None:
    phone.says("ប្រាក់ឈ្នួលតិចបំផុតប៉ុន្មាន?")
    phone.taps("ថៃ")


def _simpler(phone: Phone) -> None:
    phone.says("ខ្ញុំគ្មានឯកសារ តើអាចប្តឹងបានទេ?")
    phone.taps("និយាយឱ្យងាយ")


def _leads_on(phone: Phone) -> None:
    phone.says("ថៅកែទុកលិខិតឆ្លងដែន នៅម៉ាឡេស៊ី តើគេមានសិទ្ធិទេ?")
    phone.taps("ខ្ញុំជួបបញ្ហានេះ")


def _danger(phone: Phone) -> None:
    phone.says("ថៅកែវាយខ្ញុំ ខ្ញុំនៅថៃ ជួយខ្ញុំផង")


def _topics(phone: Phone) -> None:
    phone.says("ចង់ដឹងរឿងលុយ")


def _complaint(phone: Phone) -> None:
    phone.says("ថៅកែមិនបើកប្រាក់ខែឱ្យខ្ញុំ ៣ ខែហើយ")
    phone.taps("ថៃ")


def _consent(phone: Phone) -> None:
    phone.taps("ដាក់ពាក្យបណ្តឹង")
    phone.says("ថៅកែមិនបើកប្រាក់ខែ")
    phone.taps("ថៃ")
    phone.says("ព្រៃវែង")
    phone.says("ថៅកែមិនបើកប្រាក់ខែឱ្យខ្ញុំ ៣ ខែហើយ។")


def _summary(phone: Phone) -> None:
    _consent(phone)
    phone.taps("👍", "👍", "👍")


def _details(phone: Phone) -> None:
    _summary(phone)
    phone.taps("➕", "🤝", "🎯", "💵")


def _news(phone: Phone) -> None:
    phone.taps("ការកំណត់", "ដំណឹង", "ថៃ")


def _old(phone: Phone) -> None:
    phone.says("ព្រំដែនបើកឬនៅ? អាចទៅថៃបានទេឥឡូវ?")


def _hidden(phone: Phone) -> None:
    phone.says("ថៅកែមិនបើកលុយ")
    phone.says("លាក់ឆាតនេះ")


CONVERSATIONS = (
    Conversation("greeting", "The first words, and what she can do", lambda _: None),
    Conversation("question", "A question, the country asked, the answer in bubbles", _question),
    Conversation("old", "An answer past its review date says so, and whom to ask today", _old),
    Conversation("simpler", "The same, said more simply", _simpler),
    Conversation("leads-on", "From an answer to the complaint, its topic filled in", _leads_on),
    Conversation("danger", "Danger first: what to do, and whom to call there", _danger),
    Conversation("topics", "A question that could be many: the list, with pictures", _topics),
    Conversation("complaint", "A grievance opens the complaint, mostly buttons", _complaint),
    Conversation("consent", "Consent, one by one, with why and what a no means", _consent),
    Conversation("summary", "Everything read back before one clear yes", _summary),
    Conversation("details", "More than the least, when she likes: here what she wants", _details),
    Conversation("news", "News when she asks for it, with a warning first", _news),
    Conversation("hidden", "Hidden: the chat is cleared, and ends on an innocent word", _hidden),
)


def main() -> int:
    """Draw them all."""
    chromium = system.chromium()
    if not chromium or not system.khmer_fonts():
        print("Chromium or Khmer letters are missing: make test says how", file=sys.stderr)
        return 1
    PICTURES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        Running(Path(folder), free_port()) as house,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        wrong = [_draw(browser, house.address, each) for each in CONVERSATIONS]
        browser.close()
    (DOCS / "conversations.md").write_text(_page(), encoding="utf-8")
    complaints = [complaint for each in wrong for complaint in each]
    print("\n".join(complaints) or f"{len(CONVERSATIONS)} pictures in {PICTURES.name}/")
    return 1 if complaints else 0


def _draw(browser: object, address: str, conversation: Conversation) -> list[str]:
    context = browser.new_context(  # type: ignore[attr-defined]
        viewport={"width": WIDTH, "height": HEIGHT}, locale="km-KH", reduced_motion="reduce"
    )
    page = context.new_page()
    phone = Phone(page, address)
    conversation.play(phone)
    cut = page.evaluate(CUT)
    wide = page.evaluate("document.documentElement.scrollWidth")
    page.evaluate(LET_GO)
    page.locator("#log").screenshot(path=PICTURES / f"{conversation.name}.png")
    context.close()
    found = [f"{conversation.name}: cut off: {text}" for text in cut]
    return found + ([f"{conversation.name}: {wide} px wide"] if wide > WIDTH else [])


def _page() -> str:
    lines = [
        "# Conversations on a phone",
        "",
        f"Khmer, {WIDTH} px wide, drawn with the running program by `python -m tests.pictures`, "
        "which fails when a text is cut off.",
        "",
    ]
    for each in CONVERSATIONS:
        lines += [f"## {each.shows}", "", f"![{each.shows}]({_link(each)})", ""]
    return "\n".join(lines).rstrip() + "\n"


def _link(conversation: Conversation) -> str:
    return f"pictures/conversations/{conversation.name}.png"


if __name__ == "__main__":
    sys.exit(main())
