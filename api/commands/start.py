"""`samleng start`: everything on one port."""

import logging
import os
import socket
import threading
import time
from typing import Annotated

import typer
import uvicorn
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from api.app import create_app
from api.begin import Begun, begin
from api.parts import Parts
from api.settings import Settings
from bot.content import BadContent
from referrals import demo
from referrals.installation import Mode, WrongMode
from referrals.serverkey import ServerKeyProblem

PARENT_EVERY_SECONDS = 0.5


def fail(reason: str) -> typer.Exit:
    """Say in one line what is wrong; gives the exit to raise."""
    typer.secho(f"samleng: {reason}", err=True, fg="red")
    return typer.Exit(1)


def read_settings() -> Settings:
    """Read the settings. Raises typer.Exit after one clear line when one is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise fail(f"a setting is wrong: {wrong}") from None


def choose_mode(settings: Settings, wanted: bool | None) -> Mode:
    """Choose demo or real. Raises typer.Exit when a demo is wanted where real people could reach
    it.
    """
    if wanted and settings.real:
        raise fail(
            "the demo is refused while a bot token or SAMLENG_PUBLIC_URL is set, or SAMLENG_HOST "
            "is not this machine alone: unset them, or start without --demo"
        )
    if settings.real:
        return Mode.REAL
    return Mode.REAL if wanted is False else Mode.DEMO


def start(
    wanted: Annotated[
        bool | None,
        typer.Option(
            "--demo/--real",
            help="Invented cases, or the real thing. A token or a public address makes it real.",
        ),
    ] = None,
    watch_parent: Annotated[
        bool,
        typer.Option("--watch-parent", help="End when the process that started this one ends."),
    ] = False,
) -> None:
    """Start everything on SAMLENG_HOST:SAMLENG_PORT (127.0.0.1:8000)."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # Whatever is written from now on is for this user's eyes only.
    os.umask(0o077)
    settings = read_settings()
    mode = choose_mode(settings, wanted)
    _check_port(settings)
    failed: list[Exception] = []

    def on_failure(error: Exception) -> None:
        failed.append(error)
        server.should_exit = True

    typer.echo("[4/4] Start: database, dialogue (about 20 s) ...")
    try:
        begun = begin(settings, mode)
        app = create_app(
            settings,
            mode,
            begun.site,
            on_ready=lambda parts: _welcome(settings, begun, parts),
            on_failure=on_failure,
        )
    except (BadContent, WrongMode, ServerKeyProblem, OSError) as error:
        raise fail(str(error)) from None
    except SQLAlchemyError as error:
        # The driver's text may quote a row; its kind says enough.
        raise fail(f"the database cannot be used: {type(error).__name__}") from None
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
    )
    if watch_parent:
        threading.Thread(target=_watch_parent, args=(server,), daemon=True).start()
    try:
        server.run()
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if failed:
        raise fail(f"{type(failed[0]).__name__}: {failed[0]}")
    if not server.started:
        raise fail("the program did not start; the lines above say why")


def _check_port(settings: Settings) -> None:
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError:
            raise fail(
                f"port {settings.port} is taken: stop what uses it, "
                "or choose another with SAMLENG_PORT"
            ) from None


def _watch_parent(server: uvicorn.Server) -> None:
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(PARENT_EVERY_SECONDS)
    server.should_exit = True


def _welcome(settings: Settings, begun: Begun, parts: Parts) -> None:
    address = (settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/")
    lines = [f"Ready. Chat: {address}/", f"Desk: {address}/sign-in"]
    if parts.demo:
        lines.append("DEMO: invented cases only. Accounts (password " + demo.PASSWORD + "):")
        lines += [f"  {a.email}  {a.name}" for a in demo.accounts()]
    if begun.setup_path:
        lines.append(
            f"Make the first administrator, once, within three days: {address}{begun.setup_path}"
        )
    if parts.telegram:
        lines.append("Telegram: " + ("webhook" if settings.public_url else "polling"))
    if parts.messenger:
        lines.append(f"Messenger: webhook at {address}/webhooks/messenger")
    typer.echo("\n".join(lines))
