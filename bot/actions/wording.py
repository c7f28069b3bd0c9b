"""In which words a consent was asked.

Its button carries language and version: she may press it after she changed the language, or when
the words are others by now, and what is written down must be what she read.
"""

from collections.abc import Callable

from bot.actions.protocol import Asked
from bot.message import Language

ENTITY = "in"

Words = Callable[[Language], tuple[int, str]]
"""Gives the version and the words of a question in a language."""


def entity(asked: Asked, words: Words) -> dict[str, str]:
    """Give what a button adds, for a question that is asked now."""
    version, _ = words(asked.language)
    return {ENTITY: f"{asked.language}{version}"}


def read(asked: Asked, words: Words) -> tuple[Language, int, str] | None:
    """Give language, version and words of the question that was answered by a button.

    None when the button does not say, or says a version that is asked no more: ask again.
    """
    told = asked.entities.get(ENTITY, "")
    if told[:2] not in set(Language):
        return None
    language = Language(told[:2])
    version, shown = words(language)
    return (language, version, shown) if told[2:] == str(version) else None
