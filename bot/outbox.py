"""What leaves: replies and announcements, within each channel's window, and never where a chat is
unknown.
"""

import logging
from datetime import timedelta

from bot import conversation, trace
from bot.channels.messenger import window_open
from bot.content import living
from bot.content.render import render
from bot.message import Channel, ChannelName, Reply, TryLater, Undeliverable
from bot.parcel import Outgoing
from bot.turn import Turns
from bot.when import local_date
from referrals import contact, notice

log = logging.getLogger(__name__)

AWAKE_FOR = timedelta(minutes=15)
"""Somebody who wrote so lately holds her phone: her reply may be followed by a notice at night."""


def leave(turns: Turns, conversation_: str, outgoing: Outgoing, number: int) -> bool:
    """Send one piece of what a turn answered, by its number from 0; False when there is no such
    piece, or it was refused for good.

    Raises TryLater when it may work later.
    """
    if number >= len(outgoing.pieces):
        return False
    if outgoing.clear and number == 0 and clear(turns, conversation_):
        return True  # nothing is left in the chat, so nobody need be told how to clear it
    piece, followed = outgoing.pieces[number], number + 1 < len(outgoing.pieces)
    if isinstance(piece, str):
        speak(turns, conversation_, piece)
        return True
    return send(turns, conversation_, piece, followed=followed)


def send(turns: Turns, conversation_: str, reply: Reply, *, followed: bool = False) -> bool:
    """Send one reply to a conversation; False when the channel refuses for good or its window is
    closed. Its recorded voice, if any, is sent by `speak`.

    `followed` tells that something is said after it. Raises TryLater when it may work later.
    """
    found = _way_to(turns, conversation_)
    if found is None:
        return False
    channel, address = found
    try:
        sent = turns.wait(channel.send(address, reply, followed=followed))
    except Undeliverable as refusal:
        log.warning("%s refused a reply for good: %s", channel.name, refusal)
        return False
    except TryLater as refusal:
        _doubt(turns, conversation_, refusal)
        raise
    _note(turns, conversation_, sent)
    return True


def _way_to(turns: Turns, conversation_: str) -> tuple[Channel, str] | None:
    """Give the channel and the address; None where there is none, or its window is closed."""
    with turns.site.store.reading() as session:
        found = contact.address_of(session, turns.site, conversation_)
    if found is None:
        return None
    name, address, last_heard = found
    channel = turns.channels.get(ChannelName(name))
    closed = name == ChannelName.MESSENGER and not window_open(last_heard, turns.site.clock())
    return None if channel is None or closed else (channel, address)


def speak(turns: Turns, conversation_: str, recording: str) -> None:
    """Send a recorded voice, once: the text after it says the same, so it goes on without."""
    found = _way_to(turns, conversation_)
    with turns.site.store.reading() as session:
        sound = living.sound(session, recording)
    if found is None or sound is None:
        return
    channel, address = found
    try:
        sent = turns.wait(channel.send_voice(address, sound))
    except Undeliverable as refusal:
        log.warning("%s takes no voice: %s", channel.name, refusal)
    except TryLater as refusal:
        log.warning("%s takes no voice now: %s", channel.name, refusal)
        _doubt(turns, conversation_, refusal)
    else:
        _note(turns, conversation_, sent)


def _note(turns: Turns, conversation_: str, marks: tuple[str, ...]) -> None:
    if marks:
        with turns.site.store.writing() as session:
            trace.note(session, conversation_, marks, turns.site.clock())


def _doubt(turns: Turns, conversation_: str, refusal: TryLater) -> None:
    """Remember that something may have arrived all the same: it cannot be deleted by its number."""
    if not refusal.unsent:
        _note(turns, conversation_, (trace.UNKNOWN,))


def clear(turns: Turns, conversation_: str) -> bool:
    """Delete from the chat what the platform lets a bot delete; False when something may be left.

    Raises TryLater.
    """
    found = _way_to(turns, conversation_)
    if found is None:
        return False
    channel, address = found
    with turns.site.store.reading() as session:
        marks = trace.marks(session, conversation_)
        young = trace.is_whole(session, conversation_, turns.site.clock())
    try:
        gone = bool(turns.wait(channel.clear(address, marks)))
    except Undeliverable as refusal:
        log.warning("%s could not be cleared: %s", channel.name, refusal)
        gone = False
    if gone:
        # Else they are tried again when she hides again: what still stands there is not forgotten.
        with turns.site.store.writing() as session:
            trace.forget(session, conversation_, marks, turns.site.clock(), whole=young)
    return gone and young


def words(turns: Turns, conversation_: str, key: str) -> list[Reply]:
    """Give one of the fixed sayings in the language of the conversation."""
    with turns.site.store.reading() as session:
        language = conversation.state(session, conversation_).language
        known = living.current(session, turns.site.clock())
    today = local_date(turns.site.clock())
    return render({"say": key, "with": {}}, language, known, {}, today)


def announce(turns: Turns, letter_id: str) -> bool:
    """Tell the channel that a letter waits; False when it cannot be told now (she will see it when
    she writes), or not at this hour (it is tried again).

    Raises TryLater.
    """
    with turns.site.store.reading() as session:
        letter = notice.letter(session, letter_id)
        if letter is None or not notice.is_waiting(session, letter_id):
            return False
        found = contact.address_of(session, turns.site, letter.conversation)
    if found is None or found[0] == ChannelName.WEB:
        return False
    with turns.site.store.reading() as session:
        if conversation.is_hidden(session, letter.conversation, found[2]):
            return False
    now = turns.site.clock()
    if turns.quiet.holds(now) and now - found[2] > AWAKE_FOR:
        return False
    sent = all(
        # Whatever is said next, and nobody knows when: the way to the letter stays.
        send(turns, letter.conversation, reply, followed=True)
        for reply in words(turns, letter.conversation, "letter_waiting")
    )
    if sent:
        with turns.site.store.writing() as session:
            notice.mark_announced(session, letter_id)
    return sent
