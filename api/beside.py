"""What runs beside the routes: the dialogue's process, durable work, and the platforms."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential

from api.parts import Parts
from api.settings import Settings
from bot import broadcast, durable, keeping, paging, reminder
from bot.channels import telegram as telegram_channel
from bot.channels.messenger import MessengerChannel
from bot.channels.telegram import TelegramChannel
from bot.channels.web import WebChannel
from bot.content import content
from bot.message import Channel, ChannelError, ChannelName, TryLater
from bot.rasa import RasaDidNotStart, RasaProcess, RasaSettings, State
from bot.turn import Turns
from referrals import chain
from referrals.installation import Mode
from referrals.site import Site

log = logging.getLogger(__name__)
ROOT = Path(__file__).parent.parent
LOOK_EVERY_SECONDS = 2.0
LINK_EVERY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class _Beside:
    """What the tasks beside the routes share."""

    settings: Settings
    process: RasaProcess
    parts: Parts
    stack: AsyncExitStack
    on_ready: Callable[[Parts], None]
    on_failure: Callable[[Exception], None]


async def run(
    settings: Settings,
    mode: Mode,
    site: Site,
    stack: AsyncExitStack,
    on_ready: Callable[[Parts], None],
    on_failure: Callable[[Exception], None],
) -> Parts:
    """Start it; the stack ends it in reverse order. Messages are accepted from now on."""
    loop = asyncio.get_running_loop()
    rasa_secret = secrets.token_urlsafe(32)
    process = RasaProcess(_rasa_settings(settings, site, rasa_secret))

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
    words = content()
    turns = Turns(site, words, process.client, channels, durable.wait_on(loop), settings.quiet)
    parts = Parts(
        settings=settings,
        site=site,
        content=words,
        mode=mode,
        turns=turns,
        rasa_secret=rasa_secret,
        announce=durable.announce,
        telegram=telegram,
        messenger=messenger,
    )
    durable.start(turns, loop)
    stack.push_async_callback(process.stop)
    stack.push_async_callback(asyncio.to_thread, durable.stop)
    stack.callback(broadcast.close)
    stack.callback(paging.close)
    stack.callback(keeping.close)
    shared = _Beside(settings, process, parts, stack, on_ready, on_failure)
    task = asyncio.create_task(_beside(shared))
    stack.callback(task.cancel)
    return parts


def _rasa_settings(settings: Settings, site: Site, secret: str) -> RasaSettings:
    return RasaSettings(
        root=ROOT,
        home=settings.data_dir.resolve() / "dialogue",
        model=ROOT / "build" / "model" / "samleng.tar.gz",
        actions_url=f"{settings.own_address}/rasa/actions",
        actions_token=secret,
        tracker_key=site.server_key.derived("tracker"),
    )


async def _beside(shared: _Beside) -> None:
    """Start the dialogue, play what was accepted meanwhile, open the platforms, watch over it
    all.
    """
    settings, parts = shared.settings, shared.parts
    try:
        await shared.process.start()
        work = settings.database_url or f"sqlite:///{(settings.data_dir / 'work.sqlite').resolve()}"
        engine = await asyncio.to_thread(durable.open_, work)
        shared.stack.callback(engine.dispose)
        await asyncio.to_thread(broadcast.open_, settings.news_per_second)
        await asyncio.to_thread(reminder.open_)
        await asyncio.to_thread(paging.open_, settings.duty_minutes)
        terms = keeping.Terms(settings.keep_closed, settings.backup_dir, settings.keep_backups_days)
        await asyncio.to_thread(keeping.open_, terms)
        shared.on_ready(parts)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_watch(shared.process))
            tasks.create_task(link_audit(parts.site, settings.data_dir / chain.HEADS_FILE))
            if parts.messenger is not None:
                tasks.create_task(_until_heard(parts.messenger.set_menu))
            if parts.telegram is not None:
                tasks.create_task(_until_heard(parts.telegram.set_menu))
                tasks.create_task(_hear_telegram(parts.telegram, settings.public_url))
    except* Exception as errors:
        first: BaseException = errors
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        shared.on_failure(first if isinstance(first, Exception) else RuntimeError("stopped"))


async def _watch(process: RasaProcess) -> None:
    """Look after the dialogue. Raises RasaDidNotStart when starting it again no longer helps."""
    while process.state is not State.FAILED:
        await asyncio.sleep(LOOK_EVERY_SECONDS)
    raise RasaDidNotStart(process.problem or "the dialogue has gone")


async def link_audit(site: Site, heads: Path, every: float = LINK_EVERY_SECONDS) -> None:
    """Link the audit every so many seconds, and write signed heads into a file, for as long as the
    program runs. What fails is said by its kind and tried again.
    """
    everything = True
    while True:
        try:
            await asyncio.to_thread(chain.link_all, site, everything=everything)
            await asyncio.to_thread(chain.keep_heads, site, heads)
            everything = False
        except Exception as error:
            # Whatever it is, complaints go on; `samleng doctor` tells of acts that wait too long.
            log.error("the audit could not be linked: %s", type(error).__name__)
        await asyncio.sleep(every)


async def _hear_telegram(telegram: TelegramChannel, public_url: str | None) -> None:
    """Let updates come: by webhook under a public address, else by polling.

    A token that Telegram refuses is said; the web chat, Messenger and the desk go on.
    """
    if public_url:
        await _until_heard(telegram.set_webhook, public_url)
        return
    try:
        await telegram_channel.poll(telegram, durable.accept)
    except ChannelError as refusal:
        log.error("%s", refusal)


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
