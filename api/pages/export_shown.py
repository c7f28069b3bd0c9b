"""The readable copy of a case in its package: pages to read and print, and its codes in words."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from api.pages import case_words, labels
from api.pages.case_shown import case_view
from api.pages.export_views import Asked, CopyView
from api.pages.export_words import REASONS
from api.pages.page import draw
from api.pages.views import Hands, Shell
from api.words import CHANNELS, CONFIDENTIALITY, FIELDS, LANGUAGE_NAMES, LANGUAGES, STATUSES, Words
from referrals.opened import OpenCase
from referrals.package import Drawn, ToDraw

PAGES: Mapping[str, str] = {"km": "case.html", "en": "case.en.html"}

_SECTOR, _DESTINATION = "sector", "destination_province"


def drawn(told: ToDraw) -> Drawn:
    """Draw a case in both languages. Nothing of other cases is in it."""
    pages = {PAGES[language]: _page(told, language) for language in LANGUAGES}
    return Drawn(pages, _labels(told.opened))


def _page(told: ToDraw, language: str) -> str:
    shell = Shell(language, told.exported_at, "/")
    words = Words(language)
    case = case_view(told.opened, shell, Hands())
    if case.kin is not None:
        case = replace(case, kin=replace(case.kin, others=()))
    view = CopyView(
        case=case,
        asked=tuple(
            Asked(
                labels.label("consent", row.code, language).text,
                row.words,
                row.language,
                row.version,
                row.granted,
                row.at,
            )
            for row in told.history
        ),
        names={id_: name for id_, name in told.files.items() if id_ not in told.left_out},
        receiver=told.receiver,
        reason=words.named(REASONS, told.reason),
        exported_at=told.exported_at,
        other=next(name for each, name in PAGES.items() if each != language),
    )
    return draw("export_copy.html", shell, view)


def _labels(opened: OpenCase) -> dict[str, dict[str, dict[str, str]]]:
    """Give each code of this case in both languages."""
    row = opened.row
    of_content: dict[str, Iterable[str]] = {
        "category": [row.category],
        "country": [row.country],
        "complainant": [opened.complainant],
        "consent": [each.code for each in opened.consents],
        "sector": opened.choices.get(_SECTOR, ()),
        "choice": [
            code
            for detail, codes in opened.choices.items()
            if detail not in (_SECTOR, _DESTINATION)
            for code in codes
        ],
    }
    of_staff: dict[str, tuple[Mapping[str, str], Iterable[str]]] = {
        "status": (STATUSES, [row.status]),
        "confidentiality": (CONFIDENTIALITY, [opened.confidentiality]),
        "channel": (CHANNELS, [opened.channel]),
        "language": (LANGUAGE_NAMES, [opened.language]),
        "field": (
            {**FIELDS, **case_words.DETAILS},
            [
                *(name for name, _ in opened.fields),
                *opened.choices,
                *(f.name for f in opened.files),
            ],
        ),
    }
    made = {
        table: {
            code: {each: labels.label(table, code, each).text for each in LANGUAGES}
            for code in codes
        }
        for table, codes in of_content.items()
    }
    for table, (names, codes) in of_staff.items():
        made[table] = _named(names, codes)
    made["province"] = {
        code: {each: labels.province(code, each) for each in LANGUAGES}
        for code in [row.province]
        if code
    }
    made[_DESTINATION] = {
        code: {each: case_words.place_abroad(code, each) for each in LANGUAGES}
        for code in opened.choices.get(_DESTINATION, ())
    }
    return made


def _named(names: Mapping[str, str], codes: Iterable[str]) -> dict[str, dict[str, str]]:
    return {code: {each: Words(each).named(names, code) for each in LANGUAGES} for code in codes}
