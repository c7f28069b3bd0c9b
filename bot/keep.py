"""Sealing what is told, into the draft or, once it is lodged, into the case."""

from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot import conversation
from bot.message import Attachment, AttachmentKind, Channel, ChannelName, Message
from referrals import draft, thread
from referrals.site import Site

DETAIL = "detail"
"""The question for a detail; the draft holds for which."""

MEDIA_TYPE_LIMIT = 128
"""Characters of a media type that are kept; what is longer is no media type."""

_UNKNOWN_TYPE = "application/octet-stream"
_MEDIA_TYPES = {
    AttachmentKind.VOICE: "audio/ogg",
    AttachmentKind.AUDIO: "audio/mpeg",
    AttachmentKind.PHOTO: "image/jpeg",
    AttachmentKind.VIDEO: "video/mp4",
}


@dataclass(frozen=True, slots=True)
class Keeper:
    """Seals told things. `wait` awaits a coroutine on the server's event loop, from a thread."""

    site: Site
    channels: Mapping[ChannelName, Channel]
    wait: Callable[[Coroutine[Any, Any, Any]], Any]

    def text(self, message: Message, field_name: str, text: str, number: int = 0) -> bool:
        """Keep words. False: nowhere to put them. The same delivery again changes nothing."""
        return self._keep(message, field_name, text=text, number=number)

    def file(self, message: Message, field_name: str, attachment: Attachment, number: int) -> bool:
        """Fetch a file from its channel and keep it. False: nowhere to put it.

        Raises TooLarge or Undeliverable when the channel does not give it.
        """
        file = self._sealed(message.channel, attachment)
        return self._keep(message, field_name, file=file, kind=attachment.kind.value, number=number)

    def _sealed(self, channel: ChannelName, attachment: Attachment) -> draft.SealedFile:
        reference = attachment.reference or ""
        named = attachment.media_type or _MEDIA_TYPES.get(attachment.kind, _UNKNOWN_TYPE)
        media_type = named if len(named) <= MEDIA_TYPE_LIMIT else _UNKNOWN_TYPE
        if channel is ChannelName.WEB:
            return sealed_upload(reference, attachment.size or 0, media_type)
        return draft.seal_file(self.site, self._pieces(channel, reference), media_type)

    def _pieces(self, channel: ChannelName, reference: str) -> Iterator[bytes]:
        stream = aiter(self.channels[channel].fetch(reference))

        async def following() -> bytes | None:
            return await anext(stream, None)

        while (piece := self.wait(following())) is not None:
            yield piece

    def _keep(
        self,
        message: Message,
        field_name: str,
        *,
        text: str | None = None,
        file: draft.SealedFile | None = None,
        kind: str = "text",
        number: int = 0,
    ) -> bool:
        with self.site.store.writing() as session:
            if field_name == "addition":
                about = conversation.state(session, message.conversation).about_case
                case = thread.addressed(session, self.site, message.conversation, about)
                if case is None:
                    return False
                new = thread.add(
                    session,
                    self.site,
                    case,
                    message.update,
                    number=number,
                    text=text,
                    file=file,
                    kind=kind,
                )
            else:
                begun = draft.open_(session, self.site, message.conversation, message.channel)
                new = draft.tell(
                    session,
                    self.site,
                    begun,
                    self._field(begun, field_name),
                    message.update,
                    text=text,
                    file=file,
                    kind=kind,
                    number=number,
                )
            if not new and file is not None and message.channel is not ChannelName.WEB:
                # Fetched once more after a crash; a web upload is sealed once, before its turn.
                self.site.files.remove(file.file_id)
        return True

    def _field(self, begun: draft.Draft, asked: str) -> str:
        """Give the field that a told answer belongs to: of a detail, the one that was opened."""
        if asked != DETAIL:
            return asked
        return draft.answers(self.site, begun).get(DETAIL, "story")


def upload_reference(file: draft.SealedFile) -> str:
    """Write down where a web upload lies and what opens it; goes only into the sealed queue."""
    return f"{file.file_id}:{file.key.hex()}:{file.digest.hex()}"


def sealed_upload(reference: str, size: int, media_type: str) -> draft.SealedFile:
    """Read what `upload_reference` wrote."""
    file_id, key, digest = reference.split(":")
    return draft.SealedFile(file_id, bytes.fromhex(key), bytes.fromhex(digest), size, media_type)
