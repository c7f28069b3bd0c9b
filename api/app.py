"""Putting the program together: parts, routes, and what runs beside them."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential

from api import chat, health, pages, policy, rasa_actions, sessions, webhooks
from api.database import migrate
from api.parts import Parts
from api.settings import Settings
from bot import durable
from bot.channels import telegram as telegram_channel
from bot.channels.messenger import MessengerChannel
from bot.channels.telegram import TelegramChannel
from bot.channels.web import WebChannel
from bot.content import content
from bot.message import Channel, ChannelError, ChannelName, TryLater
from bot.rasa import RasaProcess, RasaSettings
from bot.turn import Turns
from referrals import demo, directory
from referrals.installation import Mode, settle
from referrals.site import Site, open_site, utc_now
from referrals.taxonomy import Role

log = logging.getLogger(__name__)
ROOT = Path(__file__).parent.parent

BODY_LIMIT = 256 * 1024
"""Bytes of a request's body, where a route does not say otherwise."""

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


@dataclass(frozen=True, slots=True)
class Begun:
    """What a start did: the one-time link for the first administrator, when one is needed."""

    parts: Parts
    setup_path: str | None


def begin(
    settings: Settings, mode: Mode, clock: Callable[[], datetime] = utc_now
) -> tuple[Site, str | None]:
    """Open the installation: key, database, demo cases or the first administrator's link.

    Raises installation.WrongMode, serverkey.ServerKeyProblem.
    """
    site = open_site(settings, clock)
    migrate(site.store)
    with site.store.writing() as session:
        new = settle(session, mode, site.clock())
    if mode is Mode.DEMO:
        if new:
            demo.fill(site)
        return site, None
    with site.store.writing() as session:
        if any(member.public_key for member in directory.administrators(session)):
            return site, None
        secret = directory.invite(
            session, FIRST_ADMINISTRATOR, Role.ADMINISTRATOR, None, site.clock()
        )
    return site, f"/setup/{secret}"


FIRST_ADMINISTRATOR = "administrator"
"""Stands for the e-mail address until the first administrator gives her own."""


def create_app(
    settings: Settings,
    mode: Mode,
    *,
    clock: Callable[[], datetime] = utc_now,
    on_ready: Callable[[Begun], None] = lambda _: None,
    on_failure: Callable[[Exception], None] = lambda _: None,
) -> FastAPI:
    """Make the program. Raises policy.PolicyMissing when a route says not who may call it.

    `on_ready` is called once turns can be played; `on_failure` when the dialogue cannot be started.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await _run(app, settings, mode, clock, stack, on_ready, on_failure)
            yield

    app = FastAPI(
        title="Samleng",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        max_body_size=BODY_LIMIT,
    )
    app.mount("/static", StaticFiles(directory=ROOT / "api" / "static"), name="static")
    for router in (
        chat.router,
        webhooks.router,
        rasa_actions.router,
        health.router,
        *pages.routers,
    ):
        app.include_router(router)
    policy.check_routes(app.routes)
    _answers_to_errors(app)

    @app.middleware("http")
    async def headers(request: Request, call_next: Callable[[Request], object]) -> Response:
        response: Response = await call_next(request)  # type: ignore[misc]
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        if not request.url.path.startswith("/static"):
            response.headers.setdefault("Cache-Control", "no-store")
        if settings.public_url:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response

    return app


async def _run(
    app: FastAPI,
    settings: Settings,
    mode: Mode,
    clock: Callable[[], datetime],
    stack: AsyncExitStack,
    on_ready: Callable[[Begun], None],
    on_failure: Callable[[Exception], None],
) -> None:
    """Start what runs beside the routes; the stack ends it in reverse order."""
    loop = asyncio.get_running_loop()
    site, setup_path = await asyncio.to_thread(begin, settings, mode, clock)
    rasa_secret = secrets.token_urlsafe(32)
    process = RasaProcess(
        RasaSettings(
            root=ROOT,
            home=settings.data_dir.resolve() / "dialogue",
            model=ROOT / "build" / "model" / "samleng.tar.gz",
            actions_url=f"http://127.0.0.1:{settings.port}/rasa/actions",
            actions_token=rasa_secret,
            tracker_key=site.server_key.derived("tracker"),
        )
    )

    def pseudonym(channel: str, user: str) -> str:
        return site.server_key.pseudonym(channel, user)

    channels: dict[ChannelName, Channel] = {ChannelName.WEB: WebChannel()}
    telegram = messenger = None
    if settings.telegram_bot_token:
        telegram = await stack.enter_async_context(TelegramChannel(settings, pseudonym, site.clock))
        channels[ChannelName.TELEGRAM] = telegram
    if settings.messenger_page_token:
        messenger = await stack.enter_async_context(
            MessengerChannel(settings, pseudonym, site.clock)
        )
        channels[ChannelName.MESSENGER] = messenger
    turns = Turns(site, content(), process.client, channels, durable.wait_on(loop))
    parts = Parts(
        settings,
        site,
        content(),
        mode,
        turns,
        rasa_secret,
        durable.announce,
        telegram,
        messenger,
    )
    app.state.parts = parts

    work = settings.database_url or f"sqlite:///{(settings.data_dir / 'work.sqlite').resolve()}"
    engine = await asyncio.to_thread(durable.start, turns, loop, work)
    stack.callback(engine.dispose)
    stack.push_async_callback(asyncio.to_thread, durable.stop)
    stack.push_async_callback(process.stop)
    beside = asyncio.create_task(
        _beside(process, settings, Begun(parts, setup_path), on_ready, on_failure)
    )
    stack.callback(beside.cancel)


async def _beside(
    process: RasaProcess,
    settings: Settings,
    begun: Begun,
    on_ready: Callable[[Begun], None],
    on_failure: Callable[[Exception], None],
) -> None:
    """Start the dialogue, then open the channels, then poll Telegram for as long as the program
    runs.
    """
    try:
        await process.start()
        on_ready(begun)
        async with asyncio.TaskGroup() as channels:
            if begun.parts.messenger is not None:
                channels.create_task(_until_heard(begun.parts.messenger.set_menu))
            if begun.parts.telegram is not None:
                channels.create_task(_open_telegram(begun.parts.telegram, settings.public_url))
    except Exception as error:
        on_failure(error)


async def _open_telegram(telegram: TelegramChannel, public_url: str | None) -> None:
    """Let updates come: by webhook under a public address, else by polling until cancelled."""
    async with asyncio.TaskGroup() as both:
        both.create_task(_until_heard(telegram.set_menu))
        if public_url:
            both.create_task(_until_heard(telegram.set_webhook, public_url))
        else:
            both.create_task(telegram_channel.poll(telegram, durable.accept))


async def _until_heard(ask: Callable[..., Awaitable[None]], *what: str) -> None:
    """Ask a platform for something, again while it cannot be reached; a refusal is logged."""
    try:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(TryLater), wait=wait_exponential(max=60), reraise=True
        ):
            with attempt:
                await ask(*what)
    except ChannelError as refusal:
        log.error("%s: %s", getattr(ask, "__name__", "channel"), refusal)


def _answers_to_errors(app: FastAPI) -> None:
    """Answer every error in words a person understands, quoting nothing that came in."""

    @app.exception_handler(policy.NotSignedIn)
    def not_signed_in(request: Request, _error: Exception) -> Response:
        response = RedirectResponse("/sign-in", status_code=303)
        if request.cookies.get(sessions.COOKIE):
            response.delete_cookie(sessions.COOKIE)
        return response

    @app.exception_handler(RequestValidationError)
    def wrong(_request: Request, error: RequestValidationError) -> Response:
        # The input itself is left out: it may hold a migrant's words.
        where = [".".join(str(part) for part in each["loc"]) for each in error.errors()]
        return JSONResponse({"error": "not understood", "where": where}, status_code=422)

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: Exception) -> Response:
        status = getattr(error, "status_code", 500)
        if _wants_page(request):
            return pages.error(request, status)
        return JSONResponse({"error": status}, status_code=status)

    @app.exception_handler(Exception)
    def broken(request: Request, error: Exception) -> Response:
        log.error("%s failed: %s", request.scope.get("path", "?")[:40], type(error).__name__)
        if _wants_page(request):
            return pages.error(request, 500)
        return JSONResponse({"error": 500}, status_code=500)


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")
