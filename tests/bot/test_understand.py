"""Labels and places of Rasa become codes of the taxonomy."""

import asyncio
from dataclasses import dataclass, field
from typing import cast

import pytest

from bot.certainty import IN_DANGER, Certainty
from bot.danger import CHILD, UNCLEAR
from bot.rasa import Found, Parsed, RasaClient, RasaUnavailable
from bot.text import normalise
from bot.understand import CALM, NOTHING, Understanding, alarm, read, understand

GREET, FAQ, INFORM = ((("greet", 0.9),), (("faq", 0.9),), (("inform", 0.9),))


def parsed(**ranking: float) -> tuple[tuple[str, float], ...]:
    """Build a ranking; `_` stands for the dot of a topic."""
    return tuple((label.replace("__", "."), sure) for label, sure in ranking.items())


def test_what_is_sure_is_its_intent_its_topic_and_an_entity_for_the_dialogue() -> None:
    found = read(Parsed(parsed(complaint__unpaid_wages=0.9, faq__minimum_wage=0.05)), "មួយ")
    assert (found.intent, found.topic, found.confidence) == ("complaint", "unpaid_wages", 0.9)
    assert found.certainty is Certainty.SURE
    assert found.entities == (("category", "unpaid_wages"),)
    assert found.ranking[0] == ("complaint", "unpaid_wages", 0.9)


def test_a_province_hidden_in_a_word_is_no_province() -> None:
    text = "នៅកណ្តាលយប់"
    hidden = Found("province", "KH-8", 2, 9)
    one_word = Parsed(FAQ, entities=(hidden,), tokens=((0, 2), (2, len(text))))
    assert read(one_word, text).entities == ()
    own_word = Parsed(INFORM, entities=(Found("province", "KH-8", 0, 7),), tokens=((0, 7),))
    assert read(own_word, "កណ្តាល").entities == (("province", "KH-8"),)
    named = Parsed(INFORM, entities=(Found("province", "KH-8", 5, 12),), tokens=((0, 12),))
    assert read(named, "ខេត្តកណ្តាល").entities == (("province", "KH-8"),)


def test_the_longest_of_two_names_wins() -> None:
    text = "thai land boss"
    found = read(
        Parsed(
            INFORM,
            entities=(Found("country", "TH", 0, 9), Found("country", "MY", 0, 4)),
            tokens=((0, 4), (5, 9), (10, 14)),
        ),
        text,
    )
    assert dict(found.entities) == {"country": "TH"}


def test_danger_is_the_models_or_the_lexicons() -> None:
    half = IN_DANGER / 2
    told = parsed(greet=1 - IN_DANGER, danger=half, complaint__violence_harassment=half)
    assert read(Parsed(told), "អ្វីមួយ").danger == UNCLEAR
    assert read(Parsed(told[:2]), "អ្វីមួយ").danger is None
    assert read(Parsed(GREET), "គេវាយខ្ញុំ").danger == "violence"
    assert read(Parsed(GREET), "សួស្តី").danger is None


def test_what_the_words_call_danger_and_the_model_thinks_possible_is_danger() -> None:
    wages = parsed(complaint__unpaid_wages=0.9, danger=0.05)
    both = read(Parsed(wages), "គេវាយខ្ញុំ")
    assert (both.intent, both.topic, both.danger) == ("danger", None, "violence")
    assert both.certainty is Certainty.SURE
    words_alone = read(Parsed(wages[:1]), "គេវាយខ្ញុំ")
    assert (words_alone.intent, words_alone.danger) == ("complaint", "violence")


def test_of_two_places_the_one_that_is_denied_is_not_taken() -> None:
    text = "no, thailand not malaysia"
    places = (Found("country", "TH", 4, 12), Found("country", "MY", 17, 25))
    tokens = ((0, 2), (4, 12), (13, 16), (17, 25))
    guess = parsed(faq__entering_malaysia=0.3, deny=0.3)
    found = read(Parsed(guess, places, tokens), text)
    assert (found.intent, found.certainty, found.puts_right) == ("inform", Certainty.SURE, True)
    assert dict(found.entities) == {"country": "TH"}


def test_danger_that_only_the_model_hears_is_a_childs_where_one_is_told_of() -> None:
    half = parsed(danger=IN_DANGER)
    assert read(Parsed(half), "something about me").danger == UNCLEAR
    assert read(Parsed(half), "something about a 9 year old").danger == CHILD


@dataclass
class Reader:
    """Reads a sentence as danger with this chance, and otherwise when it says "boss"."""

    chance: float
    of_a_boss: float
    asked: list[str] = field(default_factory=list)

    async def parse(self, text: str) -> Parsed:
        self.asked.append(text)
        chance = self.of_a_boss if "boss" in text else self.chance
        read_as = {"complaint.violence_harassment": chance, "complaint.unpaid_wages": 1 - chance}
        return Parsed(tuple(sorted(read_as.items(), key=lambda guess: -guess[1])))


def understood_by(reader: Reader, text: str) -> Understanding:
    return asyncio.run(understand(cast(RasaClient, reader), text))


@pytest.mark.parametrize("rank", ["foreman", "Supervisor", "team leader", "captain", "manager"])
def test_the_word_for_who_gives_the_orders_is_no_danger_by_itself(rank: str) -> None:
    reader = Reader(chance=0.9, of_a_boss=0.05)
    found = understood_by(reader, f"the {rank} also paid us late")
    assert (found.danger, found.topic) == (None, "unpaid_wages")
    assert reader.asked[1] == "the boss also paid us late"


@pytest.mark.parametrize("of_a_boss", [IN_DANGER, CALM])
def test_what_is_or_may_be_danger_of_any_boss_stays_danger(of_a_boss: float) -> None:
    found = understood_by(Reader(0.9, of_a_boss), "the foreman comes at night again")
    assert (found.danger, found.topic) == (UNCLEAR, "violence_harassment")


@pytest.mark.parametrize("text", ["the foreman beats me", "the clerk paid late"])
def test_no_second_reading_takes_back_what_the_words_say_or_asks_without_need(text: str) -> None:
    reader = Reader(chance=0.9, of_a_boss=0.0)
    assert understood_by(reader, text).danger is not None
    assert len(reader.asked) == 1


def test_nothing_needs_no_rasa_and_a_missing_rasa_is_said() -> None:
    async def both() -> None:
        nobody = RasaClient("http://127.0.0.1:9", "t" * 32)
        nothing = Understanding(NOTHING, None, 0.0, Certainty.LOST)
        assert await understand(nobody, "\u200b ") == nothing
        with pytest.raises(RasaUnavailable) as raised:
            await understand(nobody, "ពាក្យសម្ងាត់")
        assert "ពាក្យសម្ងាត់" not in str(raised.value)
        await nobody.close()

    asyncio.run(both())


@pytest.mark.parametrize(
    ("text", "entities"),
    [
        ("ជំពាក់៣ខែហើយ", {"duration": "3 month"}),
        ("បង់៥០០ដុល្លារ", {"money": "500 USD"}),
        ("សួស្តី", {}),
    ],
)
def test_sums_and_spans_are_told_too(text: str, entities: dict[str, str]) -> None:
    assert dict(read(Parsed(GREET), normalise(text)).entities) == entities


def test_a_place_abroad_tells_its_country_and_home_is_not_where_the_wrong_was() -> None:
    text = "kampot rayong cambodia"
    found = (
        Found("province", "KH-7", 0, 6),
        Found("destination_province", "TH-21", 7, 13),
        Found("country", "KH", 14, 22),
    )
    parse = Parsed(INFORM, entities=found, tokens=((0, 6), (7, 13), (14, 22)))
    assert dict(read(parse, text).entities) == {
        "province": "KH-7",
        "destination_province": "TH-21",
        "country": "TH",
    }


@pytest.mark.parametrize(
    "text",
    [
        "ថៅកែវាយខ្ញុំ",
        "សួស្តី " * 3000 + "ថៅកែវាយខ្ញុំ",
        "🛂" * 400 + " គេវាយខ្ញុំ",
        "\u200b" * 5000 + "he beats me",
        "luy ot\nvay nhom",
    ],
)
def test_danger_is_heard_to_the_end_of_a_text(text: str) -> None:
    assert alarm(text) == "violence"


def test_a_denial_in_its_own_line_still_denies() -> None:
    assert alarm("សួស្តី\nថៅកែអត់វាយខ្ញុំទេ") is None
