"""Questions: one answer with its source, the list of questions, and hearing an answer once more."""

from dataclasses import dataclass

from sqlmodel import Session

from bot import conversation
from bot.actions.protocol import SAYABLE, Answer, Asked, Say, choice, slot
from bot.content import ANYWHERE, Content, content, living, voice_key
from bot.content.render import FAQ, SIMPLE
from bot.content.shapes import FaqEntry
from bot.message import Language
from referrals import draft
from referrals.site import Site
from referrals.taxonomy import Topic

TOPICS_A_PAGE = 8
RELATED = 2
"""Related questions under an answer: more buttons than a screen holds help nobody."""

ANSWERED = "answered"
"""The slot that remembers the last answer, as `topic/country`."""


@dataclass(frozen=True, slots=True)
class How:
    """How an answer is to be given: more simply, and with its recorded voice."""

    simple: bool = False
    voice: bool = False


def faq(session: Session, site: Site, asked: Asked) -> Answer:
    """Answer a question; ask for the country when the answer depends on it and it is not known."""
    topic = asked.entities.get("topic", "")
    if topic not in content().faq:
        return faq_topics(session, site, asked)
    named = asked.entities.get("country")
    if named is not None:
        conversation.set_country(session, asked.conversation, named)
    known = conversation.state(session, asked.conversation)
    country = named or _working_in(session, site, asked) or known.country
    return _answer(session, site, asked, topic, country, How(voice=not known.low_data))


def _working_in(session: Session, site: Site, asked: Asked) -> str | None:
    """Give the country of the complaint she is telling."""
    own = draft.find(session, asked.conversation)
    return draft.answers(site, own).get("country") if own is not None else None


def again(session: Session, site: Site, asked: Asked) -> Answer:
    """Read the last answer again; within a form its question comes again by itself."""
    last = _last(asked)
    if last is None:
        return Answer() if asked.loop else Answer((Say("again_nothing"),))
    low = conversation.state(session, asked.conversation).low_data
    return _answer(session, site, asked, *last, How(voice=not low))


def simpler(session: Session, site: Site, asked: Asked) -> Answer:
    """Say the last answer more simply; within a form its question comes again by itself."""
    last = _last(asked)
    if last is None:
        return Answer() if asked.loop else Answer((Say("again_nothing"),))
    return _answer(session, site, asked, *last, How(simple=True))


def listen(session: Session, site: Site, asked: Asked) -> Answer:
    """Give the last answer with its recorded voice, also to somebody who saves data."""
    last = _last(asked)
    if last is None:
        return Answer() if asked.loop else Answer((Say("again_nothing"),))
    return _answer(session, site, asked, *last, How(voice=True))


def _last(asked: Asked) -> tuple[str, str | None] | None:
    """Give topic and country of the answer that is meant: the button's, else the last one given.

    While a form waits, a typed "again" means the form's question.
    """
    if asked.entities.get("topic") in content().faq:
        return asked.entities["topic"], asked.entities.get("country")
    topic, _, country = (asked.slot(ANSWERED) or "").partition("/")
    if asked.loop or topic not in content().faq:
        return None
    return topic, country or None


def _answer(
    session: Session, site: Site, asked: Asked, topic: str, country: str | None, how: How
) -> Answer:
    words = living.current(session, site.clock())
    entries = words.answers(topic, country)
    if len(entries) > 1 and not asked.loop:
        where = tuple(
            choice(f"country.{entry.country}", "faq", topic=topic, country=entry.country)
            for entry in entries
        )
        return Answer((Say("faq_country", {"topic": topic}, (*where, "menu")),))
    says = (
        tuple(Say(FAQ, _values(topic, entry, how), ()) for entry in entries)
        if asked.loop
        else (said(words, topic, entries[0], asked.language, how),)
    )
    remembered = f"{topic}/{entries[0].country if len(entries) == 1 else ''}"
    return Answer(says, (slot("topic", topic), slot(ANSWERED, remembered)))


def said(words: Content, topic: str, entry: FaqEntry, language: Language, how: How) -> Say:
    """Give one answer with its buttons. The desk's preview of the chat shows it so too."""
    return Say(FAQ, _values(topic, entry, how), _buttons(words, topic, entry, language, how))


def _values(topic: str, entry: FaqEntry, how: How) -> dict[str, str]:
    values = {"topic": topic}
    if entry.country != ANYWHERE:
        values["country"] = entry.country
    if how.simple:
        values["form"] = SIMPLE
    if how.voice:
        values["voice"] = "yes"
    return values


def _buttons(
    words: Content, topic: str, entry: FaqEntry, language: Language, how: How
) -> tuple[SAYABLE, ...]:
    """Give what can be done after an answer; the most urgent first."""
    here = {} if entry.country == ANYWHERE else {"country": entry.country}
    buttons: list[SAYABLE] = []
    if entry.category is not None:
        buttons.append(choice("button.problem", "complaint", category=entry.category, **here))
    buttons.append("person")
    recorded = voice_key(topic, entry.country, language) in words.recordings
    if recorded and not how.voice and not how.simple:
        buttons.append(choice("button.listen", "listen", topic=topic, **here))
    if not how.simple:
        buttons.append(choice("button.simpler", "simpler", topic=topic, **here))
    buttons.append(choice("button.again", "again", topic=topic, **here))
    buttons += [choice(f"topic.{other}", "faq", topic=other) for other in entry.related[:RELATED]]
    buttons += [
        choice(f"country.{other.country}", "faq", topic=topic, country=other.country)
        for other in words.faq[topic]
        if other.country not in (entry.country, ANYWHERE)
    ]
    return (*buttons, "menu")


def faq_topics(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """List the questions, TOPICS_A_PAGE at a time; the page is in the button."""
    topics = [topic for topic in Topic if topic in content().faq]
    pages = -(-len(topics) // TOPICS_A_PAGE)
    page = asked.entities.get("page", "1")
    number = int(page) if page.isdecimal() and 1 <= int(page) <= pages else 1
    start = (number - 1) * TOPICS_A_PAGE
    buttons: list[SAYABLE] = [
        choice(f"topic.{topic}", "faq", topic=topic)
        for topic in topics[start : start + TOPICS_A_PAGE]
    ]
    if number < pages:
        buttons.append(choice("button.more", "faq", page=str(number + 1)))
    return Answer((Say("faq_topics", {}, (*buttons, "menu")),))
