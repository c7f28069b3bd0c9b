"""Any message at any question: what may come, and where it may lead.

She is put at a question by what her draft holds and by the dialogue's state of somebody who went
there, so that a question costs nothing to come to again.
"""

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot import conversation
from bot.actions.journey import STEPS
from bot.buttons import ENTITIES, VALUES, build
from bot.claims import TYPED
from bot.message import AttachmentKind
from referrals import draft, lodging
from tests.conversations.script import LAST_WORDS
from tests.conversations.stage import TRACKER_KEY, Stage
from tests.conversations.talker import Talker, person
from tests.house import answers_consents
from tests.nlu.intents import ANSWERS, LEAVES, OPENS

CLAIMS = ("code", "secret", "new_secret", "group_code")
PLACES = (*sorted(STEPS), "addition", *CLAIMS, "nothing")
"""Every question there is, and none."""

INFORMS = ("category", "group", "choice", "share_mrc", "lodge")
"""Answers on buttons that are tried everywhere, one at a time."""

STORY = "ថៅកែមិនបើកប្រាក់ខែ"
TEXTS = {
    "a word nobody knows": "ប៊្លូប៊្លូ",
    "two letters": "xy",
    "a sentence": "ខ្ញុំធ្វើការនៅរោងចក្រត្រី គេកាត់លុយខ្ញុំរាល់ខែ ហើយមិនដែលប្រាប់ថាកាត់អ្វីទេ",
    "a question": "អ្នកណាអាចមើលឃើញ?",
    "a yes": "បាទ",
    "a no": "ទេ",
    "an order": "ថយក្រោយ",
    "digits": "12345",
    "an emoji": "😀",
    "nothing": "",
    "mark-up": "<b>%s</b>'; --",
    "a slash": "/restart",
}

MISSED = frozenset({"not_understood_here", "not_understood_twice"})
TYPED_ALONE = frozenset({"affirm", "deny"})
"""Intents that a payload may have and that stand on no button."""

_LEAST = {
    "category": "unpaid_wages",
    "country": "TH",
    "province": "KH-14",
    "store": "yes",
    "share_mrc": "yes",
    "contact_me": "yes",
}
_NO = {"share_mrc": "no", "share_legal_aid": "no", "share_pdolvt": "no"}
_UP_TO = list(_LEAST)
_OWN_WAY = {
    "complainant": {"at": "complainant"},
    "details": {**_LEAST, "menu": "details"},
    "detail": {**_LEAST, "menu": "help", "detail": "wants"},
    "change": {**_LEAST, "menu": "change"},
    "lodge": _LEAST,
}


@dataclass(frozen=True)
class Sent:
    """One message. `intent` is the button's, None for what is typed or attached."""

    name: str
    intent: str | None = None
    how: dict[str, Any] = field(default_factory=dict)


def messages(talker: Talker) -> Iterator[Sent]:
    """Give every kind of message; buttons about a case name hers."""
    for intent, allowed in ENTITIES.items():
        values = {
            name: talker.code if name == "case" else min(VALUES[name]) for name in sorted(allowed)
        }
        answers = [{name: values[name]} for name in INFORMS] if intent == "inform" else [values]
        for payload in (build(intent, **each) for each in answers):
            yield Sent(payload, intent, {"button": payload})
    yield Sent("a payload nobody made", "unknown", {"button": "inform:lodge=perhaps"})
    for name, text in TEXTS.items():
        yield Sent(name, None, {"text": text})
    for kind in AttachmentKind:
        yield Sent(f"[{kind}]", None, {"attach": [kind.value]})
    yield Sent("[album]", None, {"attach": ["photo", "photo"], "caption": "រូប"})
    yield Sent("[too large]", None, {"attach": ["video"], "size": 21_000_000})


@dataclass
class Place:
    """One question, and how somebody comes to stand at it."""

    stage: Stage
    question: str
    _tracker: dict[str, Any] | None = None

    def somebody(self) -> Talker:
        """Give somebody who stands there; the first one walks, the others are put there."""
        talker = person(self.stage)
        with self.stage.site.store.writing() as session:
            conversation.begin(session, talker.conversation, self.stage.clock.now)
        self._has(talker)
        if self._tracker is None:
            self._walks(talker)
            self._tracker = self._dialogue(talker)
            return self.somebody()
        self._put(talker)
        return talker

    def _has(self, talker: Talker) -> None:
        """Give her the draft, or the case, that the question needs."""
        has_case = self.question in {"addition", "new_secret", "nothing"}
        if self.question not in STEPS and not has_case:
            return
        site, held = self.stage.site, _LEAST if has_case else self._held()
        with site.store.writing() as session:
            own = draft.open_(session, site, talker.conversation, talker.channel)
            answers_consents(session, site, own, held)
            draft.change(session, site, own, dict(held))
            draft.tell(session, site, own, "story", "told-before", text=STORY)
            if has_case:
                update = f"lodged {talker.conversation}"
                talker.code = lodging.lodge(session, site, own, update, language="km").code

    def _held(self) -> dict[str, str]:
        match self.question:
            case step if step in _OWN_WAY:
                return _OWN_WAY[step]
            case "nobody":
                return {**_before("share_mrc"), **_NO}
            case "share_legal_aid":
                return {**_before("share_mrc"), "share_mrc": "no"}
            case "share_pdolvt":
                return {**_before("share_mrc"), "share_mrc": "no", "share_legal_aid": "no"}
            case "story":
                return _before("store")
            case "store":
                return {**_before("store"), "store": "no"}
        return _before(self.question)

    def _walks(self, talker: Talker) -> None:
        way = {
            "addition": ("case_add",),
            "code": ("claim",),
            "secret": ("claim",),
            "new_secret": ("secret",),
            "group_code": ("join",),
            "nothing": ("menu",),
        }
        for button in way.get(self.question, ("resume",)):
            talker.tap(button)
        if self.question == "secret":
            talker.write("100000000")
        assert (talker.awaiting or "nothing") == self.question, (talker.awaiting, self.question)

    def _dialogue(self, talker: Talker) -> dict[str, Any]:
        cipher, bound_to = AESGCM(TRACKER_KEY), _bound_to(talker.conversation)
        with closing(sqlite3.connect(self.stage.settings.home / "tracker.db")) as rows:
            query = "SELECT sealed FROM tracker WHERE sender=?"
            (sealed,) = rows.execute(query, (talker.conversation,)).fetchone()
        state: dict[str, Any] = json.loads(cipher.decrypt(sealed[:12], sealed[12:], bound_to))
        return state

    def _put(self, talker: Talker) -> None:
        nonce = os.urandom(12)
        plain = json.dumps({**(self._tracker or {}), "name": talker.conversation})
        cipher, bound_to = AESGCM(TRACKER_KEY), _bound_to(talker.conversation)
        sealed = nonce + cipher.encrypt(nonce, plain.encode(), bound_to)
        with closing(sqlite3.connect(self.stage.settings.home / "tracker.db")) as rows, rows:
            row = (talker.conversation, sealed, time.time())
            rows.execute("INSERT INTO tracker (sender, sealed, touched) VALUES (?, ?, ?)", row)
        waits_for = None if self.question == "nothing" else self.question
        with self.stage.site.store.writing() as session:
            conversation.set_awaiting(session, talker.conversation, waits_for)
            if self.question == "secret":
                conversation.set_about(session, talker.conversation, "100000000")


def wrong_at(stage: Stage, question: str) -> list[str]:
    """Send everything there is at one question; gives what was otherwise than it must be."""
    place = Place(stage, question)
    wrong = []
    for sent in messages(place.somebody()):
        talker = place.somebody()
        here = Sent(sent.name, sent.intent, _hers(sent.how, talker))
        before = _told(talker)
        try:
            _send(talker, here)
        except Exception as error:
            wrong.append(f"{sent.name}: {type(error).__name__}: {error}")
            continue
        wrong += [f"{sent.name}: {each}" for each in _wrong(talker, here, question, before)]
    return wrong


def _hers(how: dict[str, Any], talker: Talker) -> dict[str, Any]:
    """Name her own case in a button."""
    if "button" not in how or "case=" not in how["button"]:
        return how
    intent, _, rest = how["button"].partition(":")
    pairs = [f"case={talker.code}" if p.startswith("case=") else p for p in rest.split(";")]
    return {"button": f"{intent}:{';'.join(pairs)}"}


def _send(talker: Talker, sent: Sent) -> None:
    how = dict(sent.how)
    if "attach" in how:
        talker.attach(how.pop("attach"), how.pop("caption", None), **how)
    else:
        talker.sends(**how)


def _wrong(talker: Talker, sent: Sent, question: str, before: int) -> Iterator[str]:
    replies = talker.outgoing.replies
    if not replies or not all(reply.text.strip() for reply in replies):
        yield "silence"
    if not talker.buttons and not LAST_WORDS & set(talker.says):
        yield f"a dead end, {'+'.join(talker.says)}"
    yield from (f"nobody can press {each}" for each in talker.unpressable())
    if sent.intent not in {None, *TYPED_ALONE} and MISSED & set(talker.says):
        yield "a button is not understood"
    on_purpose = sent.intent == "discard" or "sure=yes" in sent.how.get("button", "")
    if _told(talker) < before and not on_purpose:
        yield "what was told is gone"
    at = talker.awaiting or "nothing"
    if at not in _may_lead_to(sent, question):
        yield f"leads to {at}, {'+'.join(talker.says)}"


def _may_lead_to(sent: Sent, question: str) -> set[str]:
    """Give where a message may lead from a question."""
    intent, here = sent.intent, {question}
    if intent in LEAVES:
        return {"nothing"}
    if intent in OPENS:
        return {*STEPS, "addition", *CLAIMS, "nothing"}
    if intent is None and question in TYPED:
        return {*CLAIMS, "nothing"}
    if intent in ANSWERS or "text" in sent.how:
        if question in STEPS:  # `/restart` asks for the menu, and sending ends it
            leaves = question == "lodge" or sent.name == "a slash"
            return {*STEPS, "nothing"} if leaves else set(STEPS)
        if question == "nothing" and intent is None:  # a sentence may begin a complaint
            return {*STEPS, "nothing"}
        return here | ({"nothing"} if intent == "done" else set())
    return here


def _told(talker: Talker) -> int:
    kept = sum(count for name, count in talker.kept().items() if name != "choices")
    return kept + sum(talker.told().values())


def _before(step: str) -> dict[str, str]:
    return {name: _LEAST[name] for name in _UP_TO[: _UP_TO.index(step)]}


def _bound_to(sender: str) -> bytes:
    return b"samleng tracker v1\x00" + sender.encode()
