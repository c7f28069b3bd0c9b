"""Questions: one answer with its source, or the list of questions."""

from collections.abc import Mapping

from sqlmodel import Session

from bot.actions.protocol import SAYABLE, Answer, Asked, Say, choice, slot
from bot.content import ANYWHERE, Content, content
from bot.content.render import FAQ
from referrals.site import Site
from referrals.taxonomy import Topic

TOPICS_A_PAGE = 8


def faq(session: Session, site: Site, asked: Asked) -> Answer:
    """Answer a question; ask for the country when the answer depends on it and it is not known."""
    known = content()
    topic = asked.entities.get("topic", "")
    if topic not in known.faq:
        return faq_topics(session, site, asked)
    country = asked.entities.get("country") or asked.slot("country")
    entries = known.answers(topic, country)
    remember = (slot("topic", topic),)
    if len(entries) > 1 and not asked.loop:
        where = tuple(
            choice(f"country.{entry.country}", "faq", topic=topic, country=entry.country)
            for entry in entries
        )
        return Answer((Say("faq_country", {"topic": topic}, (*where, "menu")),), remember)
    return Answer(_answers(known, topic, asked), remember)


def _answers(known: Content, topic: str, asked: Asked) -> tuple[Say, ...]:
    """Give one say for each country that fits, buttons under the last; none while a form waits."""
    entries = known.answers(topic, asked.entities.get("country") or asked.slot("country"))
    says = []
    for entry in entries:
        values: dict[str, str] = {"topic": topic}
        if entry.country != ANYWHERE:
            values["country"] = entry.country
        says.append(Say(FAQ, values, ()))
    if asked.loop:
        return tuple(says)
    last = entries[-1]
    buttons: list[SAYABLE] = [
        choice(f"topic.{other}", "faq", topic=other) for other in last.related[:3]
    ]
    if last.category is not None:
        buttons.append(_complain(last.category))
    return (*says[:-1], Say(FAQ, says[-1].values, (*buttons, "topics", "person", "menu")))


def _complain(category: str) -> Mapping[str, str]:
    return choice("button.complain", "complaint", category=category)


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
