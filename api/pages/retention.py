"""Kept and erased: which closed cases of the office will be erased, and certificates of those that
were.
"""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from api.pages import labels
from api.pages.page import page
from api.pages.retention_views import CertificateLine, EndingLine, RetentionView
from api.pages.shell import shell_of, site_of
from api.pages.views import Label
from api.parts import parts_of
from api.policy import allowed, checked_form
from api.words import Words, mark
from referrals import erasure, retention
from referrals.code import WrongCode, read
from referrals.directory import SignedIn
from referrals.erasure import Certificate, Reason
from referrals.permission import Permission
from referrals.retention import KeepReason, NotKeptLonger
from referrals.settings import Outcome
from referrals.site import Site

router = APIRouter(
    prefix="/retention", default_response_class=HTMLResponse, include_in_schema=False
)

Who = Annotated[SignedIn, Depends(allowed(Permission.KEEP_CASES))]
Form = Annotated[Mapping[str, str], Depends(checked_form)]

MONTHS = (3, 6, 12)
"""By how much a case can be kept longer at one press."""

MARK_SHOWN = 8
"""Signs of a certificate's mark that are shown: enough to tell two apart."""

OUTCOMES: Mapping[str, str] = {
    Outcome.SATISFIED: mark("She was satisfied"),
    Outcome.UNSATISFIED: mark("She was not, or only partly, satisfied"),
    Outcome.WITHDRAWN: mark("She closed it herself"),
    Outcome.UNSAID: mark("Closed, and she did not say how it ended"),
}
REASONS: Mapping[str, str] = {
    Reason.HER_WISH: mark("She had it erased"),
    Reason.TIME: mark("Its time was over"),
    Reason.NOBODY_CAN_READ: mark("She took back every consent, and nobody could read it any more"),
}
KEEP_REASONS: Mapping[str, str] = {
    KeepReason.COURT: mark("A court or a conciliation deals with it"),
    KeepReason.INQUIRY: mark("An authority investigates"),
    KeepReason.PAYMENT: mark("Money is still being paid"),
    KeepReason.HER_WISH: mark("She asked for it"),
}
KEPT = mark("The case is kept longer. Your office will be told again before it is erased.")
NOT_KEPT = mark("This case cannot be kept longer now. Look at the list again.")
INCOMPLETE = mark("Please choose a reason and for how long.")
NO_CODE = mark("This is not the code of a case: it has nine digits.")


def _view(
    request: Request,
    who: SignedIn,
    words: Words,
    *,
    asked: str = "",
    note: str = "",
    problem: str = "",
) -> RetentionView:
    site, settings = site_of(request), parts_of(request).settings
    office = who.organisation_id or ""
    with site.store.reading() as session:
        ending = retention.warned(session, who, settings.keep_closed)
        made = erasure.of_office(session, office)
        found = erasure.of_code(session, site, office, asked) if asked else []
    return RetentionView(
        ending=tuple(
            EndingLine(
                each.code,
                labels.label("category", each.category, words.language),
                words.named(OUTCOMES, each.outcome),
                each.closed_at,
                each.erased_from,
            )
            for each in ending
        ),
        certificates=tuple(_certificate(site, each, words) for each in made),
        kept=tuple(
            (words.gettext(said), settings.keep_closed.months(Outcome(outcome)))
            for outcome, said in OUTCOMES.items()
        ),
        backup_days=settings.keep_backups_days,
        reasons=tuple(Label(code, words.gettext(said)) for code, said in KEEP_REASONS.items()),
        months=MONTHS,
        asked=asked,
        found=tuple(_certificate(site, each, words) for each in found),
        note=note,
        problem=problem,
    )


def _certificate(site: Site, made: Certificate, words: Words) -> CertificateLine:
    return CertificateLine(
        made.case_mark[:MARK_SHOWN],
        words.named(REASONS, made.reason),
        made.closed_at,
        made.erased_at,
        made.fields,
        made.files,
        erasure.is_signed(site.server_key, made),
    )


def _page(
    request: Request,
    who: SignedIn,
    *,
    asked: str = "",
    note: str = "",
    problem: str = "",
) -> HTMLResponse:
    shell = shell_of(request, who)
    view = _view(request, who, Words(shell.language), asked=asked, note=note, problem=problem)
    return page("retention.html", shell, view, status=422 if problem else 200)


@router.get("")
def kept_and_erased(request: Request, who: Who, done: str = "") -> HTMLResponse:
    """Show what will be erased, and what was. `done=kept`: a case is kept longer."""
    return _page(request, who, note=KEPT if done == "kept" else "")


@router.post("/check")
def check(request: Request, who: Who, form: Form) -> HTMLResponse:
    """Say whether the case with this code was erased. By form, so that no code is in an address."""
    try:
        code = read(form.get("code", ""))
    except WrongCode:
        return _page(request, who, problem=NO_CODE)
    return _page(request, who, asked=code)


@router.post("/{code}/keep")
def keep_longer(request: Request, who: Who, form: Form, code: str) -> Response:
    """Keep a case longer that would be erased."""
    reason, months = form.get("reason", ""), form.get("months", "")
    if reason not in set(KeepReason) or months not in {str(each) for each in MONTHS}:
        return _page(request, who, problem=INCOMPLETE)
    site, keep = site_of(request), parts_of(request).settings.keep_closed
    try:
        with site.store.writing() as session:
            retention.keep_longer(session, site, who, code, int(months), KeepReason(reason), keep)
    except NotKeptLonger:
        return _page(request, who, problem=NOT_KEPT)
    return RedirectResponse("/retention?done=kept", status_code=303)
