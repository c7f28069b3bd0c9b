"""Numbers that name nobody: what migrants agreed to have counted, by month, topic and country."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from typing import Annotated

from babel.dates import format_date
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from api.pages import labels
from api.pages.counts_views import CountsView, MonthView, TopicLine
from api.pages.page import page
from api.pages.shell import language_of, shell_of, site_of
from api.policy import allowed
from api.words import ZERO_WIDTH_SPACE, Words, mark
from referrals import audit, statistic
from referrals.directory import SignedIn
from referrals.permission import Permission
from referrals.statistic import FEWEST, Month
from referrals.taxonomy import Category, Country

router = APIRouter(prefix="/counts", default_response_class=HTMLResponse, include_in_schema=False)

Who = Annotated[SignedIn, Depends(allowed(Permission.SEE_COUNTS))]

FEW = f"<{FEWEST}"
"""Stands for a number that is not told."""

COLUMNS = (mark("Month"), mark("Topic"), mark("Country"), mark("Complaints"))
ALL_OTHERS = mark("All others together")

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _shown(request: Request, who: SignedIn, subject: str) -> list[Month]:
    """Give what is published, having written down that it was asked for."""
    site = site_of(request)
    audit.record(
        site,
        audit.Act.COUNTS_SHOWN,
        member_id=who.member_id,
        organisation_id=who.organisation_id,
        subject=subject,
    )
    with site.store.reading() as session:
        return statistic.published(session, site.clock())


@router.get("")
def counts(request: Request, who: Who) -> HTMLResponse:
    """Show the months that are over. What is fewer than FEWEST is told nowhere."""
    shell = shell_of(request, who)
    months = _shown(request, who, "page")
    view = CountsView(
        months=tuple(_month(each, shell.language) for each in months if _tells(each)),
        first=_name(months[-1], shell.language),
        last=_name(months[0], shell.language),
        fewest=FEWEST,
    )
    return page("counts.html", shell, view)


@router.get("/samleng.csv")
def download(request: Request, who: Who) -> Response:
    """Give the same as a table: UTF-8 with a mark at its beginning, as Excel wants for Khmer."""
    language = language_of(request, who)
    text = io.StringIO()
    writer = csv.writer(text)
    for row in _rows(_shown(request, who, "csv"), Words(language)):
        writer.writerow([harmless(each) for each in row])
    return Response(
        "\ufeff" + text.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": "attachment; filename=samleng-counts.csv",
            "Cache-Control": "no-store",
        },
    )


def harmless(cell: str) -> str:
    """Keep a spreadsheet from taking a cell for a formula (OWASP, CSV Injection)."""
    return f"'{cell}" if cell.startswith(_BEGINS_A_FORMULA) else cell


def _rows(months: list[Month], words: Words) -> Iterator[tuple[str, ...]]:
    """Yield the header, then every cell of every month: as many lines whatever was counted."""
    yield tuple(words.gettext(name) for name in COLUMNS)
    for month in months:
        for topic, country in statistic.CELLS:
            count = month.cells.get((topic, country))
            topic_name = labels.label("category", topic, words.language).text
            country_name = labels.label("country", country, words.language).text
            yield month.month, topic_name, country_name, FEW if count is None else str(count)
        others = "" if month.others is None else str(month.others)
        yield month.month, words.gettext(ALL_OTHERS), "", others


def _tells(month: Month) -> bool:
    return bool(month.cells) or month.others is not None


def _name(month: Month, language: str) -> str:
    day = date.fromisoformat(f"{month.month}-01")
    return format_date(day, "LLLL y", locale=language).replace(ZERO_WIDTH_SPACE, "")


def _month(month: Month, language: str) -> MonthView:
    countries = [c for c in Country if any(country == c for _, country in month.cells)]
    topics = [t for t in Category if any(topic == t for topic, _ in month.cells)]
    lines = tuple(
        TopicLine(
            labels.label("category", topic, language),
            tuple(_number(month.cells.get((topic, country))) for country in countries),
        )
        for topic in topics
    )
    return MonthView(
        _name(month, language),
        tuple(labels.label("country", country, language) for country in countries),
        lines,
        _number(month.others),
    )


def _number(count: int | None) -> str:
    return "" if count is None else str(count)
