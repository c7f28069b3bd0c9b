"""What the page that hands a case to somebody outside is given, and the readable copy in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from api.pages.views import CaseView, Label


@dataclass(frozen=True, slots=True)
class ExportView:
    """The page. Until there is a key it asks for one; then `fingerprint` is that key's, in groups.

    `for_lawyer`: the person agreed to legal aid. `problem` is an English message id or empty.
    """

    code: str
    for_lawyer: bool
    reasons: tuple[Label, ...]
    receiver_limit: int
    key: str = ""
    fingerprint: str = ""
    receiver: str = ""
    reason: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of consent, in the words that were shown, and the answer."""

    name: str
    words: str
    language: str
    version: int
    granted: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class CopyView:
    """The readable copy of a case. `names` are names in the package by a file's id; a file without
    one could not be opened. `other` is the name of the same page in the other language.
    """

    case: CaseView
    asked: tuple[Asked, ...]
    names: Mapping[str, str]
    receiver: str
    reason: str
    exported_at: datetime
    other: str
