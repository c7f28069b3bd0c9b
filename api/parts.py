"""The running program, as its routes see it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from fastapi import Request

from api.settings import Settings
from bot.channels.messenger import MessengerChannel
from bot.channels.telegram import TelegramChannel
from bot.content import Content
from bot.turn import Turns
from referrals.installation import Mode
from referrals.site import Site


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that is made once, at the start. `rasa_secret` is what Rasa shows when it calls an
    action; `announce` has a letter announced, durably.
    """

    settings: Settings
    site: Site
    content: Content
    mode: Mode
    turns: Turns
    rasa_secret: str
    announce: Callable[[str], None]
    telegram: TelegramChannel | None = None
    messenger: MessengerChannel | None = None

    @property
    def demo(self) -> bool:
        """Whether this is the demo."""
        return self.mode is Mode.DEMO


def parts_of(request: Request) -> Parts:
    """Give the running program's parts."""
    return cast(Parts, request.app.state.parts)
