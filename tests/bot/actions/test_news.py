"""Asking for news in the chat: a choice is a consent, kept with the words that asked."""

import pytest

from bot import news
from bot.content import content
from bot.content.render import render
from bot.message import Language
from tests.bot.actions.talk import HER, NOW, Talk, keys, payloads


def test_the_question_offers_each_country_and_the_menu(talk: Talk) -> None:
    answer = talk("action_news", "news")
    assert keys(answer) == ["news_ask"]
    offered = payloads(answer)
    assert offered[:3] == ["news:country=TH", "news:country=MY", "news:country=KH"]
    assert (answer.says[0].buttons or ())[-1] == "menu"
    assert talk.query(news.subscriptions, HER) == []


@pytest.mark.parametrize("country", ["TH", "MY", "KH"])
def test_choosing_a_country_is_kept_with_the_words_that_asked(talk: Talk, country: str) -> None:
    talk.language = Language.EN
    answer = talk("action_news", "news", {"country": country})
    assert [(said.key, dict(said.values)) for said in answer.says] == [
        ("news_on", {"country": country})
    ]
    (kept,) = talk.query(news.subscriptions, HER)
    assert (kept.country, kept.since, kept.language) == (country, NOW, "en")
    assert kept.asked_version == content().says["news_ask"].version


def test_the_same_press_again_changes_nothing(talk: Talk) -> None:
    for _ in range(2):
        talk("action_news", "news", {"country": "TH"}, update="u-1")
    assert len(talk.query(news.subscriptions, HER)) == 1


@pytest.mark.parametrize("country", ["KR", "other"])
def test_a_country_without_news_is_asked_about_again(talk: Talk, country: str) -> None:
    assert keys(talk("action_news", "news", {"country": country})) == ["news_ask"]
    assert talk.query(news.subscriptions, HER) == []


def test_stop_ends_all_of_it(talk: Talk) -> None:
    for country in ("TH", "MY"):
        talk("action_news", "news", {"country": country})
    assert keys(talk("action_news", "news", {"stop": "yes"})) == ["news_off"]
    assert talk.query(news.subscriptions, HER) == []
    assert keys(talk("action_news", "news", {"stop": "yes"})) == ["news_none"]


@pytest.mark.parametrize("entities", [{}, {"country": "TH"}, {"stop": "yes"}])
def test_within_a_form_nothing_hides_its_question(talk: Talk, entities: dict[str, str]) -> None:
    talk.ask_for("country")
    answer = talk("action_news", "news", entities)
    assert [said.buttons for said in answer.says] == [()]


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("entities", [{}, {"country": "MY"}, {"stop": "yes"}])
def test_every_answer_has_its_words(
    talk: Talk, entities: dict[str, str], language: Language
) -> None:
    for said in talk("action_news", "news", entities).says:
        replies = render(said.as_json(), language, content(), {}, NOW.date())
        assert replies[-1].buttons
