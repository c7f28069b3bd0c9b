"""`samleng understand`: see why a sentence was read as it was."""

import asyncio
import json
import secrets
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from api.commands.start import fail
from bot.rasa import RasaDidNotStart, RasaProcess, RasaSettings
from bot.understand import understand

ROOT = Path(__file__).parents[2]


def understand_lines() -> None:
    """Read lines of text, write one JSON object a line: intent, topic, confidence, entities,
    danger.

    The lines are kept nowhere. Bytes that are no UTF-8 are replaced; an empty line gets its line
    out too.
    """
    asyncio.run(_understand())


def _lines() -> Iterator[str]:
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", errors="replace").rstrip("\r\n")


async def _understand() -> None:
    with tempfile.TemporaryDirectory(prefix="samleng-") as home:
        process = RasaProcess(
            RasaSettings(
                root=ROOT,
                home=Path(home),
                model=ROOT / "build" / "model" / "samleng.tar.gz",
                actions_url="http://127.0.0.1:9/none",
                actions_token="none",  # noqa: S106 - no action is ever called
                tracker_key=secrets.token_bytes(32),
            )
        )
        try:
            await process.start()
        except RasaDidNotStart as error:
            raise fail(str(error)) from None
        try:
            for line in _lines():
                found = await understand(process.client, line)
                print(
                    json.dumps(
                        {
                            "text": line,
                            "intent": found.intent,
                            "topic": found.topic,
                            "confidence": round(found.confidence, 4),
                            "entities": dict(found.entities),
                            "danger": found.danger,
                        },
                        ensure_ascii=False,
                    ),
                    flush=True,
                )
        finally:
            await process.stop()
