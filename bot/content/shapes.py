"""The shape of every content file: typed, frozen, and strict about what it does not know."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bot.message import Language

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]

TITLE_LIMIT = 20
"""UTF-16 units of a button's title, picture and space included: Messenger cuts what is longer."""

BUBBLE_LIMIT = 600
"""Characters of one bubble; Messenger's button template takes 640."""


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
    private: Literal["draft", "letter"] | None = None
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
    """Somebody who can be asked. A number without a mark of checking cannot be written here."""

    phone: Words
    name_km: Words
    name_en: Words
    hours_km: Words | None = None
    hours_en: Words | None = None
    country: str
    mark: Literal["V", "v"]
    note: str | None = None

    def name(self, language: Language) -> str:
        """Give the name in one language."""
        return self.name_km if language is Language.KM else self.name_en

    def hours(self, language: Language) -> str | None:
        """Give the hours in one language, None when they are not known."""
        return self.hours_km if language is Language.KM else self.hours_en


class FaqEntry(Bilingual):
    """One answer for one country, with its source, its date and whom to ask."""

    country: str
    facts: tuple[str, ...] = Field(min_length=1)
    source: Bilingual
    as_of: Annotated[str, StringConstraints(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")]
    review_by: date
    ask: str
    related: tuple[str, ...] = ()
    category: str | None = None


class ConsentWords(Bilingual):
    """One question of consent and why it is asked. A changed word is a new version."""

    version: int = Field(ge=1)
    why_km: Words
    why_en: Words

    def shown(self, language: Language) -> str:
        """Give the exact words a migrant is shown, and that are recorded with the answer."""
        why = self.why_km if language is Language.KM else self.why_en
        return f"{self.text(language)}\n{why}"


class SafetyCard(Bilingual):
    """What to do in danger in one country, and whom to call."""

    contacts: tuple[str, ...] = Field(min_length=1)
