"""What an emoji means, in words: some people send pictures where others type."""

from functools import cache
from pathlib import Path
from typing import Any

import emoji
import yaml

MEANINGS = Path(__file__).parent / "content" / "emoji.yml"

_UNTOLD = {
    **dict.fromkeys((0xFE0E, 0xFE0F)),  # shown as text or as a picture: the same sign
    **dict.fromkeys(range(0x1F3FB, 0x1F400)),  # tones of skin
}


def in_words(text: str) -> str:
    """Put words in the place of emoji, as bot/content/emoji.yml says.

    Among words, an emoji without a meaning of its own gives way to a space; keycaps are their
    digits. A message of nothing but emoji becomes each of their meanings once, and what is not
    listed stays as it is.
    """
    if not emoji.emoji_count(text):
        return text
    alone, anywhere = _read()
    if any(sign.isalnum() for sign in emoji.replace_emoji(text, " ")):
        return emoji.replace_emoji(
            text, lambda sign, _: f" {anywhere.get(_bare(sign), _key(sign))} "
        )
    pictures = [found["emoji"] for found in emoji.emoji_list(text)]
    known = {**alone, **anywhere}
    return " ".join(dict.fromkeys(known.get(_bare(sign), _key(sign) or sign) for sign in pictures))


def _key(sign: str) -> str:
    """Give the digit of a keycap such as 1\ufe0f\u20e3, and nothing for other signs."""
    return sign[0] if sign[0].isdigit() else ""


def _bare(sign: str) -> str:
    return sign.translate(_UNTOLD)


@cache
def _read() -> tuple[dict[str, str], dict[str, str]]:
    content: dict[str, Any] = yaml.safe_load(MEANINGS.read_text(encoding="utf-8"))
    alone, anywhere = (
        {_bare(sign): word for word, signs in content[part].items() for sign in signs}
        for part in ("alone", "anywhere")
    )
    return alone, anywhere
