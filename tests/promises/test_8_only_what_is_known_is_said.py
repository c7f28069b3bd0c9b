"""Promise 8: an answer carries its source and its date, and past its review date it says so and
names where to ask. A number that nobody confirmed leaves the bot by no road.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from bot import conversation, news
from bot.actions import ACTIONS, Asked
from bot.content import BadContent, Content, content, living, load, rules
from bot.content.numbers import HIDDEN, digits, unexplained
from bot.content.render import render
from bot.content.shapes import FaqEntry
from bot.message import Language
from bot.when import ZONE, local_date
from tests.house import Clock, empty_site

HER = "a" * 64
FILES = content()
ANSWERS = [(topic, entry) for topic, entries in FILES.faq.items() for entry in entries]
KM, EN = Language.KM, Language.EN
USED = {
    name
    for names in (
        *(entry.ask for _, entry in ANSWERS),
        *(names for say in FILES.says.values() for names in say.contacts.values()),
        *(names for kinds in FILES.safety.numbers.values() for names in kinds.values()),
    )
    for name in names
}
"""The contacts that an answer, a say or a card names."""

PLANTED = "1506"
"""A number that was found and not confirmed (fact list, mark U)."""


def at(day: date) -> datetime:
    """Noon of a day in Phnom Penh, in UTC."""
    return datetime.combine(day, time(12), ZONE).astimezone(UTC)


class Chat:
    """One person and the bot, on a day that the test chooses."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.site = empty_site(folder, clock=self.clock)
        with self.site.store.writing() as session:
            conversation.begin(session, HER, self.clock.now)

    def asks(self, topic: str, country: str, language: Language) -> list[str]:
        """Ask for an answer; gives the bubbles she sees."""
        with self.site.store.writing() as session:
            asked = Asked(
                name="action_faq",
                conversation=HER,
                update="u",
                language=language,
                slots={},
                intent="faq",
                entities={"topic": topic, "country": country},
                ranking=(),
                loop=None,
                requested=None,
                now=self.site.clock(),
            )
            says = ACTIONS[asked.name](session, self.site, asked).says
            words = living.current(session, self.site.clock())
        today = local_date(self.site.clock())
        return [
            reply.text
            for say in says
            for reply in render(say.as_json(), language, words, {}, today)
        ]


@pytest.fixture(scope="module", name="chat")
def _chat(tmp_path_factory: pytest.TempPathFactory) -> Chat:
    return Chat(tmp_path_factory.mktemp("chat"))


@pytest.fixture(name="fresh")
def _fresh(tmp_path: Path) -> Chat:
    return Chat(tmp_path)


# ---- dates


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(("topic", "entry"), ANSWERS)
def test_past_its_review_date_an_answer_says_so_and_on_that_day_not_yet(
    chat: Chat, topic: str, entry: FaqEntry, language: Language
) -> None:
    chat.clock.now = at(entry.review_by)
    before = chat.asks(topic, entry.country, language)
    chat.clock.now = at(entry.review_by + timedelta(days=1))
    after = chat.asks(topic, entry.country, language)
    assert before[0] == entry.words(language).answer
    assert after[0] not in before
    assert after[0].startswith("⚠️")
    assert str(entry.review_by.year) in after[0]
    assert after[1] == entry.words(language).answer


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(("topic", "entry"), ANSWERS)
def test_old_or_not_an_answer_names_source_date_and_whom_to_ask_today(
    chat: Chat, topic: str, entry: FaqEntry, language: Language
) -> None:
    for day in (entry.review_by, entry.review_by + timedelta(days=400)):
        chat.clock.now = at(day)
        last = chat.asks(topic, entry.country, language)[-1]
        assert entry.source.text(language).rstrip("។.") in last
        assert entry.as_of[:4] in last
        somebody = "☎️" in last or FILES.says["faq_nobody"].text(language) in last
        assert somebody


def test_the_new_date_of_an_answer_that_was_looked_at_again_counts(fresh: Chat) -> None:
    topic, entry = next((t, e) for t, e in ANSWERS if e.is_old(local_date(fresh.clock.now)))
    assert fresh.asks(topic, entry.country, KM)[0].startswith("⚠️")
    later = entry.model_copy(update={"review_by": local_date(fresh.clock.now)})
    with fresh.site.store.writing() as session:
        living.save(
            session,
            topic,
            later,
            country=entry.country,
            over=0,
            author=None,
            note="still true",
            now=fresh.clock.now,
        )
    assert not fresh.asks(topic, entry.country, KM)[0].startswith("⚠️")


# ---- numbers that are no longer confirmed


@pytest.mark.parametrize("name", FILES.contacts)
def test_ninety_days_after_its_confirmation_a_number_leaves_the_chat(
    fresh: Chat, name: str
) -> None:
    contact = FILES.contacts[name]
    until = contact.compared + living.CONFIRMED_FOR
    shown = everything_said(fresh, at(until))
    gone = everything_said(fresh, at(until + timedelta(days=1)))
    numbers = {digits(part) for part in contact.phone.split(" / ")}
    assert (numbers <= shown) is (name in USED)
    if contact.emergency and name in USED:
        assert numbers <= gone
    else:
        assert not numbers & gone


def test_a_number_that_somebody_called_comes_back_and_one_that_does_not_answer_goes(
    fresh: Chat,
) -> None:
    name = next(n for n, c in FILES.contacts.items() if not c.emergency)
    number = digits(FILES.contacts[name].phone.split(" / ")[0])
    fresh.clock.now = at(FILES.contacts[name].compared + timedelta(days=200))
    assert number not in everything_said(fresh, fresh.clock.now)
    for works in (True, False):
        with fresh.site.store.writing() as session:
            living.check(session, name, works=works, author=None, note="", now=fresh.clock.now)
        assert (number in everything_said(fresh, fresh.clock.now)) is works


def everything_said(chat: Chat, moment: datetime) -> set[str]:
    """Give the digits of every number that the bot could say at a moment, whoever asks."""
    with chat.site.store.reading() as session:
        words = living.current(session, moment)
    if words.hidden not in _said:
        _said[words.hidden] = {
            digits(run)
            for text in public_texts(words, local_date(moment))
            for run in unexplained(text)
        }
    return _said[words.hidden]


_said: dict[frozenset[str], set[str]] = {}
"""What is said depends on which numbers are hidden; it is gathered once for each such set."""


def public_texts(words: Content, today: date) -> Iterator[str]:
    """Give all that can be said that is not a person's own words, in both languages."""
    countries = ("TH", "MY", "KH", "other", "")
    for language in Language:
        for topic in words.faq:
            for country in countries:
                for form in ("full", "simple"):
                    values = {"topic": topic, "country": country, "form": form}
                    yield from said(words, "faq", values, language, today)
        for country in countries:
            for kind in (*words.safety.words, ""):
                values = {"country": country, "kind": kind}
                yield from said(words, "safety_card", values, language, today)
        for key, say in words.says.items():
            if "{contacts}" in say.km and not key.startswith("faq_"):
                for country in countries:
                    values = {"country": country, "count": "3"}
                    yield from said(words, key, values, language, today)
            else:
                yield say.text(language)
        yield from (button.title(language) for button in words.buttons.values())
        yield from (
            label.name(language) for table in words.labels.values() for label in table.values()
        )
        for code in words.consents:
            yield words.consent_words(code, language)[1]


def said(
    words: Content, key: str, values: dict[str, str], language: Language, today: date
) -> list[str]:
    given = {name: value for name, value in values.items() if value}
    return [r.text for r in render({"say": key, "with": given}, language, words, {}, today)]


# ---- no other number leaves, by any road


def known_numbers() -> set[str]:
    return {
        digits(part)
        for contact in FILES.contacts.values()
        for line in (contact.phone, contact.whatsapp or "")
        for part in line.split(" / ")
    } - {""}


def test_by_the_files_only_numbers_of_the_contacts_leave(fresh: Chat) -> None:
    assert everything_said(fresh, fresh.clock.now) <= known_numbers()
    assert len(everything_said(fresh, fresh.clock.now)) > 20


def test_every_contact_has_a_mark_and_one_without_is_not_loaded(tmp_path: Path) -> None:
    assert {contact.mark for contact in FILES.contacts.values()} == {"V", "v"}
    source = Path(rules.__file__).parent
    for file in source.rglob("*.yml"):
        copy = tmp_path / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    assert load(tmp_path).contacts
    contacts = tmp_path / "contacts.yml"
    changed = contacts.read_text(encoding="utf-8").replace("mark: v", "mark: U", 1)
    contacts.write_text(changed, encoding="utf-8")
    with pytest.raises(BadContent, match="mark"):
        load(tmp_path)


def planted(entry: FaqEntry) -> FaqEntry:
    words = entry.km.model_copy(update={"answer": f"សូមហៅ {PLANTED}។"})
    return entry.model_copy(update={"km": words})


def test_an_editor_cannot_write_a_number_into_an_answer() -> None:
    topic, entry = ANSWERS[0]
    assert not rules.answer(topic, entry, FILES)
    assert [c for c in rules.answer(topic, planted(entry), FILES) if PLANTED in c.found]


def test_a_number_that_got_into_the_database_all_the_same_is_taken_out_at_the_door(
    fresh: Chat,
) -> None:
    topic, entry = ANSWERS[0]
    with fresh.site.store.writing() as session:
        living.save(
            session,
            topic,
            planted(entry),
            country=entry.country,
            over=0,
            author=None,
            note="",
            now=fresh.clock.now,
        )
    bubbles = fresh.asks(topic, entry.country, KM)
    assert not [b for b in bubbles if PLANTED in b]
    assert [b for b in bubbles if HIDDEN in b]


def test_news_cannot_carry_a_number_and_one_in_the_database_is_taken_out(fresh: Chat) -> None:
    today = local_date(fresh.clock.now)
    written = news.Written("TH", f"សូមហៅ {PLANTED}", "Call us", "ប្រភព", "a source", today)
    assert [c for c in news.judge(written, FILES, today) if PLANTED in c.found]
    bubbles = news.bubbles(written, KM, FILES, today)
    assert not [b for b in bubbles if PLANTED in b.text]


def test_a_number_in_the_name_of_an_office_is_taken_out(fresh: Chat) -> None:
    offices = f'[["មន្ទីរ {PLANTED}", "Office {PLANTED}", []]]'
    for language in Language:
        assert PLANTED not in "".join(
            said(FILES, "receipt_offices", {"offices": offices}, language, date(2026, 11, 21))
        )


def test_only_a_persons_own_words_pass_unread() -> None:
    """A counsellor may write her office's number in a letter, and a migrant sees her own story, her
    one-time secret, and the address of her receipt.
    """
    private = {key: say.private for key, say in FILES.says.items() if say.private}
    assert private == {
        "summary": "draft",
        "letter": "letter",
        "receipt_assisted": "handover",
        "paper": "paper",
    }


def test_a_hidden_number_is_in_no_road(fresh: Chat) -> None:
    hidden = frozenset(FILES.contacts)
    words = replace(FILES, hidden=hidden)
    today = local_date(fresh.clock.now)
    for text in public_texts(words, today):
        assert not unexplained(text, ())


def test_all_versions_are_kept(fresh: Chat) -> None:
    topic, entry = ANSWERS[0]
    over = 0
    for number in range(3):
        changed = entry.model_copy(update={"review_by": date(2027, 1, 1 + number)})
        with fresh.site.store.writing() as session:
            over = living.save(
                session,
                topic,
                changed,
                country=entry.country,
                over=over,
                author=None,
                note=str(number),
                now=fresh.clock.now,
            )
    with fresh.site.store.reading() as session:
        assert [v.note for v in living.history(session, topic, entry.country)] == ["2", "1", "0"]
        assert len(_rows(session)) == 3


def _rows(session: Session) -> list[living.AnswerVersion]:
    return list(session.exec(select(living.AnswerVersion)))
