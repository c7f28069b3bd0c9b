"""Rasa's dialogue state, sealed on disk.

Rasa itself fails open: a store it cannot load or write to is replaced by memory (RasaHQ/rasa#8148).
This one stops the server instead, with one line that holds no content.
"""

import base64
import binascii
import json
import os
import sqlite3
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SerializedTrackerAsText, TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME
from rasa.shared.core.conversation import Dialogue
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    Event,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

KEPT = 8 * 24 * 3600
"""Seconds an untouched conversation is kept; what must last longer is in the draft and the case."""

MOST_EVENTS = 300
"""Events of one session that are kept as they were; older ones are folded into slots and loop."""

UNFOLDED_MESSAGES = 6
"""Messages never folded: more than our longest memory, the two-stage fallback, looks back."""

MISCONFIGURED = 78
"""Exit code EX_CONFIG of sysexits.h: starting again will not help."""

BROKEN = 74
"""Exit code EX_IOERR of sysexits.h."""

_NONCE = 12
_BOUND_TO = b"samleng tracker v1\x00"
_PROBE = "probe"
_SWEEP_EVERY = 3600.0


def stop(reason: str, code: int) -> NoReturn:
    """End the whole process now. `reason` must hold no content of a conversation."""
    print(f"samleng: Rasa stops: {reason}", file=sys.stderr, flush=True)
    os._exit(code)


class SealedTrackerStore(TrackerStore, SerializedTrackerAsText):
    """One row a conversation: AES-256-GCM under SAMLENG_TRACKER_KEY, bound to its sender.

    `key` is 32 bytes in base64. The sender id is an HMAC already. Any failure ends the process.
    """

    def __init__(
        self,
        domain: Domain,
        host: str | None = None,  # noqa: ARG002 - Rasa gives every store one
        event_broker: EventBroker | None = None,
        key: str = "",
        path: str = "",
        **kwargs: Any,  # noqa: ARG002
    ) -> None:
        """Open the file and prove that the key is the one it was sealed with."""
        super().__init__(domain, event_broker)
        self._swept = 0.0
        try:
            self._cipher = AESGCM(_read_key(key))
            if not path or path.startswith("$"):
                stop("SAMLENG_TRACKER_PATH is not set", MISCONFIGURED)
            self._rows = _connect(Path(path))
            self._prove()
        except (sqlite3.Error, OSError) as error:
            stop(f"the tracker file cannot be opened ({type(error).__name__})", BROKEN)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Seal the current session, bounded, over what was there."""
        try:
            self._write(tracker.sender_id, self._bounded(tracker))
        except Exception as error:  # else Rasa would go on in memory
            stop(f"a conversation cannot be saved ({type(error).__name__})", BROKEN)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """Give the current session, or None for a sender never met."""
        try:
            row = self._rows.execute(
                "SELECT sealed FROM tracker WHERE sender = ?", (sender_id,)
            ).fetchone()
            if row is None:
                return None
            return self.deserialise_tracker(sender_id, self._open(sender_id, row[0]))
        except Exception as error:  # else Rasa would begin an empty conversation
            stop(f"a conversation cannot be read ({type(error).__name__})", BROKEN)

    async def retrieve_full_tracker(self, conversation_id: str) -> DialogueStateTracker | None:
        """Give the same: earlier sessions are not kept."""
        return await self.retrieve(conversation_id)

    async def keys(self) -> Iterable[str]:
        """Give the senders."""
        found = self._rows.execute("SELECT sender FROM tracker WHERE sender <> ?", (_PROBE,))
        return [sender for (sender,) in found]

    def forget(self, sender_id: str) -> None:
        """Delete one conversation."""
        try:
            with self._rows:
                self._rows.execute("DELETE FROM tracker WHERE sender = ?", (sender_id,))
        except sqlite3.Error as error:
            stop(f"a conversation cannot be deleted ({type(error).__name__})", BROKEN)

    def _write(self, sender_id: str, plain: bytes) -> None:
        nonce = os.urandom(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, plain, _BOUND_TO + sender_id.encode())
        now = time.time()
        with self._rows:
            self._rows.execute(
                "INSERT INTO tracker (sender, sealed, touched) VALUES (?, ?, ?) ON CONFLICT"
                " (sender) DO UPDATE SET sealed = excluded.sealed, touched = excluded.touched",
                (sender_id, sealed, now),
            )
            if now - self._swept > _SWEEP_EVERY:
                self._swept = now
                self._rows.execute(
                    "DELETE FROM tracker WHERE touched < ? AND sender <> ?", (now - KEPT, _PROBE)
                )

    def _open(self, sender_id: str, sealed: bytes) -> bytes:
        bound_to = _BOUND_TO + sender_id.encode()
        return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to)

    def _prove(self) -> None:
        """Stop at the start, not at the first message, when the key is another one."""
        row = self._rows.execute(
            "SELECT sealed FROM tracker WHERE sender = ?", (_PROBE,)
        ).fetchone()
        try:
            if row is not None:
                self._open(_PROBE, row[0])
        except InvalidTag:
            stop(
                "the tracker file was sealed with another key; bring that key back,"
                " or delete the tracker file to begin every dialogue anew",
                MISCONFIGURED,
            )
        self._write(_PROBE, b"{}")

    @staticmethod
    def _bounded(tracker: DialogueStateTracker) -> bytes:
        events = _this_session(list(tracker.events))
        if len(events) > MOST_EVENTS:
            events = _folded(tracker, events)
        return json.dumps(Dialogue(tracker.sender_id, events).as_dict()).encode()


def _read_key(key: str) -> bytes:
    try:
        raw = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 32:
        stop("SAMLENG_TRACKER_KEY is not 32 bytes in base64", MISCONFIGURED)
    return raw


def _connect(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)
    # Only the event loop uses it; Sanic builds the store in the thread that then runs the loop.
    rows = sqlite3.connect(path, timeout=10, check_same_thread=False)
    rows.execute("PRAGMA journal_mode = WAL")
    rows.execute("PRAGMA synchronous = FULL")
    rows.execute("PRAGMA secure_delete = ON")
    rows.execute(
        "CREATE TABLE IF NOT EXISTS tracker"
        " (sender TEXT PRIMARY KEY, sealed BLOB NOT NULL, touched REAL NOT NULL) WITHOUT ROWID"
    )
    rows.commit()
    return rows


def _this_session(events: list[Event]) -> list[Event]:
    for place in range(len(events) - 1, -1, -1):
        event = events[place]
        if isinstance(event, ActionExecuted) and event.action_name == ACTION_SESSION_START_NAME:
            return events[place:]
    return events


def _folded(tracker: DialogueStateTracker, events: list[Event]) -> list[Event]:
    """Replace all but the last few messages by the slots and the loop they led to."""
    messages = [place for place, event in enumerate(events) if isinstance(event, UserUttered)]
    if len(messages) <= UNFOLDED_MESSAGES:
        return events
    cut = messages[-UNFOLDED_MESSAGES]
    before = DialogueStateTracker.from_events(
        tracker.sender_id, events[:cut], slots=list(tracker.slots.values())
    )
    state: list[Event] = [
        ActionExecuted(ACTION_SESSION_START_NAME),
        SessionStarted(),
        *(
            SlotSet(name, slot.value)
            for name, slot in before.slots.items()
            if slot.value is not None
        ),
    ]
    if before.active_loop_name:
        state.append(ActiveLoop(before.active_loop_name))
    return [*state, ActionExecuted(ACTION_LISTEN_NAME), *events[cut:]]
