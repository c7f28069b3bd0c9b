"""`make evaluate`: how well sentences are understood that nobody trained on.

Reads every sentence with the real Rasa and the trained model, prints the figures and puts them into
docs/understanding.md. The exit code is 0 whether or not the bars are reached: the page says it.
"""

import asyncio
import json
import secrets
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from bot.danger import danger
from bot.rasa import RasaClient, RasaProcess, RasaSettings
from bot.text import normalise
from bot.training import MODEL, quiet_environment, rasa_python
from bot.understand import understand
from tests.understanding import harder, measure, page
from tests.understanding.measure import Read
from tests.understanding.sentences import HELD_OUT, TEST, UNCLEAR, Sentence, sentences

ROOT = Path(__file__).parents[2]
FOLDS = 5


def main() -> None:
    """Measure, print and write."""
    test, held_out = sentences(TEST), sentences(HELD_OUT)
    sets = {"the test set": test, "the held-out set": held_out, **_harder(test)}
    social = harder.social_sentences() if harder.there() else []
    read, calm = asyncio.run(_read_all(sets, social))
    print("Cross-validation of the training data ...", flush=True)
    measured = _page(read, calm, social, _cross_validation())
    page.put(measured)
    print(page.plain(measured))
    print(f"\nWritten to {page.PAGE.relative_to(ROOT)}.")


def _harder(test: Sequence[Sentence]) -> dict[str, list[Sentence]]:
    km = [one for one in test if one.script == "km"]
    made = {"the Khmer ones, no space": [harder.without_spaces(one) for one in km]}
    if harder.there():
        made["the Khmer ones, misspelt"] = [harder.misspelt(one) for one in km]
        made["the Khmer ones, put into Latin letters by a dictionary"] = [
            harder.in_latin_letters(one) for one in km
        ]
    return made


async def _read_all(
    sets: dict[str, list[Sentence]], social: Sequence[str]
) -> tuple[dict[str, list[Read]], int]:
    """Read all sets; the number is of social sentences taken for danger."""
    with tempfile.TemporaryDirectory(prefix="samleng-evaluate-") as home:
        process = RasaProcess(
            RasaSettings(
                root=ROOT,
                home=Path(home),
                model=ROOT / MODEL,
                actions_url="http://127.0.0.1:9/none",
                actions_token="none",
                tracker_key=secrets.token_bytes(32),
            )
        )
        print("Rasa ...", flush=True)
        await process.start()
        try:
            found = {}
            for name, wanted in sets.items():
                print(f"Reading {len(wanted)} sentences: {name} ...", flush=True)
                found[name] = await read_with(process.client, wanted)
            alarms = [(await understand(process.client, text)).danger for text in social]
        finally:
            await process.stop()
    return found, sum(alarm is not None for alarm in alarms)


async def read_with(rasa: RasaClient, wanted: Iterable[Sentence]) -> list[Read]:
    """Read sentences one by one, as the bot does."""
    return [Read(sentence, await understand(rasa, sentence.text)) for sentence in wanted]


def _cross_validation() -> list[dict[str, float]]:
    """Train and judge the classifier on the training data, FOLDS times, in Rasa's environment."""
    with tempfile.TemporaryDirectory(prefix="samleng-folds-") as home:
        done = subprocess.run(
            [rasa_python(ROOT), "-m", "tests.understanding.folds", str(FOLDS)],
            cwd=ROOT,
            env={**quiet_environment(Path(home)), "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            check=True,
            timeout=3600,
        )
    folds: list[dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return folds


def _page(
    read: dict[str, list[Read]],
    calm: int,
    social: Sequence[str],
    folds: Sequence[dict[str, float]],
) -> str:
    test = read["the test set"]
    held_out = [r for r in read["the held-out set"] if r.sentence.label != UNCLEAR]
    unclear = [r for r in read["the held-out set"] if r.sentence.label == UNCLEAR]
    lines = {
        "all of the test set": test,
        **{f"in {name}": [r for r in test if r.sentence.script == code] for code, name in _SCRIPTS},
        **{
            f"by {author}": [r for r in test if r.sentence.author == author]
            for author in _authors(test)
        },
        "the held-out set": held_out,
        **{name: reads for name, reads in read.items() if name.startswith("the Khmer ones")},
    }
    missed = [r for r in test if r.sentence.danger == "yes" and r.found.danger is None]
    alarms = [
        r for r in test if r.sentence.danger in {"no", "alike"} and r.found.danger is not None
    ]
    intents = [r for r in test if not r.intent_right]
    lexicon = [replace(r, found=replace(r.found, danger=_by_lexicon(r))) for r in test]
    parts = [
        "### On the test set",
        page.table(
            ("figure", "measured", "bar", "reached"),
            [
                (what, figure, bar, "yes" if reached else "**no**")
                for what, figure, bar, reached in page.headline(test)
            ],
        ),
        "### Set by set",
        page.sets(lines),
        "### Danger",
        page.danger(
            {
                "the test set, model or lexicon": test,
                "the test set, the lexicon alone": lexicon,
                "the held-out set": held_out,
            }
        ),
        f"Sentences of social media taken for danger: {measure.Share(calm, len(social))}.",
        "### Certainty on the test set",
        page.certainty(test),
        "Of what nobody could understand surely (held-out set):",
        page.certainty(unclear),
        "### Calibration on the test set",
        page.calibration(test),
        "### Cross-validation of the training data",
        page.table(tuple(folds[0]), [tuple(fold.values()) for fold in folds]),
        "### Entities on the test set, by value",
        page.entities(measure.by_entity(test)),
        "### Label by label, the worst first",
        page.labels(test),
        "### The commonest confusions",
        page.confusions(test),
        f"### Danger that was missed ({len(missed)})",
        page.misread(missed),
        f"### False alarms ({len(alarms)})",
        page.misread(alarms),
        f"### Intents that were misread ({len(intents)})",
        page.misread(intents),
    ]
    return "\n\n".join(parts)


_SCRIPTS = (("km", "Khmer script"), ("latin", "romanised Khmer"), ("en", "English"))


def _authors(reads: Iterable[Read]) -> list[str]:
    return list(dict.fromkeys(read.sentence.author for read in reads))


def _by_lexicon(read: Read) -> str | None:
    return danger(normalise(read.sentence.text))


main()
