"""Handing a case to somebody outside: a sealed package that opens with the receiver's own key."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, StreamingResponse
from starlette.responses import Response

from api.pages import export_words as said
from api.pages.export_shown import drawn
from api.pages.export_views import ExportView
from api.pages.page import page
from api.pages.shell import shell_of, site_of
from api.pages.views import Label, Shell
from api.policy import Upload, allowed, checked_form, checked_upload
from api.words import Words
from referrals import package, package_key
from referrals.consent import ConsentMissing
from referrals.desk import NotYours
from referrals.directory import SignedIn
from referrals.package import Order, Reason
from referrals.package_key import NotAKey
from referrals.permission import Permission

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

Exporter = Annotated[SignedIn, Depends(allowed(Permission.EXPORT_CASES))]
Form = Annotated[Mapping[str, str], Depends(checked_form)]
Sent = Annotated[Upload, Depends(checked_upload)]

ZERO_WIDTH = dict.fromkeys(map(ord, "\u200b\u200c\u200d\ufeff"))
"""Khmer keyboards put these between words; in a name they are nothing."""


@cache
def program_version() -> str:
    """Give the version of this program, as pyproject.toml says it."""
    with (Path(__file__).parents[2] / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


@router.get("/cases/{code}/export")
def ask(request: Request, who: Exporter, code: str) -> HTMLResponse:
    """Say what goes in, and ask for the receiver's key. Raises HTTPException 404."""
    return _page(request, who, code, {})


@router.post("/cases/{code}/export")
def compare(request: Request, who: Exporter, code: str, sent: Sent) -> HTMLResponse:
    """Show the fingerprint of the key, pasted or as a file, and ask the rest. Raises HTTPException
    404.
    """
    text = sent.file.decode(errors="replace") or sent.fields.get("key", "")
    return _page(request, who, code, {"key": text})


@router.post("/cases/{code}/export/package")
def give(request: Request, who: Exporter, code: str, form: Form) -> Response:
    """Give the package. That it leaves is written down before. Raises HTTPException 404."""
    try:
        public = package_key.read_public(form.get("key", ""))
    except NotAKey:
        return _page(request, who, code, form)
    receiver = " ".join(form.get("receiver", "").translate(ZERO_WIDTH).split())
    reason = form.get("reason", "")
    problem = ""
    if not 0 < len(receiver) <= package.RECEIVER_LIMIT:
        problem = said.NO_RECEIVER
    elif reason not in set(Reason):
        problem = said.NO_REASON
    elif form.get("compared") != "yes":
        problem = said.NOT_COMPARED
    if problem:
        return _page(request, who, code, form, problem)
    order = Order(
        code=code,
        public=public,
        fingerprint=package_key.fingerprint(public),
        receiver=receiver,
        reason=Reason(reason),
        confirmed=form.get("agreed") == "yes",
    )
    try:
        made = package.make(site_of(request), who, order, drawn, program_version())
    except ConsentMissing:
        return _page(request, who, code, form, said.NO_CONSENT, status=403)
    except NotYours:
        raise HTTPException(404) from None
    return StreamingResponse(
        made,
        media_type="application/octet-stream",
        headers={
            "Content-Disposition": f"attachment; filename={quote(made.name)}",
            "Content-Length": str(made.size),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _page(
    request: Request,
    who: SignedIn,
    code: str,
    form: Mapping[str, str],
    problem: str = "",
    status: int = 422,
) -> HTMLResponse:
    """Draw the page with what was typed; a bad key is asked for again."""
    shell = shell_of(request, who)
    try:
        for_lawyer = package.lawyer_allowed(site_of(request), who, code)
    except NotYours:
        raise HTTPException(404) from None
    key = fingerprint = ""
    if "key" in form:
        try:
            public = package_key.read_public(form["key"])
            key = package_key.public_text(public)
            fingerprint = package_key.read_aloud(package_key.fingerprint(public))
        except NotAKey:
            problem = said.BAD_KEY
    view = ExportView(
        code=code,
        for_lawyer=for_lawyer,
        reasons=_reasons(shell, for_lawyer=for_lawyer),
        receiver_limit=package.RECEIVER_LIMIT,
        key=key,
        fingerprint=fingerprint,
        receiver=form.get("receiver", ""),
        reason=form.get("reason", ""),
        problem=problem,
    )
    return page("export.html", shell, view, status=status if problem else 200)


def _reasons(shell: Shell, *, for_lawyer: bool) -> tuple[Label, ...]:
    words = Words(shell.language)
    return tuple(
        Label(reason, words.named(said.REASONS, reason))
        for reason in Reason
        if for_lawyer or reason is not Reason.LAWYER
    )
