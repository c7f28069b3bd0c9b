"""Putting the program together: routes, headers, and answers to errors."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException

from api import beside, chat, health, pages, policy, rasa_actions, sessions, webhooks
from api.parts import Parts
from api.settings import Settings
from referrals.installation import Mode
from referrals.site import Site

log = logging.getLogger(__name__)
STATIC = Path(__file__).parent / "static"

BODY_LIMIT = 256 * 1024
"""Bytes of a request's body, where a route does not say otherwise."""

TOO_LARGE = 413

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "media-src 'self' blob:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=(), interest-cohort=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def create_app(
    settings: Settings,
    mode: Mode,
    site: Site,
    *,
    on_ready: Callable[[Parts], None] = lambda _: None,
    on_failure: Callable[[Exception], None] = lambda _: None,
) -> FastAPI:
    """Make the program. Raises policy.PolicyMissing when a route says not who may call it.

    `on_ready` is called once turns can be played; `on_failure` when the dialogue cannot be
    started or goes for good.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            app.state.parts = await beside.run(settings, mode, site, stack, on_ready, on_failure)
            yield

    app = FastAPI(
        title="Samleng",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for router in (
        chat.router,
        webhooks.router,
        rasa_actions.router,
        health.router,
        *pages.routers,
    ):
        # Here and not for the whole app: so the refusal of a body passes the middleware too.
        app.include_router(router, max_body_size=BODY_LIMIT)
    policy.check_routes(app.routes)
    _answers_to_errors(app, settings)

    @app.middleware("http")
    async def headers(request: Request, call_next: Callable[[Request], object]) -> Response:
        response: Response = await call_next(request)  # type: ignore[misc]
        # Too large a body is refused before a route is asked, in one line of English.
        if response.status_code == TOO_LARGE and _wants_page(request):
            response = await run_in_threadpool(pages.error, request, TOO_LARGE)
        return _guarded(response, request, settings)

    return app


def _guarded(response: Response, request: Request, settings: Settings) -> Response:
    """Put the strict headers on an answer."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if not request.url.path.startswith("/static"):
        response.headers.setdefault("Cache-Control", "no-store")
    if settings.public_url:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response


def _answers_to_errors(app: FastAPI, settings: Settings) -> None:
    """Answer every error in words a person understands, quoting nothing that came in."""

    @app.exception_handler(policy.NotSignedIn)
    def not_signed_in(request: Request, _error: Exception) -> Response:
        # A page's own script is told; it would take the sign-in page for an answer.
        asked_by_script = "application/json" in request.headers.get("accept", "")
        response = (
            JSONResponse({"error": 401}, status_code=401)
            if asked_by_script
            else RedirectResponse("/sign-in", status_code=303)
        )
        if request.cookies.get(sessions.COOKIE):
            response.delete_cookie(sessions.COOKIE)
        return response

    @app.exception_handler(policy.StepUpNeeded)
    def step_up(request: Request, error: policy.StepUpNeeded) -> Response:
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse({"error": 403, "confirm": True}, status_code=403)
        return RedirectResponse(f"/confirm?back={quote(error.back)}", status_code=303)

    @app.exception_handler(RequestValidationError)
    def wrong(_request: Request, error: RequestValidationError) -> Response:
        # The input itself is left out: it may hold a migrant's words.
        where = [".".join(str(part) for part in each["loc"]) for each in error.errors()]
        return JSONResponse({"error": "not understood", "where": where}, status_code=422)

    @app.exception_handler(DataError)
    def not_to_be_kept(request: Request, _error: Exception) -> Response:
        # A NUL, or more signs than a column holds: PostgreSQL refuses it, SQLite does not mind.
        if _wants_page(request):
            return pages.error(request, 422)
        return JSONResponse({"error": 422}, status_code=422)

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: Exception) -> Response:
        status = getattr(error, "status_code", 500)
        if _wants_page(request):
            return pages.error(request, status)
        return JSONResponse({"error": status}, status_code=status)

    @app.exception_handler(Exception)
    def broken(request: Request, error: Exception) -> Response:
        # The pattern of the route: an address itself may hold a one-time link.
        route = getattr(request.scope.get("route"), "path", "?")
        log.error("%s failed: %s", route, type(error).__name__)
        # Answered outside of the middleware, so the headers are put on here.
        answer = JSONResponse({"error": 500}, status_code=500)
        return _guarded(
            pages.error(request, 500) if _wants_page(request) else answer, request, settings
        )


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")
