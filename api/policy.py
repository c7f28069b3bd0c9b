"""Who may call a route. Every route names exactly one policy, or the program does not start.

Forms that change something are refused when they come from another site (Fetch Metadata, or Origin
on older browsers), and signed-in forms carry the session's CSRF token besides.
"""

import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.datastructures import UploadFile
from starlette.routing import BaseRoute, Match, Mount

from api import sessions
from api.parts import parts_of
from api.sessions import HalfSignedIn
from referrals import audit
from referrals.directory import SignedIn
from referrals.permission import NEEDS_STEP_UP, STEP_UP, Permission, permits

PAGE_EXPIRED = 419
"""The status of a form whose token is too old (not in a standard, but widely understood)."""


FIELD_LIMIT = 4 * 1024 * 1024
"""Bytes of one field of a form that is sent in parts."""


class NotSignedIn(Exception):
    """A page that needs a signed-in member; the app answers with the way to the sign-in page."""


class StepUpNeeded(Exception):
    """An act that asks for the second factor again; the app answers with the way to `/confirm`.

    `back` is the path of the page to come back to.
    """

    def __init__(self, back: str) -> None:
        super().__init__("the second factor is asked for again")
        self.back = back


class PolicyMissing(Exception):
    """A route without a policy, or with two. Names the route."""


def public() -> None:
    """Open to everybody: pages for visitors, the chat, health."""


def webhook() -> None:
    """Open to a platform that proves itself inside the route: secret header, or signature over the
    body.
    """


def setup_link() -> None:
    """Open to whoever holds a one-time link, which the route looks up."""


def rasa(request: Request) -> None:
    """Open to our Rasa process only: it shows the secret that was made at this start."""
    given = request.headers.get("authorization", "").encode()
    if not hmac.compare_digest(given, f"Bearer {parts_of(request).rasa_secret}".encode()):
        raise HTTPException(403)


def half_signed_in(request: Request) -> HalfSignedIn:
    """Open to whoever showed the password and not yet the second factor."""
    half = sessions.half(parts_of(request).site, request.cookies.get(sessions.COOKIE))
    if half is None:
        raise NotSignedIn
    return half


def signed_in(request: Request) -> SignedIn:
    """Give who is signed in. No policy by itself: a route says with `allowed` what it opens."""
    parts = parts_of(request)
    who = sessions.current(
        parts.site, request.cookies.get(sessions.COOKIE), factor_needed=not parts.demo
    )
    if who is None:
        raise NotSignedIn
    return who


@dataclass(frozen=True, slots=True)
class Allowed:
    """A policy: open to signed-in members whose role has the permission (referrals/permission.py).

    Which cases among them, referrals.desk judges.
    """

    permission: Permission

    def __call__(self, request: Request, who: Annotated[SignedIn, Depends(signed_in)]) -> SignedIn:
        """Give who is signed in.

        Raises HTTPException 403, with a trace; StepUpNeeded where the second factor is due again.
        """
        if not permits(who.role, self.permission):
            audit.record(
                parts_of(request).site,
                audit.Act.REFUSED,
                member_id=who.member_id,
                organisation_id=who.organisation_id,
                subject=self.permission,
            )
            raise HTTPException(403)
        if self.permission in NEEDS_STEP_UP and not stepped_up(request, who):
            raise StepUpNeeded(_page_of(request))
        return who


def allowed(permission: Permission) -> Allowed:
    """Name the policy of a route for signed-in members."""
    return Allowed(permission)


def stepped_up(request: Request, who: SignedIn) -> bool:
    """Say whether the second factor was shown within permission.STEP_UP."""
    at = who.stepped_up_at
    return at is not None and parts_of(request).site.clock() - at <= STEP_UP


def _page_of(request: Request) -> str:
    """Give the page to come back to: this one, or for a form the nearest page above it.

    The browser is told to say nothing of where it comes from, so a form cannot be asked.
    """
    path = request.url.path
    while path.strip("/"):
        scope = {**request.scope, "method": "GET", "path": path}
        if any(each.matches(scope)[0] is Match.FULL for each in each_route(request.app.routes)):
            return path
        path = path.rpartition("/")[0]
    return "/home"


def page_open_now(request: Request, path: str) -> str:
    """Give the nearest page, at this path or above it, that does not ask for the second factor
    again: where somebody goes who does not want to show it.
    """
    while path.strip("/"):
        scope = {**request.scope, "method": "GET", "path": path}
        for route in each_route(request.app.routes):
            if route.matches(scope)[0] is Match.FULL and not _asks_again(route):
                return path
        path = path.rpartition("/")[0]
    return "/home"


def _asks_again(route: BaseRoute) -> bool:
    policies = policies_of(route) if isinstance(route, APIRoute) else ()
    return any(isinstance(p, Allowed) and p.permission in NEEDS_STEP_UP for p in policies)


OPEN_POLICIES: frozenset[Callable[..., Any]] = frozenset(
    {public, webhook, setup_link, rasa, half_signed_in}
)
"""The policies that ask for no role; all others are `Allowed`."""


def from_own_site(request: Request) -> None:
    """Refuse a form that another site sent. Raises HTTPException 403."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise HTTPException(403)
        return
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise HTTPException(403)


async def checked_form(
    request: Request, who: Annotated[SignedIn, Depends(signed_in)]
) -> dict[str, str]:
    """Give a signed-in form's fields. Raises HTTPException 403 from another site, 419 for a wrong
    token.
    """
    from_own_site(request)
    form = await request.form(max_files=0, max_fields=20)
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    if not sessions.csrf_fits(who, fields.get("csrf", "")):
        raise HTTPException(PAGE_EXPIRED)
    return fields


def checked_call(request: Request, who: Annotated[SignedIn, Depends(signed_in)]) -> SignedIn:
    """Give who calls from a signed-in page's own script, with the page's token in `X-CSRF`.

    Raises HTTPException 403 from another site, 419 for a wrong token.
    """
    from_own_site(request)
    if not sessions.csrf_fits(who, request.headers.get("x-csrf", "")):
        raise HTTPException(PAGE_EXPIRED)
    return who


@dataclass(frozen=True, slots=True)
class Upload:
    """A signed-in form with a file in it. `file` is empty when none was chosen."""

    fields: Mapping[str, str]
    file: bytes


async def checked_upload(request: Request, who: Annotated[SignedIn, Depends(signed_in)]) -> Upload:
    """Give a signed-in form and the file sent with it, whatever the file's field is called.

    How large it may be, the route says (`max_body_size`). Raises HTTPException as `checked_form`.
    """
    from_own_site(request)
    async with request.form(max_files=1, max_fields=20, max_part_size=FIELD_LIMIT) as form:
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        if not sessions.csrf_fits(who, fields.get("csrf", "")):
            raise HTTPException(PAGE_EXPIRED)
        files = [value for value in form.values() if isinstance(value, UploadFile)]
        return Upload(fields, await files[0].read() if files else b"")


async def open_form(request: Request) -> dict[str, str]:
    """Give the fields of a form that needs no session. Raises HTTPException 403 from another
    site.
    """
    from_own_site(request)
    form = await request.form(max_files=0, max_fields=20)
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _calls(dependant: Dependant) -> Iterable[Callable[..., Any]]:
    for each in dependant.dependencies:
        if each.call is not None:
            yield each.call
        yield from _calls(each)


def policies_of(route: APIRoute) -> set[Callable[..., Any]]:
    """Give the policies that a route names, itself or through what it depends on."""
    calls = set(_calls(route.dependant))
    return {call for call in calls if call in OPEN_POLICIES or isinstance(call, Allowed)}


def each_route(routes: Iterable[BaseRoute]) -> Iterable[BaseRoute]:
    """Yield every route, those of included routers too (FastAPI keeps these folded up)."""
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is None:
            yield route
        else:
            yield from each_route(included.routes)


def check_routes(routes: Iterable[BaseRoute]) -> None:
    """Raise PolicyMissing for the first route that does not name exactly one policy."""
    for route in each_route(routes):
        if isinstance(route, APIRoute):
            if len(policies_of(route)) != 1:
                raise PolicyMissing(f"{sorted(route.methods or ())} {route.path}")
        elif not isinstance(route, Mount) or route.path != "/static":
            raise PolicyMissing(str(getattr(route, "path", route)))
