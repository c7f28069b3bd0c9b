"""The channel-neutral words: what comes in from, and goes out to, a channel."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

PAYLOAD_LIMIT = 64
"""Bytes of a button's payload: Telegram's limit for `callback_data`, the smallest of all
channels.
"""

FILE_LIMIT = 20 * 1024 * 1024
"""Bytes of one attachment: what Telegram lets a bot download, the smallest of all channels."""


class ChannelName(StrEnum):
    """Where a conversation happens."""

    TELEGRAM = "telegram"
    MESSENGER = "messenger"
    WEB = "web"


class Language(StrEnum):
    """Languages a migrant can read (ISO 639-1)."""

    KM = "km"
    EN = "en"


class AttachmentKind(StrEnum):
    """What kind of thing was sent beside, or instead of, text."""

    VOICE = "voice"
    AUDIO = "audio"
    PHOTO = "photo"
    VIDEO = "video"
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACT = "contact"
    OTHER = "other"


TELLABLE = frozenset(
    {
        AttachmentKind.VOICE,
        AttachmentKind.AUDIO,
        AttachmentKind.PHOTO,
        AttachmentKind.VIDEO,
        AttachmentKind.DOCUMENT,
    }
)
"""Kinds that can be sealed as (part of) a told answer."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """Something that came with a message.

    `reference` is what the channel needs to fetch the bytes (Telegram file id, Messenger URL, id of
    an already sealed web upload). It may hold a secret, so it is never logged.
    `size` is in bytes, None when the channel does not say.
    """

    kind: AttachmentKind
    reference: str | None = None
    media_type: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What one person sent in one delivery.

    `update` names the delivery within its channel: ASCII, unique, and sorting in the order of
    arrival; the same delivery repeated has the same `update`. `conversation` is the HMAC of channel
    and user id (hex); `address` is where a reply goes (chat id, PSID) and is only ever stored
    sealed. `received` is UTC. `mark` is what the channel calls the message where the bot may delete
    it later (Telegram's message id).
    """

    channel: ChannelName
    update: str
    conversation: str
    address: str
    received: datetime
    text: str | None = None
    button: str | None = None
    attachments: tuple[Attachment, ...] = ()
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class Button:
    """One choice. `title` starts with one picture; `payload` is ASCII, at most 64 bytes."""

    title: str
    payload: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One bubble and the choices under it. `voice` is the id of the recording that says it
    (bot/content/living.py), sent before the text.
    """

    text: str
    buttons: tuple[Button, ...] = ()
    voice: str | None = None


@dataclass(frozen=True, slots=True)
class Sound:
    """A recorded voice, ready to be sent."""

    id: str
    media_type: str
    content: bytes


class ChannelError(Exception):
    """A channel could not do what was asked. Its text names no person and quotes no message."""


class Undeliverable(ChannelError):
    """The channel refuses for good: blocked, unknown chat, outside the reply window, invalid."""


class TryLater(ChannelError):
    """The channel refuses for now: 429, 5xx, network. `after` is in seconds when the channel
    said. `unsent` tells that it certainly did not arrive; otherwise it may have.
    """

    def __init__(self, reason: str, after: float | None = None, *, unsent: bool = False) -> None:
        super().__init__(reason)
        self.after = after
        self.unsent = unsent


class TooLarge(ChannelError):
    """An attachment is over FILE_LIMIT or over what the channel lets a bot fetch."""


class Channel(Protocol):
    """A platform, seen from the bot. Turning updates into messages is each module's own
    function.
    """

    name: ChannelName

    async def send(
        self, address: str, reply: Reply, *, silent: bool = False, followed: bool = False
    ) -> tuple[str, ...]:
        """Send one reply, split and fitted to the platform's limits; gives what the platform calls
        the bubbles, where the bot can delete them later (else nothing).

        `silent` asks for no sound. `followed` tells that something is said after it, which its
        choices must outlast. Raises Undeliverable or TryLater.
        """

    async def send_voice(self, address: str, sound: Sound) -> tuple[str, ...]:
        """Send a recorded voice; gives the same. Raises Undeliverable or TryLater."""

    async def clear(self, address: str, marks: Sequence[str]) -> bool:
        """Delete these messages, both sides', from the chat; False when some may still stand there.

        Raises TryLater.
        """

    def fetch(self, reference: str) -> AsyncIterator[bytes]:
        """Yield the bytes of an attachment, at most FILE_LIMIT. Raises TooLarge, Undeliverable,
        TryLater.
        """
