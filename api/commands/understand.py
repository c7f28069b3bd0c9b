"""`samleng understand`: see why a sentence was read as it was."""

import asyncio
import json
import secrets
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands.start import fail
from bot.rasa import RasaDidNotStart, RasaProcess, RasaSettings, RasaUnavailable
from bot.text import normalise
from bot.understand import Understanding, alarm, understand

ROOT = Path(__file__).parents[2]


def understand_lines(
    why: Annotated[
        bool, typer.Option("--why", help="Also say how the text was read and what else it may be.")
    ] = False,
) -> None:
    """Read lines of text, write one JSON object a line: intent, topic, confidence, entities,
    danger.

    The lines are kept nowhere. Bytes that are no UTF-8 are replaced; an empty line gets its line
    out too. The intent is always the best guess; with --why, `certainty` says what the bot would do
    with it.
    """
    asyncio.run(_understand(why))


def _lines() -> Iterator[str]:
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", errors="replace").rstrip("\r\n")


def _said(line: str, found: Understanding) -> dict[str, Any]:
    return {
        "text": line,
        "intent": found.intent,
        "topic": found.topic,
        "confidence": round(found.confidence, 4),
        "entities": dict(found.entities),
        "danger": found.danger,
    }


def _why(line: str, found: Understanding, words: str | None) -> dict[str, Any]:
    return {
        "read_as": normalise(line),
        "certainty": found.certainty,
        "guesses": [
            {"intent": intent, "topic": topic, "confidence": round(sure, 4)}
            for intent, topic, sure in found.ranking
        ],
        "danger_by": "words" if words else "model" if found.danger else None,
    }


async def _understand(why: bool) -> None:
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
                words = alarm(line)
                found = await understand(process.client, line)
                found = replace(found, danger=found.danger or words)
                said = _said(line, found) | (_why(line, found, words) if why else {})
                print(json.dumps(said, ensure_ascii=False), flush=True)
        except RasaUnavailable as error:
            raise fail(str(error)) from None
        finally:
            await process.stop()
