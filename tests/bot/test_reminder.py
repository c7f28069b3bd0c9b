"""A draft that waits is reminded of once, gently, by day, and never after she hid the chat."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from bot import conversation, reminder
from bot.content import content
from bot.message import Language
from referrals import draft
from tests.bot.test_outbox import NIGHT, House, house

__all__ = ["house"]

WORDS = content().says["draft_reminder"].text(Language.KM)


def begins(house: House, channel: str = "telegram") -> str:
    with house.site.store.writing() as session:
        return draft.open_(session, house.site, house.name, channel).id


def reminds(house: House) -> list[bool]:
    with house.site.store.reading() as session:
        waiting = [each.id for each in reminder.due(session, house.site.clock())]
    return [reminder.remind(house.turns, each) for each in waiting]


def row(session: Session) -> draft.Draft:
    return session.exec(select(draft.Draft)).one()


def test_after_five_days_it_is_reminded_of_once_in_words_that_give_nothing_away(
    house: House,
) -> None:
    begins(house)
    house.clock.pass_(days=4)
    assert reminds(house) == []
    house.clock.pass_(days=1, minutes=1)
    assert reminds(house) == [True]
    assert house.chat() == [WORDS]
    assert reminds(house) == []
    house.clock.pass_(days=1)
    assert reminds(house) == []
    assert len(house.chat()) == 1


def test_a_crash_before_it_was_sent_sends_none_rather_than_two(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = begins(house)
    house.clock.pass_(days=5, minutes=1)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(reminder.outbox, "send", dies)
        with pytest.raises(KeyboardInterrupt):
            reminder.remind(house.turns, number)
    assert not reminder.remind(house.turns, number)
    assert house.chat() == []


def test_whoever_told_more_since_is_not_reminded(house: House) -> None:
    number = begins(house)
    house.clock.pass_(days=4)
    with house.site.store.writing() as session:
        draft.answer(session, house.site, row(session), "country", "TH")
    house.clock.pass_(days=2)
    assert not reminder.remind(house.turns, number)
    assert house.chat() == []


def test_at_night_it_waits_for_the_morning(house: House) -> None:
    number = begins(house)
    house.clock.now = NIGHT + timedelta(days=6)
    assert not reminder.remind(house.turns, number)
    house.clock.pass_(hours=8)
    assert reminder.remind(house.turns, number)


def test_who_hid_the_chat_since_gets_none(house: House) -> None:
    begins(house)
    house.clock.pass_(days=5, minutes=1)
    with house.site.store.writing() as session:
        conversation.note_hidden(session, house.name, house.site.clock() - timedelta(days=1))
    assert reminds(house) == [False]
    assert house.chat() == []


def test_a_draft_about_to_be_destroyed_or_in_a_web_page_is_left_alone(house: House) -> None:
    begins(house)
    house.clock.pass_(days=7, minutes=1)
    assert reminds(house) == []
    with house.site.store.writing() as session:
        old = row(session)
        old.channel, old.touched = "web", house.site.clock() - timedelta(days=6)
        session.add(old)
    assert reminds(house) == []
