"""One complaint, all the way: the real program, Rasa, a real browser, stand-ins for the platforms.

What each side sees is asserted: the migrant on Telegram, another on Messenger, the counsellor at
the desk.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.api.pages.at_door import sets_up_phone
from tests.running import Running
from tests.standins import Bubble, wait_for
from tests.standins.messenger import MessengerPerson, MessengerStandin
from tests.standins.telegram import TelegramPerson, TelegramStandin

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.rasa, pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(400)]

PASSWORD = "ពាក្យសម្ងាត់វែងល្មម"
STORY = "ខ្ញុំធ្វើការសំណង់នៅបាងកក ថៅកែមិនបើកប្រាក់ខែឱ្យខ្ញុំពីរខែហើយ"
LETTER = "សួស្តី ខ្ញុំជាអ្នកប្រឹក្សា។ សូមផ្ញើរូបកិច្ចសន្យាមកខ្ញុំ។"
ADDITION = "ខ្ញុំមានតែរូបបង្កាន់ដៃទេ"
VOICE = b"OggS" + bytes(range(256)) * 400
PHOTO = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 300
Person = TelegramPerson | MessengerPerson
CODE = re.compile(r"\d{3}-\d{3}-\d{3}")


@dataclass
class Stage:
    """Everybody and everything on the road."""

    house: Running
    telegram: TelegramStandin
    messenger: MessengerStandin
    browser: "Browser"
    counsellor: "Page"


@pytest.fixture(scope="module")
def stage(
    tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int], browser: "Browser"
) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("road")
    with TelegramStandin() as telegram, MessengerStandin() as messenger:
        settings = {
            "TELEGRAM_BOT_TOKEN": telegram.token,
            "TELEGRAM_API_URL": telegram.address,
            "MESSENGER_PAGE_TOKEN": messenger.token,
            "MESSENGER_APP_SECRET": messenger.app_secret,
            "MESSENGER_VERIFY_TOKEN": messenger.verify_token,
            "MESSENGER_GRAPH_URL": messenger.graph_url,
        }
        with Running(folder, free_port(), **settings) as house:
            counsellor = staff_comes(house, browser)
            assert messenger.subscribe(f"{house.address}/webhooks/messenger") == 200
            yield Stage(house, telegram, messenger, browser, counsellor)


def staff_comes(house: Running, browser: "Browser") -> "Page":
    """The first start: administrator by one-time link, an office, its counsellor, signed in."""
    page = browser.new_context(locale="km-KH").new_page()
    page.goto(house.address + house.setup_path())
    make_account(page, "អ្នកគ្រប់គ្រង", "chief@example.org")
    office = house.command(
        "org", "add", "--kind", "mrc", "--province", "KH-14",
        "--name-km", "មជ្ឈមណ្ឌល ព្រៃវែង", "--name-en", "Centre Prey Veng",
    )  # fmt: skip
    link = house.command(
        "member",
        "invite",
        "counsellor@example.org",
        "--organisation",
        office,
        "--role",
        "supervisor",
    )
    page = browser.new_context(locale="km-KH").new_page()
    page.goto(link)
    make_account(page, "អ្នកប្រឹក្សា")
    page.goto(f"{house.address}/sign-in")
    page.fill("input[name=email]", "counsellor@example.org")
    page.fill("input[name=password]", PASSWORD)
    page.click("form[action='/sign-in'] button.strong")
    sets_up_phone(page)
    page.wait_for_url("**/cases")
    return page


def make_account(page: "Page", name: str, email: str | None = None) -> None:
    if email:
        page.fill("input[name=email]", email)
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", PASSWORD)
    page.fill("input[name=again]", PASSWORD)
    page.click("main form button.strong")


def offering(person: Person, payload: str) -> list[Bubble]:
    """Wait until a bubble offers this button; gives such bubbles, oldest first."""
    wait_for(lambda: _offering(person, payload))
    return _offering(person, payload)


def _offering(person: Person, payload: str) -> list[Bubble]:
    return [b for b in person.sees() if any(c.payload == payload for c in b.buttons)]


def answers(person: Person, question: str, payload: str) -> None:
    """Wait for a question that offers this button, see that it asks what it should, and press."""
    last = offering(person, payload)[-1]
    bubbles = person.sees()
    # One idea a bubble: the question may stand in one before that with its buttons.
    near = bubbles[: bubbles.index(last) + 1][-3:]
    assert any(question in bubble.text for bubble in near)
    person.taps(payload)


def after(person: Person, act: Callable[[], object], words: str) -> Bubble:
    """Do something, and give the first new bubble with these words."""
    seen = len(person.sees())
    act()

    def new() -> list[Bubble]:
        return [b for b in person.sees()[seen:] if words in b.text]

    wait_for(new)
    return new()[0]


def agrees_to_everything(person: Person, name: str | None = None) -> str:
    """Answer the questions of consent one by one, tell the name, send, and give the code that is
    said.
    """
    for question, button in (
        ("រក្សា", "inform:store=yes"),
        ("មជ្ឈមណ្ឌល", "inform:share_mrc=yes"),
        ("សរសេរមកអ្នក", "inform:contact_me=yes"),
    ):
        answers(person, question, button)
    summary = person.hears("សូមពិនិត្យម្តងទៀត").text
    assert "ព្រៃវែង" in summary
    if name is not None:
        for button in ("details", "details:of=who", "detail:detail=name"):
            offering(person, button)
            person.taps(button)
        person.hears("ហៅអ្នក")
        after(person, lambda: person.says(name), "🔒")
        person.taps("done")
        offering(person, "detail:detail=employer")
        after(person, lambda: person.taps("done"), name)
    offering(person, "inform:lodge=yes")
    person.taps("inform:lodge=yes")
    receipt = person.hears("លេខកូដ").text
    found = CODE.search(receipt)
    assert found, receipt
    return found.group()


@pytest.fixture(scope="module")
def dara(stage: Stage) -> TelegramPerson:
    person = stage.telegram.person("ដារ៉ា")
    person.starts()
    return person


@pytest.fixture(scope="module")
def code(stage: Stage, dara: TelegramPerson) -> str:
    """Dara asks, then complains in words and by voice, on Telegram."""
    greeting = offering(dara, "complaint")[-1]
    assert len(greeting.buttons) == 7
    dara.says("តើប្រាក់ឈ្នួលអប្បបរមានៅថៃប៉ុន្មាន")
    answer = dara.hears("400")
    assert "បាត" in answer.text

    dara.says("ថៅកែមិនបើកលុយឱ្យខ្ញុំ ២ខែហើយ")
    answers(dara, "ប្រទេសណា", "inform:country=TH")
    dara.hears("ខេត្តណា")
    dara.says("ព្រៃវែង")
    dara.hears("មានរឿងអ្វីកើតឡើង")
    after(dara, lambda: dara.says(STORY), "ចាក់សោទុករួចហើយ")
    after(dara, lambda: dara.sends_voice(VOICE), "ចាក់សោទុករួចហើយ")
    place = {"latitude": 13.7563, "longitude": 100.5018}
    after(dara, lambda: dara.sends("location", place), "ចាក់សោទុករួចហើយ")
    return agrees_to_everything(dara)


def test_the_counsellor_reads_hears_and_takes_the_case(stage: Stage, code: str) -> None:
    page, plain = stage.counsellor, code.replace("-", "")
    page.goto(f"{stage.house.address}/cases")
    assert "មិនបើក" in page.inner_text("main")
    page.click(f"a[href='/cases/{plain}'] >> nth=0")
    page.wait_for_url(f"**/cases/{plain}")
    shown = page.inner_text("main")
    assert STORY in shown
    assert "13.7563" in shown
    assert "ព្រៃវែង" in shown
    source = page.get_attribute("audio", "src") or ""
    heard = page.request.get(stage.house.address + source)
    assert heard.body() == VOICE
    assert heard.headers["x-content-type-options"] == "nosniff"
    page.click(f"form[action='/cases/{plain}/take'] button")
    page.wait_for_load_state()
    assert "អ្នកប្រឹក្សា" in page.inner_text("main")


def test_the_migrant_hears_that_it_was_opened_and_taken(
    stage: Stage, dara: TelegramPerson, code: str
) -> None:
    status = after(dara, lambda: dara.says("រឿងរបស់ខ្ញុំដល់ណាហើយ"), code).text
    assert "មិនទាន់មានអ្នកបើកអាន" not in status


def test_a_letter_is_announced_without_a_word_of_it_and_read_on_asking(
    stage: Stage, dara: TelegramPerson, code: str
) -> None:
    page, plain = stage.counsellor, code.replace("-", "")
    page.goto(f"{stage.house.address}/cases/{plain}")
    page.fill("textarea[name=text]", LETTER)
    page.click(f"form[action='/cases/{plain}/letters'] button.strong")
    page.wait_for_load_state()
    assert LETTER in page.inner_text("main")

    notice = offering(dara, "letter")[-1]
    assert not set(LETTER.split()) & set(notice.text.split())
    after(dara, lambda: dara.taps("letter"), LETTER)

    after(dara, lambda: dara.taps("case_add"), code)
    after(dara, lambda: dara.says(ADDITION), "ខ្ញុំបានទទួលហើយ")
    page.reload()
    assert ADDITION in page.inner_text("main")


def test_messenger_goes_the_same_road_and_a_repeated_delivery_makes_no_second_case(
    stage: Stage,
) -> None:
    sokha = stage.messenger.person("សុខា")
    sokha.starts()
    sokha.hears("សំឡេង")
    sokha.says("គេយកលិខិតឆ្លងដែនខ្ញុំមិនឱ្យវិញ")
    answers(sokha, "ប្រទេសណា", "inform:country=MY")
    sokha.hears("ខេត្តណា")
    sokha.says("prey veng")
    sokha.hears("មានរឿងអ្វីកើតឡើង")
    sokha.sends_photo(PHOTO)
    sokha.hears("ចាក់សោទុករួចហើយ")
    stage.messenger.deliver_twice()
    code = agrees_to_everything(sokha, "សុខា ដារា").replace("-", "")

    page = stage.counsellor
    page.goto(f"{stage.house.address}/cases?show=all")
    assert (
        page.locator("a[href^='/cases/']:not([href*='?'])").evaluate_all(
            "links => new Set(links.map(a => a.getAttribute('href'))).size"
        )
        == 2
    )
    page.goto(f"{stage.house.address}/cases/{code}")
    assert "សុខា ដារា" in page.inner_text("main")
    source = page.get_attribute("main a[href*='/files/'][download]", "href") or ""
    assert page.request.get(stage.house.address + source).body() == PHOTO

    stage.messenger.pass_time(timedelta(hours=25))
    page.fill("textarea[name=text]", LETTER)
    page.click(f"form[action='/cases/{code}/letters'] button.strong")
    page.wait_for_load_state()
    sokha.says("សួស្តី")
    offering(sokha, "letter")
    after(sokha, lambda: sokha.taps("letter"), LETTER)


def test_danger_comes_first_in_the_middle_of_a_complaint(stage: Stage) -> None:
    person = stage.telegram.person("ម៉ាលី")
    person.starts()
    answers(person, "សំឡេង", "complaint")
    offering(person, "inform:group=work")
    cry = "ជួយខ្ញុំផង គេវាយខ្ញុំ ចាក់សោខ្ញុំក្នុងបន្ទប់"
    assert is_card(person, after(person, lambda: person.says(cry), ""))

    offering(person, "resume")
    caption = "គេវាយខ្ញុំ ជួយផង"
    first = after(person, lambda: person.sends_photo(PHOTO, caption=caption), "")
    assert is_card(person, first)


def is_card(person: Person, first: Bubble) -> bool:
    """Say whether this bubble says what to do in danger, and the next one whom to call."""
    following = wait_for(lambda: person.sees()[person.sees().index(first) + 1 :])[0]
    return "• " in first.text and "☎️ 191" in following.text


def test_hidden_nothing_is_left_in_the_chat_but_an_innocent_word(stage: Stage) -> None:
    her = stage.telegram.person("ចាន់")
    her.starts()
    offering(her, "complaint")
    her.says("ថៅកែមិនបើកលុយឱ្យខ្ញុំ ២ខែហើយ")
    offering(her, "inform:country=TH")
    her.says("/hide")
    wait_for(lambda: len(her.sees()) == 1)
    assert "សុខភាពល្អ" in her.sees()[0].text
    assert not her.own


def test_no_word_of_anybody_stands_in_clear_in_any_file(stage: Stage, code: str) -> None:
    """Promise 2, over the whole road that was just gone."""
    planted = [STORY, LETTER, ADDITION, "សុខា ដារា", code.replace("-", " "), "ចាក់សោខ្ញុំក្នុងបន្ទប់"]
    needles = [w.encode() for w in planted] + [VOICE[100:200], PHOTO[100:200]]
    needles += [w.encode("unicode_escape") for w in planted if not w.isascii()]
    searched = [p for p in stage.house.data.parent.rglob("*") if p.is_file()]
    assert len(searched) > 5
    for path in searched:
        content = path.read_bytes()
        assert not [n for n in needles if n in content], path.name
