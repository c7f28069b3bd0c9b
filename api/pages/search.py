"""Searching the office's cases by phone number, name or agency.

What is looked for comes in a form's body only: an address would stand in the browser's history and
in logs.
"""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse

from api.pages.case_shown import case_line
from api.pages.desk import NOT_ADMITTED
from api.pages.page import page
from api.pages.search_views import KINDS, FoundLine, SearchView
from api.pages.shell import shell_of, site_of
from api.pages.views import Label, Shell
from api.policy import allowed, checked_form
from api.words import Words, mark
from referrals import searching
from referrals.blind import Kind
from referrals.directory import SignedIn
from referrals.permission import Permission
from referrals.searching import Found, NoKey, NothingToFind, TooMany

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

Who = Annotated[SignedIn, Depends(allowed(Permission.SEARCH_CASES))]
Form = Annotated[Mapping[str, str], Depends(checked_form)]

NO_NUMBER = mark("This is not a phone number that can be read. Write all of it.")
NO_WORD = mark("Write a name. A title, or “company”, is not enough.")


@router.get("/search")
def ask(request: Request, who: Who) -> HTMLResponse:
    """Show the form, and make some of the cases that cannot be found yet ready to be found."""
    shell, site = shell_of(request, who), site_of(request)
    left = searching.prepare(site, who)
    with site.store.reading() as session:
        admitted = searching.can_search(session, who)
    return page(
        "search.html", shell, _view(shell, left=left, note="" if admitted else NOT_ADMITTED)
    )


@router.post("/search")
def search(request: Request, who: Who, form: Form) -> HTMLResponse:
    """Search; written down with the kind and how many were found. Raises HTTPException 422 for an
    unknown kind, 429 after too many searches.
    """
    shell, site = shell_of(request, who), site_of(request)
    term, wanted = form.get("term", "").strip(), form.get("kind", "")
    if wanted not in set(Kind):
        raise HTTPException(422)
    kind = Kind(wanted)
    with site.store.reading() as session:
        left = searching.waiting(session, who)
    try:
        found = searching.search(site, who, kind, term)
    except TooMany:
        raise HTTPException(429) from None
    except NoKey:
        return page("search.html", shell, _view(shell, kind, note=NOT_ADMITTED), status=403)
    except NothingToFind:
        problem = NO_NUMBER if kind is Kind.PHONE else NO_WORD
        view = _view(shell, kind, term, left=left, problem=problem)
        return page("search.html", shell, view, status=422)
    return page("search.html", shell, _view(shell, kind, term, found, left=left))


def _view(
    shell: Shell,
    kind: Kind = Kind.PHONE,
    term: str = "",
    found: list[Found] | None = None,
    *,
    left: int = 0,
    note: str = "",
    problem: str = "",
) -> SearchView:
    words = Words(shell.language)
    lines = (
        tuple(FoundLine(case_line(each.row, words), each.matched, each.of) for each in found)
        if found is not None
        else None
    )
    return SearchView(
        kinds=tuple(Label(each, words.named(KINDS, each)) for each in Kind),
        kind=kind,
        term=term,
        found=lines,
        left=left,
        most=searching.MOST_FOUND,
        longest=searching.LONGEST_TERM,
        note=note,
        problem=problem,
    )
