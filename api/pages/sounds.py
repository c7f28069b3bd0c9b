"""What an uploaded sound is, by its bytes."""

import re

import filetype

from bot.content import living

_TRACKS = re.compile(rb"hdlr.{8}(soun|vide)", re.DOTALL)
"""What an MP4 holds: a handler for each track. Android's recorders name their M4A as films."""


def sound_type(sound: bytes) -> str:
    """Tell the media type from the bytes alone; empty for what Telegram plays as no voice."""
    found: str = filetype.guess_mime(sound[:512]) or ""
    if found == "video/mp4" and set(_TRACKS.findall(sound)) == {b"soun"}:
        return "audio/mp4"
    if found == "audio/ogg" and b"OpusHead" not in sound[:512]:
        return ""
    return found if found in living.SOUNDS else ""
