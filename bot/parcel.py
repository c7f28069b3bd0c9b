"""What is under way: a message until its turn was played, and its replies until they left.

The durable queue (DBOS) keeps its arguments and results for days, so it is given only the number
of a parcel; the words lie here, sealed under the server key, and are gone as soon as they are
not needed. What stays of a parcel is its number, by which a repeated delivery is known.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlmodel import Field, Session, SQLModel, col, delete, select

from bot.message import Attachment, AttachmentKind, Button, ChannelName, Message, Reply
from referrals import rows
from referrals.sealing import SealedField
from referrals.site import Site
from referrals.store import UtcDateTime

MESSAGE = SealedField("parcel", "sealed_message", "server")
REPLIES = SealedField("parcel", "sealed_replies", "server")

WEB_REPLIES_KEPT = timedelta(minutes=10)
"""How long a page may ask again for the replies to its message, when its line broke."""

KNOWN = timedelta(days=8)
"""How long a delivery is known after its turn. Telegram repeats for 24 hours, Messenger for
days.
"""


class Parcel(SQLModel, table=True):
    """One delivery. `played` tells a message still waiting from one that was answered, `shown` an
    answer that is in the chat from one still on its way.
    """

    __tablename__ = "parcel"

    id: str = Field(primary_key=True, max_length=160)
    conversation: str = Field(max_length=64, index=True)
    channel: str = Field(max_length=16)
    accepted: datetime = Field(sa_type=UtcDateTime, index=True)
    played: datetime | None = Field(default=None, sa_type=UtcDateTime)
    shown: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sealed_message: bytes | None = None
    sealed_replies: bytes | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """The replies of a turn, and the letters and news that they show.

    `clear`: before they are said the chat is cleared of what stands in it. The first reply, which
    tells how to clear it by hand, is left out when nothing was left.
    """

    replies: tuple[Reply, ...]
    letters: tuple[str, ...] = ()
    news: tuple[str, ...] = ()
    clear: bool = False

    @property
    def pieces(self) -> tuple[Reply | str, ...]:
        """Give what leaves one by one, each once: a reply, and before it the id of its recorded
        voice. A voice that was sent is not sent again because its text is.
        """
        return tuple(
            piece for reply in self.replies for piece in (reply.voice, reply) if piece is not None
        )


def accept(session: Session, site: Site, parcel_id: str, message: Message) -> bool:
    """Write a message down; False when this delivery is known already."""
    plain = json.dumps({**asdict(message), "received": message.received.isoformat()}).encode()
    values = {
        "id": parcel_id,
        "conversation": message.conversation,
        "channel": message.channel.value,
        "accepted": site.clock(),
        "sealed_message": site.server_key.seal(MESSAGE, parcel_id, plain),
    }
    # One statement decides between new and repeated, whoever else delivers the same just now.
    return rows.insert_if_free(session, Parcel, "id", values)


def waiting(session: Session) -> list[Parcel]:
    """Give the deliveries whose turn was not played yet, in the order they came."""
    query = select(Parcel).where(col(Parcel.played).is_(None))
    return list(session.exec(query.order_by(col(Parcel.accepted), col(Parcel.id))))


def message_of(session: Session, site: Site, parcel_id: str) -> Message | None:
    """Give the message, None when its turn was played. Raises sqlalchemy.exc.NoResultFound."""
    row = session.get_one(Parcel, parcel_id)
    if row.sealed_message is None:
        return None
    plain: dict[str, Any] = json.loads(
        site.server_key.open_(MESSAGE, parcel_id, row.sealed_message)
    )
    attachments = tuple(
        Attachment(**{**a, "kind": AttachmentKind(a["kind"])}) for a in plain["attachments"]
    )
    return Message(
        **{
            **plain,
            "channel": ChannelName(plain["channel"]),
            "received": datetime.fromisoformat(plain["received"]),
            "attachments": attachments,
        }
    )


def answer(session: Session, site: Site, parcel_id: str, outgoing: Outgoing) -> None:
    """Put the replies in the place of the message, whose words are gone with this.

    Replies to earlier messages of the same conversation are forgotten: whoever writes again has
    seen them.
    """
    row = session.get_one(Parcel, parcel_id)
    plain = {
        "replies": [asdict(r) for r in outgoing.replies],
        "letters": list(outgoing.letters),
        "news": list(outgoing.news),
        "clear": outgoing.clear,
    }
    row.sealed_message, row.played = None, site.clock()
    row.sealed_replies = site.server_key.seal(REPLIES, parcel_id, json.dumps(plain).encode())
    session.add(row)
    session.flush()
    session.connection().execute(
        update(Parcel)
        .where(
            col(Parcel.conversation) == row.conversation,
            col(Parcel.channel) == ChannelName.WEB,
            col(Parcel.id) != parcel_id,
        )
        .values(sealed_replies=None)
    )


def outgoing_of(session: Session, site: Site, parcel_id: str) -> Outgoing | None:
    """Give the replies of a turn, None before it was played; empty once they left."""
    row = session.get(Parcel, parcel_id)
    if row is None or row.played is None:
        return None
    if row.sealed_replies is None:
        return Outgoing(())
    plain = json.loads(site.server_key.open_(REPLIES, parcel_id, row.sealed_replies))
    replies = tuple(
        Reply(r["text"], tuple(Button(**b) for b in r["buttons"]), r.get("voice"))
        for r in plain["replies"]
    )
    news = tuple(plain.get("news", ()))
    return Outgoing(replies, tuple(plain["letters"]), news, plain.get("clear", False))


def show(session: Session, parcel_id: str, now: datetime) -> str:
    """Remember since when the replies are in the chat; the first time counts.

    Gives the conversation. Raises sqlalchemy.exc.NoResultFound.
    """
    row = session.get_one(Parcel, parcel_id)
    if row.shown is None:
        row.shown = now
        session.add(row)
    return row.conversation


def news_on_its_way(session: Session, site: Site, conversation: str) -> set[str]:
    """Give the news that earlier answers show which have not left yet."""
    query = select(Parcel.id).where(
        Parcel.conversation == conversation,
        col(Parcel.sealed_replies).is_not(None),
        col(Parcel.shown).is_(None),
    )
    under_way = (outgoing_of(session, site, each) for each in session.exec(query).all())
    return {alert for outgoing in under_way if outgoing for alert in outgoing.news}


def all_shown_by(session: Session, conversation: str, parcel_id: str, moment: datetime) -> bool:
    """Say whether what was answered last, before delivery `parcel_id`, stood in the chat at
    `moment`.
    """
    before = select(Parcel).where(
        Parcel.conversation == conversation,
        Parcel.id != parcel_id,
        col(Parcel.played).is_not(None),
    )
    last = session.exec(before.order_by(col(Parcel.played).desc()).limit(1)).first()
    return last is None or (last.shown is not None and last.shown <= moment)


def left(session: Session, parcel_id: str) -> None:
    """Forget the replies: they left, or never will."""
    row = session.get(Parcel, parcel_id)
    if row is not None:
        row.sealed_replies = None
        session.add(row)


def sweep(session: Session, now: datetime) -> None:
    """Forget the replies that no page asked for in time, and deliveries that nobody repeats."""
    session.connection().execute(
        update(Parcel)
        .where(col(Parcel.channel) == ChannelName.WEB, col(Parcel.played) < now - WEB_REPLIES_KEPT)
        .values(sealed_replies=None)
    )
    session.exec(delete(Parcel).where(col(Parcel.played) < now - KNOWN))
