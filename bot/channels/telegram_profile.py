"""What Telegram shows of the bot: its commands, its name and its descriptions.

Name and descriptions stand in the list of chats, in notices and on the bot's page, for whoever
holds the phone: their words (bot/content/profile.yml) do not say what the bot is for.
"""

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import telegram
import yaml

from bot.channels.telegram_call import call
from bot.message import Language, TryLater, Undeliverable

NAME_LIMIT = 64
SHORT_LIMIT = 120
DESCRIPTION_LIMIT = 512

_CONTENT = Path(__file__).parents[1] / "content"
_LANGUAGES = ((Language.KM, None), (Language.EN, "en"))  # None: any phone without words of its own
_PATIENCE = 60  # seconds; a name may be changed a few times a day, and the wait is then hours

_log = logging.getLogger(__name__)


async def show_commands(bot: telegram.Bot) -> None:
    """Show the commands in Telegram's menu. Raises Undeliverable or TryLater."""
    words = _words("commands.yml")
    for language, code in _LANGUAGES:
        commands = [telegram.BotCommand(name, text[language]) for name, text in words.items()]
        await call(bot.set_my_commands(commands, language_code=code))


async def show_profile(bot: telegram.Bot) -> None:
    """Set name and descriptions where Telegram shows others.

    What Telegram refuses, or wants to be asked hours later, stays as it is and is logged. Raises
    TryLater, once the rest is done, when something may work in a minute.
    """
    parts: tuple[tuple[str, Callable[..., Awaitable[Any]], Callable[..., Awaitable[bool]]], ...] = (
        ("name", bot.get_my_name, bot.set_my_name),
        ("short_description", bot.get_my_short_description, bot.set_my_short_description),
        ("description", bot.get_my_description, bot.set_my_description),
    )
    words = _words("profile.yml")
    missed: TryLater | None = None
    for part, ask, change in parts:
        for language, code in _LANGUAGES:
            text = words[part][language].strip()
            try:
                shown = getattr(await call(ask(language_code=code)), part)
                if shown.split() != text.split():
                    await call(change(text, language_code=code))
            except (TryLater, Undeliverable) as refusal:
                if isinstance(refusal, TryLater) and (refusal.after or 0) <= _PATIENCE:
                    missed = refusal
                else:
                    _log.warning("%s: the %s in %s stays as it is", refusal, part, language.value)
    if missed is not None:
        raise missed


def _words(file: str) -> dict[str, Any]:
    words: dict[str, Any] = yaml.safe_load((_CONTENT / file).read_text(encoding="utf-8"))
    return words
