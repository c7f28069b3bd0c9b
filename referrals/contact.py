"""Where a conversation can be answered: the one place a chat id is kept, sealed under the server
key.
"""

from datetime import datetime

from sqlmodel import Field, Session, SQLModel

from referrals.sealing import SealedField
from referrals.site import Site
from referrals.store import UtcDateTime

ADDRESS = SealedField("contact", "sealed_address", "server")


class Contact(SQLModel, table=True):
    """One conversation's address. `conversation` is a pseudonym; `last_heard` opens Messenger's
    window.
    """

    __tablename__ = "contact"

    conversation: str = Field(primary_key=True, max_length=64)
    channel: str = Field(max_length=16)
    sealed_address: bytes
    last_heard: datetime = Field(sa_type=UtcDateTime)


def heard_from(
    session: Session, site: Site, conversation: str, channel: str, address: str, at: datetime
) -> None:
    """Keep the address of somebody who just wrote, or move the time of her last word forward."""
    contact = session.get(Contact, conversation)
    if contact is None:
        sealed = site.server_key.seal(ADDRESS, conversation, address.encode())
        session.add(
            Contact(
                conversation=conversation, channel=channel, sealed_address=sealed, last_heard=at
            )
        )
    elif contact.last_heard < at:
        contact.last_heard = at
        session.add(contact)


def address_of(session: Session, site: Site, conversation: str) -> tuple[str, str, datetime] | None:
    """Give channel, address and time of the last word heard, or None when the conversation is
    unknown.
    """
    contact = session.get(Contact, conversation)
    if contact is None:
        return None
    address = site.server_key.open_(ADDRESS, conversation, contact.sealed_address).decode()
    return contact.channel, address, contact.last_heard
