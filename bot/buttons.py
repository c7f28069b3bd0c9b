"""The grammar of a button's payload: `intent` or `intent:entity=value;...`, ASCII, 64 bytes.

A payload comes back from the channel, so anybody can forge one. Only what is listed here is heard;
`told`, `unknown`, `lost` and `nlu_fallback` are the turn's own words and no button may say them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from bot.message import PAYLOAD_LIMIT, Language
from referrals.geography import PROVINCES, UNSAID
from referrals.intake import CHOICES, Detail, DetailGroup
from referrals.taxonomy import Category, Complainant, ConsentCode, Country, Phase, Topic

_YES_NO = frozenset({"yes", "no"})
_PAGES = frozenset(str(number) for number in range(1, 10))

VALUES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "complainant": frozenset(Complainant),
        "category": frozenset(Category),
        "country": frozenset(Country),
        "province": frozenset({*PROVINCES, UNSAID}),
        "store": _YES_NO,
        "share_mrc": _YES_NO,
        "share_pdolvt": _YES_NO,
        "share_legal_aid": _YES_NO,
        "contact_me": _YES_NO,
        "lodge": _YES_NO,
        "group": frozenset(Phase),
        "topic": frozenset(Topic),
        "page": _PAGES,
        "language": frozenset(Language),
        "danger": frozenset({"yes"}),
        "stop": frozenset({"yes"}),
        "data": frozenset({"less", "all"}),
        "of": frozenset(DetailGroup),
        "detail": frozenset(Detail),
        "choice": frozenset(choice for choices in CHOICES.values() for choice in choices),
        "step": frozenset(
            {
                "complainant",
                "category",
                "country",
                "province",
                "story",
                "share_mrc",
                "share_pdolvt",
                "share_legal_aid",
                "contact_me",
            }
        ),
        "consent": frozenset(ConsentCode),
        "answer": frozenset({"yes", "partly", "no"}),
        "money": frozenset({"all", "part", "none"}),
        "papers": frozenset({"valid", "expired", "none", "unsaid"}),
        "sure": frozenset({"yes"}),
        # Language and version of the words above a consent's button (bot/actions/wording.py).
        "in": frozenset(f"{language}{version}" for language in Language for version in _PAGES),
    }
)
"""Every entity a button may carry, with every value it may have."""

_CODE = re.compile("[0-9]{9}")
"""The entity `case` carries a case's code; whose case it is the action looks up."""

_INFORM = frozenset(
    {
        "complainant",
        "category",
        "country",
        "province",
        "store",
        "share_mrc",
        "share_pdolvt",
        "share_legal_aid",
        "contact_me",
        "lodge",
        "group",
        "choice",
    }
)
_AN_ANSWER = frozenset({"topic", "country"})
_A_CASE = frozenset({"case"})

ENTITIES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "complaint": frozenset({"category", "country"}),
        "faq": frozenset({"topic", "country", "page"}),
        "inform": _INFORM,
        "language": frozenset({"language"}),
        "danger": frozenset({"country"}),
        "human": frozenset({"country"}),
        "callback": frozenset({"danger", "in"}),
        "again": _AN_ANSWER,
        "simpler": _AN_ANSWER,
        "listen": _AN_ANSWER,
        "news": frozenset({"country", "stop"}),
        "data": frozenset({"data"}),
        "details": frozenset({"of"}),
        "detail": frozenset({"detail"}),
        "change": frozenset({"step"}),
        "consent": frozenset({"consent", "case", "answer", "in"}),
        "close": frozenset({"case", "sure"}),
        "erase": frozenset({"case", "sure"}),
        "satisfied": frozenset({"case", "answer"}),
        "received": frozenset({"case", "money"}),
        "count": frozenset({"case", "answer", "papers", "in"}),
        **dict.fromkeys(
            ("case_status", "case_add", "consent_change", "readers", "reopen", "paper", "secret"),
            _A_CASE,
        ),
        **dict.fromkeys(
            (
                "greet",
                "goodbye",
                "thank",
                "affirm",
                "deny",
                "menu",
                "cancel",
                "back",
                "privacy",
                "hide",
                "out_of_scope",
                "done",
                "resume",
                "discard",
                "more",
                "letter",
                "settings",
                "claim",
                "join",
            ),
            frozenset[str](),
        ),
    }
)
"""Every intent a button may have, with the entities it may carry."""


class UnknownButton(ValueError):
    """A payload that this bot never made. Its text does not quote the payload."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a pressed button means."""

    intent: str
    entities: Mapping[str, str] = field(default_factory=dict)


def parse(payload: str) -> Pressed:
    """Read a payload. Raises UnknownButton for anything that `build` would not make."""
    if not payload.isascii() or len(payload) > PAYLOAD_LIMIT:
        raise UnknownButton("a payload is ASCII and at most 64 bytes")
    intent, colon, rest = payload.partition(":")
    entities: dict[str, str] = {}
    if colon:
        for pair in rest.split(";"):
            name, equals, value = pair.partition("=")
            if not equals or name in entities:
                raise UnknownButton("after the colon comes entity=value, each entity once")
            entities[name] = value
    _check(intent, entities)
    return Pressed(intent, MappingProxyType(entities))


def build(intent: str, **entities: str) -> str:
    """Write a payload. Raises UnknownButton when `parse` would refuse it."""
    _check(intent, entities)
    pairs = ";".join(f"{name}={value}" for name, value in entities.items())
    payload = f"{intent}:{pairs}" if pairs else intent
    if len(payload) > PAYLOAD_LIMIT:
        raise UnknownButton("a payload is at most 64 bytes")
    return payload


def _check(intent: str, entities: Mapping[str, str]) -> None:
    allowed = ENTITIES.get(intent)
    if allowed is None:
        raise UnknownButton("no button has this intent")
    for name, value in entities.items():
        known = _CODE.fullmatch(value) if name == "case" else value in VALUES.get(name, ())
        if name not in allowed or not known:
            raise UnknownButton("no button of this intent has this entity or value")
