"""What leaves: replies and announcements, within each channel's window, and never where a chat is
unknown.
"""

import logging

from bot import conversation
from bot.channels.messenger import window_open
from bot.content.render import render
from bot.message import ChannelName, Reply, Undeliverable
from bot.turn import Turns
from referrals import contact, notice

log = logging.getLogger(__name__)


def send(turns: Turns, conversation_: str, reply: Reply) -> bool:
    """Send one reply to a conversation; False when the channel refuses for good or its window is
    closed.

    Raises TryLater when it may work later.
    """
    with turns.site.store.reading() as session:
        found = contact.address_of(session, turns.site, conversation_)
    if found is None:
        return False
    name, address, last_heard = found
    channel = turns.channels.get(ChannelName(name))
    if channel is None:
        return False
    if name == ChannelName.MESSENGER and not window_open(last_heard, turns.site.clock()):
        return False
    try:
        turns.wait(channel.send(address, reply))
    except Undeliverable as refusal:
        log.warning("%s refused a reply for good: %s", name, refusal)
        return False
    return True


def words(turns: Turns, conversation_: str, key: str) -> list[Reply]:
    """Give one of the fixed sayings in the language of the conversation."""
    with turns.site.store.reading() as session:
        language = conversation.state(session, conversation_).language
    today = turns.site.clock().date()
    return render({"say": key, "with": {}}, language, turns.content, {}, today)


def announce(turns: Turns, letter_id: str) -> bool:
    """Tell the channel that a letter waits; False when it cannot be told now (she will see it when
    she writes).

    Raises TryLater.
    """
    with turns.site.store.reading() as session:
        letter = notice.letter(session, letter_id)
        if letter is None or not notice.is_waiting(session, letter_id):
            return False
        found = contact.address_of(session, turns.site, letter.conversation)
    if found is None or found[0] == ChannelName.WEB:
        return False
    sent = all(
        send(turns, letter.conversation, reply)
        for reply in words(turns, letter.conversation, "letter_waiting")
    )
    if sent:
        with turns.site.store.writing() as session:
            notice.mark_announced(session, letter_id)
    return sent
