"""The shape of every content file: typed, frozen, and strict about what it does not know."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from bot.message import Language

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]

TITLE_LIMIT = 20
"""UTF-16 units of a button's title, picture and space included: Messenger cuts what is longer."""

BUBBLE_LIMIT = 600
"""Characters of one bubble; Messenger's button template takes 640."""


GENERAL = "general"
"""The card for danger of no special kind."""


def utf16_length(text: str) -> int:
    """Count the UTF-16 units of a text: how Messenger and Telegram count."""
    return len(text.encode("utf-16-le")) // 2


class Shape(BaseModel):
    """What all shapes share: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Bilingual(Shape):
    """The same words in Khmer and English."""

    km: Words
    en: Words

    def text(self, language: Language) -> str:
        """Give the words in one language."""
        return self.km if language is Language.KM else self.en


class ButtonWords(Bilingual):
    """A button: its picture, its title, its payload. `only` hides it in the other language."""

    icon: str = ""
    payload: str
    only: Language | None = None

    def title(self, language: Language) -> str:
        """Give picture and text as shown."""
        return f"{self.icon} {self.text(language)}".strip()


class SayWords(Bilingual):
    """One thing to say. `private` names whose words the turn must fill in.

    `contacts` lists, by country, whose numbers `{contacts}` shows.
    """

    buttons: tuple[str, ...] = ()
    private: Literal["draft", "letter", "handover", "paper"] | None = None
    contacts: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    version: int = 1


class Label(Bilingual):
    """The name of a code: short for buttons, long for sentences."""

    icon: str = ""
    long_km: Words | None = None
    long_en: Words | None = None

    def title(self, language: Language) -> str:
        """Give picture and short name, for a button."""
        return f"{self.icon} {self.text(language)}".strip()

    def name(self, language: Language) -> str:
        """Give the long name when there is one, for a sentence."""
        long = self.long_km if language is Language.KM else self.long_en
        return long or self.text(language)


class ContactWords(Shape):
    """Somebody who can be asked. A number without a mark of checking cannot be written here.

    `compared` is the day on which the number was last compared with its sources; staff confirm it
    again at the desk (bot/content/living.py). What is not known stays None and is not shown.
    """

    phone: Words
    whatsapp: Words | None = None
    name_km: Words
    name_en: Words
    hours_km: Words | None = None
    hours_en: Words | None = None
    languages_km: Words | None = None
    languages_en: Words | None = None
    cost_km: Words | None = None
    cost_en: Words | None = None
    country: str
    mark: Literal["V", "v"]
    compared: date
    emergency: bool = False
    note: str | None = None

    @model_validator(mode="after")
    def _a_number_that_never_goes_is_a_checked_one(self) -> Self:
        if self.emergency and self.mark != "V":
            raise ValueError("only a number of mark V may be an emergency number")
        return self

    def name(self, language: Language) -> str:
        """Give the name in one language."""
        return self.name_km if language is Language.KM else self.name_en

    def hours(self, language: Language) -> str | None:
        """Give the hours in one language, None when they are not known."""
        return self.hours_km if language is Language.KM else self.hours_en

    def languages(self, language: Language) -> str | None:
        """Say which languages are spoken there, None when it is not known."""
        return self.languages_km if language is Language.KM else self.languages_en

    def cost(self, language: Language) -> str | None:
        """Say what a call costs, None when it is not known."""
        return self.cost_km if language is Language.KM else self.cost_en


class AnswerWords(Shape):
    """An answer in one language: what is so, then what to do, one action a step; and the same said
    more simply.
    """

    answer: Words
    steps: tuple[Words, ...] = ()
    simple: Words


class FaqEntry(Shape):
    """One answer for one country, with its source, its date and whom to ask.

    `as_of` is the date of what is said, as exactly as it is known. After `review_by` the answer is
    old and says so. `ask` names contacts, the best first.
    """

    country: str
    facts: tuple[str, ...] = Field(min_length=1)
    km: AnswerWords
    en: AnswerWords
    source: Bilingual
    as_of: Annotated[str, StringConstraints(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")]
    review_by: date
    ask: tuple[str, ...] = Field(min_length=1, max_length=3)
    related: tuple[str, ...] = Field(default=(), max_length=3)
    category: str | None = None

    def words(self, language: Language) -> AnswerWords:
        """Give the words in one language."""
        return self.km if language is Language.KM else self.en

    def is_old(self, today: date) -> bool:
        """Say whether the day is past on which it should have been looked at again."""
        return today > self.review_by


class ConsentWords(Bilingual):
    """One question of consent and why it is asked. A changed word is a new version."""

    version: int = Field(ge=1)
    why_km: Words
    why_en: Words

    def shown(self, language: Language) -> str:
        """Give the exact words a migrant is shown, and that are recorded with the answer."""
        why = self.why_km if language is Language.KM else self.why_en
        return f"{self.text(language)}\n{why}"


class SafetyCards(Shape):
    """What to do in danger, by its kind, and whom to call, by country and kind.

    A country has `general` numbers; a kind that is not named there has the same.
    """

    words: dict[str, Bilingual]
    numbers: dict[str, dict[str, tuple[str, ...]]]

    @model_validator(mode="after")
    def _nobody_is_left_without_a_card(self) -> Self:
        if GENERAL not in self.words:
            raise ValueError("there are no general words")
        for country, kinds in self.numbers.items():
            if not kinds.get(GENERAL):
                raise ValueError(f"{country} has no general numbers")
            if unknown := sorted(kinds.keys() - self.words.keys()):
                raise ValueError(f"{country} has numbers for {unknown}, which has no words")
        return self

    def contacts(self, country: str, kind: str) -> tuple[str, ...]:
        """Give whom to call, the most important first. Raises KeyError for an unknown country."""
        kinds = self.numbers[country]
        return kinds.get(kind) or kinds[GENERAL]
