"""Who gets which news: asked for, counted, frozen, shown later, and never twice."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from bot import news
from bot.audience import NOWHERE, AudienceChanged, audience, freeze
from bot.content import content
from bot.message import Language
from bot.news import (
    AlertState,
    Delivery,
    NoSuchAlert,
    NotADraft,
    Written,
    judge,
)
from referrals.site import Site
from tests.bot.sending import WRITTEN, asks_for, heard_from, let_go, new_site, result, stands_at
from tests.house import START, Clock

BOTH = ("telegram", "messenger", "web")
TODAY = date(2026, 11, 21)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[Site]:
    """A site on SQLite and on PostgreSQL."""
    made = new_site(tmp_path / "data", database_url, clock)
    yield made
    made.store.engine.dispose()


def person(site: Site, user: str, *countries: str, channel: str = "telegram") -> str:
    her = heard_from(site, channel, user)
    for country in countries:
        asks_for(site, her, country)
    return her


def draft(session: Session, written: Written = WRITTEN) -> str:
    return news.write(session, written, author=None, now=START).id


# ---- who wants it


def test_asked_twice_the_first_time_stands_with_its_words(site: Site, clock: Clock) -> None:
    her = person(site, "1", "TH")
    clock.pass_(days=3)
    with site.store.writing() as session:
        news.subscribe(session, her, "TH", language=Language.EN, asked_version=9, now=clock())
        kept = news.subscriptions(session, her)
    assert [(k.country, k.since, k.language, k.asked_version) for k in kept] == [
        ("TH", START, "km", 1)
    ]


def test_no_more_news_means_none_at_all(site: Site) -> None:
    her = person(site, "1", "TH", "any")
    with site.store.writing() as session:
        assert news.unsubscribe(session, her)
        assert not news.unsubscribe(session, her)
        assert news.subscriptions(session, her) == []


def test_a_country_without_news_cannot_be_asked_for(site: Site) -> None:
    her = heard_from(site, "telegram", "1")
    with site.store.writing() as session, pytest.raises(ValueError, match="no news"):
        news.subscribe(session, her, "KR", language=Language.KM, asked_version=1, now=START)


def test_who_is_forgotten_leaves_nothing_behind(site: Site) -> None:
    her, other = person(site, "1", "TH"), person(site, "2", "TH")
    alert = let_go(site)
    with site.store.writing() as session:
        news.forget(session, her)
        assert news.subscriptions(session, her) == []
        assert news.subscriptions(session, other) != []
    assert result(site, alert) == {Delivery.WAITING: 1}


# ---- what may be said


def test_good_news_is_not_complained_of() -> None:
    assert judge(WRITTEN, content(), TODAY) == []


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"text_km": "សូមហៅ ១២៨០"}, "text.km"),
        ({"text_en": "Call 1280."}, "text.en"),
        ({"text_en": "Call {1280}."}, "text.en"),
        ({"text_en": "Call (012) 345-678."}, "text.en"),
        ({"source_en": "1280"}, "source.en"),
        ({"text_en": "One.\n\nTwo."}, "text.en"),
        ({"as_of": TODAY + timedelta(days=1)}, "as_of"),
        ({"country": "KR"}, "country"),
        ({"source_km": ""}, "source.km"),
    ],
)
def test_what_may_not_be_said_is_named_with_its_place(
    change: dict[str, object], place: str
) -> None:
    found = judge(replace(WRITTEN, **change), content(), TODAY)  # type: ignore[arg-type]
    assert [each.place for each in found] == [place]


@pytest.mark.parametrize("length", [news.TEXT_LIMIT, news.TEXT_LIMIT + 1])
def test_news_is_short_and_then_it_is_one_bubble(length: int) -> None:
    long = ("ដំណឹង " * 100)[: length - 1] + "។"
    words = replace(WRITTEN, text_km=long, source_km="ក" * news.SOURCE_LIMIT)
    wrong = judge(words, content(), TODAY)
    assert bool(wrong) == (length > news.TEXT_LIMIT)
    if not wrong:
        assert len(news.bubbles(words, Language.KM, content(), TODAY)) == 1


def test_it_says_its_source_and_its_date() -> None:
    (bubble,) = news.bubbles(WRITTEN, Language.EN, content(), TODAY)
    assert WRITTEN.text_en in bubble.text
    assert WRITTEN.source_en in bubble.text
    assert "20 November 2026" in bubble.text
    assert "news:stop=yes" in [button.payload for button in bubble.buttons]


# ---- whom it reaches


@pytest.mark.parametrize(
    ("country", "wanted"),
    [("TH", {"th", "both", "all"}), ("KH", {"all"}), ("any", {"th", "my", "both", "all"})],
)
def test_the_count_that_is_told_is_the_number_that_is_frozen(
    site: Site, country: str, wanted: set[str]
) -> None:
    people = {
        name: person(site, name, *asked)
        for name, asked in {
            "th": ("TH",),
            "my": ("MY",),
            "both": ("TH", "MY"),
            "all": ("any", "TH"),
            "none": (),
        }.items()
    }
    with site.store.writing() as session:
        alert = draft(session, replace(WRITTEN, country=country))
        told = audience(session, country, BOTH, START)
        frozen = freeze(session, alert, BOTH, START, told=told.count)
        assert frozen == told
        assert news.result(session, alert)[Delivery.WAITING] == told.count == len(wanted)
        assert news.alert_of(session, alert).state == AlertState.SENDING
    assert {stands_at(site, alert, her) for name, her in people.items() if name in wanted} == {
        Delivery.WAITING
    }


def test_who_can_be_pushed_depends_on_the_channel_and_its_window(site: Site, clock: Clock) -> None:
    person(site, "old", "TH", channel="messenger")
    clock.pass_(hours=24)
    person(site, "new", "TH", channel="messenger")
    person(site, "page", "TH", channel="web")
    person(site, "app", "TH")
    asks_for(site, "f" * 64, "TH")  # nobody knows her address
    with site.store.reading() as session:
        all_on = audience(session, "TH", BOTH, clock())
        telegram_off = audience(session, "TH", ("messenger", "web"), clock())
    assert all_on.now == {"messenger": 1, "telegram": 1}
    assert all_on.later == {"messenger": 1, "web": 1, NOWHERE: 1}
    assert telegram_off.now == {"messenger": 1}
    assert all_on.count == telegram_off.count == 5


def test_when_the_number_changed_nothing_is_frozen(site: Site) -> None:
    person(site, "1", "TH")
    with site.store.writing() as session:
        alert = draft(session)
    with pytest.raises(AudienceChanged), site.store.writing() as session:
        freeze(session, alert, BOTH, START, told=2)
    with site.store.reading() as session:
        assert news.alert_of(session, alert).state == AlertState.DRAFT
        assert sum(news.result(session, alert).values()) == 0


def test_who_asks_after_the_freeze_waits_for_the_next_news(site: Site) -> None:
    person(site, "1", "TH")
    alert = let_go(site)
    person(site, "2", "TH")
    assert result(site, alert) == {Delivery.WAITING: 1}


def test_what_was_sent_is_no_draft_any_more(site: Site) -> None:
    alert = let_go(site)
    with site.store.writing() as session:
        for act in (
            lambda: news.change(session, alert, WRITTEN, author=None),
            lambda: news.discard(session, alert),
            lambda: freeze(session, alert, BOTH, START, told=0),
        ):
            with pytest.raises(NotADraft):
                act()


def test_a_draft_is_not_stopped_and_what_is_gone_is_not_there(site: Site) -> None:
    with site.store.writing() as session:
        alert = draft(session)
        with pytest.raises(NotADraft):
            news.stop(session, alert, START)
        news.discard(session, alert)
        for act in (
            lambda: news.discard(session, alert),
            lambda: news.stop(session, alert, START),
            lambda: news.alert_of(session, alert),
        ):
            with pytest.raises(NoSuchAlert):
                act()


def test_a_row_is_moved_by_one_only(site: Site) -> None:
    her = person(site, "1", "TH")
    alert = let_go(site)
    states = (Delivery.WAITING, Delivery.TRYING)
    with site.store.writing() as session:
        assert news.move(session, alert, her, *states, START)
        assert not news.move(session, alert, her, *states, START)


# ---- who sees it when she writes


def test_it_is_due_to_her_who_could_not_be_pushed_and_to_nobody_else(site: Site) -> None:
    page, app = person(site, "page", "TH", channel="web"), person(site, "app", "TH")
    alert = let_go(site)
    with site.store.reading() as session:
        assert [each.id for each in news.due(session, page, START)] == [alert]
        assert news.due(session, app, START) == []


@pytest.mark.parametrize(("days", "seen"), [(13, 1), (14, 0)])
def test_news_is_not_shown_when_it_is_old(site: Site, days: int, seen: int) -> None:
    her = person(site, "page", "TH", channel="web")
    let_go(site)
    with site.store.reading() as session:
        assert len(news.due(session, her, START + timedelta(days=days))) == seen


def test_no_more_than_two_at_once_the_newest_and_in_their_order(site: Site, clock: Clock) -> None:
    her = person(site, "page", "any", channel="web")
    sent = []
    for _ in range(3):
        sent.append(let_go(site))
        clock.pass_(hours=1)
    with site.store.writing() as session:
        assert [each.id for each in news.due(session, her, clock())] == sent[1:]
        for alert in sent[1:]:
            news.mark_shown(session, alert, her, clock())
        assert [each.id for each in news.due(session, her, clock())] == sent[:1]


@pytest.mark.parametrize("how", ["stopped", "unsubscribed"])
def test_what_was_stopped_or_is_not_wanted_is_not_shown(site: Site, how: str) -> None:
    her = person(site, "page", "TH", channel="web")
    alert = let_go(site)
    with site.store.writing() as session:
        if how == "stopped":
            news.stop(session, alert, START)
        else:
            news.unsubscribe(session, her)
        assert news.due(session, her, START) == []


def test_what_was_pushed_cannot_be_marked_as_shown(site: Site) -> None:
    her = person(site, "app", "TH")
    alert = let_go(site)
    with site.store.writing() as session:
        news.mark_shown(session, alert, her, START)
    assert stands_at(site, alert, her) == Delivery.WAITING
