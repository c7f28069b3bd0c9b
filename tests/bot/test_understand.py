"""Labels and places of Rasa become codes of the taxonomy."""

import asyncio

import pytest

from bot.danger import UNCLEAR
from bot.rasa import Found, Parsed, RasaClient, RasaUnavailable
from bot.understand import FALLBACK, Understanding, read, split, understand


@pytest.mark.parametrize(
    ("label", "meaning"),
    [
        ("complaint.unpaid_wages", ("complaint", "unpaid_wages")),
        ("complaint", ("complaint", None)),
        ("faq.minimum_wage", ("faq", "minimum_wage")),
        ("greet", ("greet", None)),
        ("nlu_fallback", ("nlu_fallback", None)),
        ("odd.label", ("odd.label", None)),
    ],
)
def test_a_label_is_an_intent_and_maybe_a_topic(label: str, meaning: tuple[str, str]) -> None:
    assert split(label) == meaning


def test_a_fallback_keeps_three_real_guesses() -> None:
    ranking = (("nlu_fallback", 0.4), ("faq.mou_steps", 0.3), ("complaint", 0.2), ("greet", 0.1))
    found = read(Parsed(FALLBACK, 0.4, (*ranking, ("menu", 0.05))), "មួយ")
    assert found.intent == FALLBACK
    assert found.ranking == (
        ("faq", "mou_steps", 0.3),
        ("complaint", None, 0.2),
        ("greet", None, 0.1),
    )


def test_a_province_hidden_in_a_word_is_no_province() -> None:
    text = "នៅកណ្តាលយប់"
    hidden = Found("province", "KH-8", 2, 9)
    one_word = Parsed("faq", 0.9, entities=(hidden,), tokens=((0, 2), (2, len(text))))
    assert read(one_word, text).entities == ()
    own_word = Parsed("inform", 0.9, entities=(Found("province", "KH-8", 0, 7),), tokens=((0, 7),))
    assert read(own_word, "កណ្តាល").entities == (("province", "KH-8"),)
    named = Parsed("inform", 0.9, entities=(Found("province", "KH-8", 5, 12),), tokens=((0, 12),))
    assert read(named, "ខេត្តកណ្តាល").entities == (("province", "KH-8"),)


def test_the_longest_of_two_names_wins() -> None:
    text = "thai land boss"
    found = read(
        Parsed(
            "inform",
            0.9,
            entities=(Found("country", "TH", 0, 9), Found("country", "MY", 0, 4)),
            tokens=((0, 4), (5, 9), (10, 14)),
        ),
        text,
    )
    assert dict(found.entities) == {"country": "TH"}


def test_danger_is_the_models_or_the_lexicons() -> None:
    assert read(Parsed("danger", 0.7), "អ្វីមួយ").danger == UNCLEAR
    assert read(Parsed("greet", 0.9), "គេវាយខ្ញុំ").danger == "violence"
    assert read(Parsed("greet", 0.9), "សួស្តី").danger is None


def test_nothing_needs_no_rasa_and_a_missing_rasa_is_said() -> None:
    async def both() -> None:
        nobody = RasaClient("http://127.0.0.1:9", "t" * 32)
        assert await understand(nobody, "\u200b ") == Understanding(FALLBACK, None, 0.0)
        with pytest.raises(RasaUnavailable) as raised:
            await understand(nobody, "ពាក្យសម្ងាត់")
        assert "ពាក្យសម្ងាត់" not in str(raised.value)
        await nobody.close()

    asyncio.run(both())
