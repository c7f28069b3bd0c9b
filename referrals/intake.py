"""What an intake can hold beyond the least: codes only. Labels are content, rules are bot/actions.

Sources of the list: requirements of the seeds on complaints (evidence, what was done already, what
is wanted, accessibility, ties of an office to an employer), by row in docs/requirements.yml.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Detail(StrEnum):
    """One thing that may be added to a complaint, told in words, voice or pictures, or chosen."""

    NAME = "name"
    PERSON = "person"
    AGENCY = "agency"
    EMPLOYER = "employer"
    PLACE = "place"
    DATES = "dates"
    MONEY = "money"
    WITNESSES = "witnesses"
    CONTRACT = "contract"
    RECEIPTS = "receipts"
    PAY_SLIPS = "pay_slips"
    PASSPORT = "passport"
    MESSAGES = "messages"
    PHOTOS = "photos"
    MEDICAL = "medical"
    POLICE = "police"
    DONE = "done"
    WANTS = "wants"
    AGE = "age"
    COUNSELLOR = "counsellor"
    SPEAK = "speak"
    SAFE_TIME = "safe_time"
    SAFE_WAY = "safe_way"
    SUPPORT = "support"
    NOT_SEE = "not_see"


class DetailGroup(StrEnum):
    """The page of the menu on which a detail stands."""

    WHO = "who"
    WHAT = "what"
    PAPERS = "papers"
    HELP = "help"
    SAFE = "safe"


GROUPS: Mapping[DetailGroup, tuple[Detail, ...]] = MappingProxyType(
    {
        DetailGroup.WHO: (
            Detail.NAME,
            Detail.PERSON,
            Detail.AGE,
            Detail.EMPLOYER,
            Detail.AGENCY,
            Detail.PLACE,
        ),
        DetailGroup.WHAT: (Detail.DATES, Detail.MONEY, Detail.WITNESSES, Detail.DONE),
        DetailGroup.PAPERS: (
            Detail.CONTRACT,
            Detail.RECEIPTS,
            Detail.PAY_SLIPS,
            Detail.PASSPORT,
            Detail.MESSAGES,
            Detail.PHOTOS,
            Detail.MEDICAL,
            Detail.POLICE,
        ),
        DetailGroup.HELP: (Detail.WANTS, Detail.COUNSELLOR, Detail.SPEAK, Detail.SUPPORT),
        DetailGroup.SAFE: (Detail.SAFE_TIME, Detail.SAFE_WAY, Detail.NOT_SEE),
    }
)

CHOICES: Mapping[Detail, tuple[str, ...]] = MappingProxyType(
    {
        Detail.AGE: ("under_15", "aged_15_17", "adult"),
        Detail.DONE: ("nothing", "employer", "agency", "police", "embassy", "organisation"),
        Detail.WANTS: ("money", "passport", "go_home", "punish", "advice"),
        Detail.COUNSELLOR: ("woman", "man", "either"),
        Detail.SPEAK: ("khmer", "english", "thai", "malay", "sign_language"),
        Detail.SAFE_TIME: ("morning", "midday", "evening", "any_time"),
        Detail.SAFE_WAY: ("chat", "call", "family"),
        Detail.SUPPORT: ("hearing", "sight", "moving", "reading", "ill", "pregnant"),
        Detail.NOT_SEE: ("home_offices", "labour_office", "somebody"),
    }
)
"""Details with choices on buttons. Words, voice and pictures are welcome there as well."""

SEVERAL = frozenset({Detail.DONE, Detail.WANTS, Detail.SPEAK, Detail.SUPPORT, Detail.NOT_SEE})
"""Details of which more than one choice may be taken; pressed again, a choice is taken back."""

MINOR = frozenset({"under_15", "aged_15_17"})
"""Ages under 18: handled as a child (Convention on the Rights of the Child, article 1)."""
