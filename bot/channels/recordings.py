"""Recorded voices that a platform has already, and what their files are called there."""

from bot.message import Sound, Undeliverable

KEPT = 200
"""How many a platform is remembered to have; the oldest go first."""

_ENDINGS = {
    "audio/ogg": "ogg",
    "audio/opus": "ogg",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/mp4": "m4a",
    "audio/m4a": "m4a",
    "audio/x-m4a": "m4a",
}


class Uploaded:
    """Sound id -> what the platform calls the sound, for as long as this object lives."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def get(self, sound: Sound) -> str | None:
        """Give the platform's name for it, None when it has to be uploaded."""
        return self._names.get(sound.id)

    def keep(self, sound: Sound, name: str) -> None:
        """Remember the platform's name for it."""
        self._names.pop(sound.id, None)
        self._names[sound.id] = name
        if len(self._names) > KEPT:
            del self._names[next(iter(self._names))]

    def drop(self, sound: Sound) -> None:
        """Forget a name that the platform refused."""
        self._names.pop(sound.id, None)


def file_name(sound: Sound) -> str:
    """Name the file by its media type, and in no other way: the phone may show it.

    Raises Undeliverable when no platform plays this type as a voice.
    """
    ending = _ENDINGS.get(media_type(sound))
    if ending is None:
        raise Undeliverable("a recording is neither OGG, MP3 nor M4A")
    return f"voice.{ending}"


def media_type(sound: Sound) -> str:
    """Give the media type without its parameters."""
    return sound.media_type.partition(";")[0].strip().lower()
