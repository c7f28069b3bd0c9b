"""A Telegram update, read: which message of which person it is, if any."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import telegram
from telegram.ext import filters

from bot.channels import Pseudonym, Unreadable
from bot.channels.fit import whole
from bot.message import FILE_LIMIT, Attachment, AttachmentKind, ChannelName, Message

COMMANDS: Mapping[str, str] = {
    "start": "greet",
    "menu": "menu",
    "help": "menu",
    "complain": "complaint",
    "status": "case_status",
    "human": "human",
    "news": "news",
    "again": "again",
    "settings": "settings",
    "language": "language",
    "privacy": "privacy",
    "hide": "hide",
    "cancel": "cancel",
}
"""Command -> payload of the button that means the same."""

ALLOWED_UPDATES = ("message", "edited_message", "callback_query")
"""What Telegram is asked to send; the rest would only be thrown away."""


def message_from(
    update: telegram.Update | Mapping[str, Any],
    pseudonym: Pseudonym,
    bot_id: int,
    received: datetime,
) -> Message | None:
    """Turn an update into a message; None when no person said anything to us in private.

    `received` is UTC. The parts of an album come as one message each; an edited message is a
    message of its own. A command with words behind it is text, so that the words are not lost.
    Raises Unreadable when `update` is not an update of the Bot API.
    """
    update = update if isinstance(update, telegram.Update) else _parse(update)
    said = update.message or update.edited_message
    press = update.callback_query
    text: str | None = None
    button: str | None = None
    attachments: tuple[Attachment, ...] = ()
    mark: str | None = None
    if press is not None:
        chat = press.message.chat if press.message else None
        if press.data is None or press.from_user.is_bot or (chat and not _private(chat)):
            return None
        # A press on a message too old for Telegram to show still names the person, whose id is
        # the id of their private chat.
        user, button = press.from_user, press.data
    elif said is not None and said.from_user is not None:
        if not _private(said.chat) or said.from_user.is_bot:
            return None
        user, mark = said.from_user, str(said.message_id)
        text, button = _words(said)
        attachments = _attachments(said)
        if attachments and attachments[0].kind is AttachmentKind.STICKER and said.sticker:
            text = said.sticker.emoji
        if text is None and button is None and not attachments:
            return None
    else:
        return None
    return Message(
        channel=ChannelName.TELEGRAM,
        update=f"tg-{bot_id}-{update.update_id:012d}",
        conversation=pseudonym(ChannelName.TELEGRAM, str(user.id)),
        address=str(user.id),
        received=received,
        text=None if text is None else whole(text),
        button=None if button is None else whole(button),
        attachments=attachments,
        mark=mark,
    )


def _parse(update: Mapping[str, Any]) -> telegram.Update:
    try:
        return telegram.Update.de_json(dict(update), None)
    except (TypeError, KeyError, ValueError, AttributeError, OverflowError, OSError):
        pass
    # Outside the `except`, so that the library's exception, which quotes the update, stays behind.
    raise Unreadable("not an update of the Bot API")


def _private(chat: telegram.Chat) -> bool:
    return chat.type == telegram.Chat.PRIVATE


def _words(said: telegram.Message) -> tuple[str | None, str | None]:
    """Give (text, button): a known command alone is a button, all else is text."""
    text = said.text or said.caption
    if text is None or not said.text or not text.startswith("/"):
        return text, None
    command, _, words = text[1:].partition(" ")
    name = command.partition("@")[0].lower()
    if name == "start":  # what follows is the payload of a link, not words
        return None, COMMANDS[name]
    if name not in COMMANDS:
        return text, None
    return (words.strip(), None) if words.strip() else (None, COMMANDS[name])


def _attachments(said: telegram.Message) -> tuple[Attachment, ...]:
    if said.photo:
        return (_photo(said.photo),)
    files = (
        (said.voice, AttachmentKind.VOICE),
        (said.audio, AttachmentKind.AUDIO),
        (said.video, AttachmentKind.VIDEO),
        (said.video_note, AttachmentKind.VIDEO),
        (said.animation, AttachmentKind.VIDEO),  # before document: Telegram sets both
        (said.document, AttachmentKind.DOCUMENT),
        (said.sticker, AttachmentKind.STICKER),
    )
    for file, kind in files:
        if file is not None:
            media_type = getattr(file, "mime_type", None)
            return (Attachment(kind, file.file_id, media_type, file.file_size),)
    if said.location:
        place = f"{said.location.latitude},{said.location.longitude}"
        return (Attachment(AttachmentKind.LOCATION, place),)
    if said.contact:
        return (Attachment(AttachmentKind.CONTACT, said.contact.phone_number),)
    if said.text or said.caption or filters.StatusUpdate.ALL.filter(_as_update(said)):
        return ()
    # A poll, a dice, a story, or something newer than this library.
    return (Attachment(AttachmentKind.OTHER),)


def _photo(sizes: tuple[telegram.PhotoSize, ...]) -> Attachment:
    """Take the largest picture that a bot may fetch."""
    within = [size for size in sizes if (size.file_size or 0) <= FILE_LIMIT]
    best = max(within or sizes[:1], key=lambda size: size.width * size.height)
    return Attachment(AttachmentKind.PHOTO, best.file_id, "image/jpeg", best.file_size)


def _as_update(said: telegram.Message) -> telegram.Update:
    return telegram.Update(update_id=0, message=said)
