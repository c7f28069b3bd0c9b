"""The pipeline of config.yml on MASSIVE km-KH, and its speed beside the one `rasa init` writes.

MASSIVE is read from the project's neighbour `shared/data`, or from where SAMLENG_MASSIVE says; it
is never copied into the project. `python -m tests.bench.massive` runs this part alone, with another
pipeline file when it is given one.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.text import _example, training_data
from bot.training import quiet_environment, rasa_python
from tests.bench.figures import Row, row

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "config.yml"
MASSIVE = Path("shared/data/massive/km-KH.jsonl")
SENTENCES = 400
"""Of our own training data, to time a parse."""

NOT_UNDERSTOOD = "nlu_fallback"

Span = tuple[int, int, str]
Answer = dict[str, Any]

PUBLISHED = [
    # what, intent spaced, intent unspaced, entity F1 spaced, entity F1 unspaced, where from
    ("XLM-R Base, full training", 77.2, None, None, None, "paper 2204.08582; unverified"),
    ("mT5 Base encoder, full training", 79.1, None, None, None, "paper 2204.08582; unverified"),
    ("mT5 Base text-to-text", 79.0, None, None, None, "paper 2204.08582; unverified"),
    ("multilingual-e5-large-instruct, few-shot probe", 54.4, None, None, None, "model card"),
    ("gte-multilingual-base, few-shot probe", 50.8, None, None, None, "model card"),
    ("TF-IDF words + characters, LinearSVC", 76.1, 75.7, None, None, "measured before"),
    ("Rasa LogisticRegression + CRFEntityExtractor", 72.4, 72.2, 70.0, 68.5, "measured before"),
    ("Rasa DIET on khmercut words, 8 epochs", 73.3, 73.3, 64.2, 63.0, "measured before"),
    ("Rasa DIET on spaces, 8 epochs", 73.4, 71.6, 78.9, 15.3, "measured before"),
]
RASAS_OWN = PUBLISHED[-3]


@dataclass(frozen=True, slots=True)
class Gold:
    """A sentence of the test split and what is right for it."""

    text: str
    intent: str
    entities: tuple[Span, ...]


def figures(config: Path = CONFIG) -> list[Row]:
    """Measure, print as it goes, and give the rows for build/bench.json."""
    with tempfile.TemporaryDirectory(prefix="samleng-bench-") as name:
        folder = Path(name)
        rows = on_our_own_sentences(folder, config)
        source = massive()
        if source is None:
            print(
                "MASSIVE: not measured, it is not here. "
                "Set SAMLENG_MASSIVE to its file km-KH.jsonl to measure."
            )
            return rows
        return rows + on_massive(folder, source, config)


def massive() -> Path | None:
    """Give the file of MASSIVE km-KH, None when there is none."""
    source = Path(os.environ.get("SAMLENG_MASSIVE") or ROOT.parent / MASSIVE)
    return source if source.is_file() else None


_SLOT = re.compile(r"\[\s*(\w+)\s*:\s*([^\]]*?)\s*\]")
_MARK = re.compile(r"\[([^\]]*)\]\((\w+)\)")


def marked(annotated: str) -> str:
    """Turn MASSIVE's `[slot : words]` into a normalised training example with `[words](slot)`."""
    return _example(_SLOT.sub(r"[\2](\1)", annotated))


def gold(example: str, intent: str) -> Gold:
    """Take the marks out of a training example, and remember where they stood."""
    text, spans, last = "", [], 0
    for mark in _MARK.finditer(example):
        text += example[last : mark.start()]
        words = mark[1].strip()
        start = len(text) + mark[1].index(words)
        spans.append((start, start + len(words), mark[2]))
        text += mark[1]
        last = mark.end()
    return Gold(text + example[last:], intent, tuple(spans))


def f1(right: Iterable[Sequence[Span]], found: Iterable[Sequence[Span]]) -> float:
    """Micro F1 in percent: an entity counts when its type, first and last character are right."""
    both = rights = founds = 0
    for these, those in zip(right, found, strict=True):
        both += sum((Counter(these) & Counter(those)).values())
        rights += len(these)
        founds += len(those)
    return 200 * both / (rights + founds) if both else 0.0


def on_massive(folder: Path, source: Path, config: Path) -> list[Row]:
    """Train on the train split, ask the test split with its spaces and without."""
    print("MASSIVE km-KH: normalising", flush=True)
    examples: dict[str, list[str]] = defaultdict(list)
    tests: list[tuple[str, str]] = []
    for line in source.read_text(encoding="utf-8").splitlines():
        utterance = json.loads(line)
        if utterance["partition"] == "train":
            examples[utterance["intent"]].append(_SLOT.sub(r"[\2](\1)", utterance["annot_utt"]))
        elif utterance["partition"] == "test":
            tests.append((marked(utterance["annot_utt"]), utterance["intent"]))
    data = _written(folder / "massive", examples)
    spaced = [gold(*test) for test in tests]
    unspaced = [gold(example.replace(" ", ""), intent) for example, intent in tests]
    trained = _train(folder, "massive", config, data)
    texts = [each.text for each in spaced + unspaced]
    asked = _rasa(folder, "asking", do="ask", models=[trained["model"]], texts=texts)
    answers: list[Answer] = asked["answers"][0]
    halves = [(spaced, answers[: len(spaced)]), (unspaced, answers[len(spaced) :])]
    intents = [_right(*half) for half in halves]
    f1s = [_f1(*half) for half in halves]
    unsure = [100 * _share(a["intent"] == NOT_UNDERSTOOD for a in half[1]) for half in halves]
    p50, p95 = _quantiles(answers)
    print_table(
        [(f"this pipeline ({config.name})", *intents, *f1s, "measured in this run"), *PUBLISHED]
    )
    print(
        f"  {sum(map(len, examples.values()))} examples to learn from, {len(tests)} to ask. "
        f"Intent: the best-ranked intent, also where the pipeline said it was unsure "
        f"({unsure[0]:.1f} % spaced, {unsure[1]:.1f} % unspaced).\n"
        f"  Training {trained['train']:.0f} s, model {trained['megabytes']:.1f} MB, "
        f"loading {asked['load'][0]:.1f} s, parse p50 {p50:.1f} ms, p95 {p95:.1f} ms.\n"
        "  Unverified: from memory, the paper was not at hand; check before quoting.\n"
        "  Model cards: other training (few examples), so not the same task.\n"
        "  Measured before: on another run, with other settings of normalising.\n"
        "  Entity F1: micro, exact place and type, over characters of the normalised text."
    )
    return [
        row("MASSIVE intent, spaced", intents[0], "%", "XLM-R Base (unverified)", PUBLISHED[0][1]),
        row("MASSIVE intent, unspaced", intents[1], "%", "the same, spaced", intents[0]),
        row("MASSIVE entity F1, spaced", f1s[0], "%", RASAS_OWN[0], RASAS_OWN[3] or 0),
        row("MASSIVE entity F1, unspaced", f1s[1], "%", RASAS_OWN[0], RASAS_OWN[4] or 0),
        row("MASSIVE training", trained["train"], "s", "Rasa LR + CRF (before)", 222),
        row("MASSIVE loading", asked["load"][0], "s", "Rasa LR + CRF (before)", 168),
        row("MASSIVE parse, p50", p50, "ms", "Rasa LR + CRF (before)", 7.1),
        row("MASSIVE parse, p95", p95, "ms", "Rasa LR + CRF (before)", 11.2),
    ]


def on_our_own_sentences(folder: Path, config: Path) -> list[Row]:
    """Time a parse of ours beside one of `rasa init`'s pipeline: same data, same process."""
    data = folder / "own"
    training_data(ROOT / "nlu/data", data)
    texts = _texts(data)
    started = folder / "started.yml"
    theirs = _rasa(folder, "`rasa init`", do="started_pipeline", config=str(started))
    print(f"  `rasa init` writes: {', '.join(theirs['components'])}")
    print("  DIETClassifier and ResponseSelector at epochs: 1; epochs do not change a parse's time")
    trained = [
        _train(folder, "ours", config, data),
        _train(folder, "started", started, data),
    ]
    models = [each["model"] for each in trained]
    asked = _rasa(folder, "asking both in turn", do="ask", models=models, texts=texts)
    ours, other = (_quantiles(answers) for answers in asked["answers"])
    rows = [
        row("own data: parse, p50", ours[0], "ms", "`rasa init`'s pipeline", other[0]),
        row("own data: parse, p95", ours[1], "ms", "`rasa init`'s pipeline", other[1]),
        row("own data: loading", asked["load"][0], "s", "`rasa init`'s", asked["load"][1]),
        row("own data: training", trained[0]["train"], "s", "bar (seconds)", 300),
    ]
    print(
        f"  parse of {len(texts)} own sentences, p50 / p95: ours {ours[0]:.1f} / {ours[1]:.1f} ms, "
        f"`rasa init`'s {other[0]:.1f} / {other[1]:.1f} ms"
    )
    return rows


def print_table(lines: Sequence[tuple[Any, ...]]) -> None:
    """Print MASSIVE's figures beside the published ones; a dash where none is known."""
    width = max(len(line[0]) for line in lines)
    print(f"\n  {'MASSIVE km-KH, test split':{width}}  intent sp/unsp   entity F1 sp/unsp")
    for name, *numbers, origin in lines:
        shown = [f"{number:.1f}" if number is not None else "-" for number in numbers]
        print(
            f"  {name:{width}}  {shown[0]:>6} {shown[1]:>6}   "
            f"{shown[2]:>6} {shown[3]:>6}   {origin}"
        )
    print()


def _right(right: Sequence[Gold], answers: Sequence[Answer]) -> float:
    best = [next((i for i in a["ranking"] if i != NOT_UNDERSTOOD), a["intent"]) for a in answers]
    return 100 * _share(each.intent == said for each, said in zip(right, best, strict=True))


def _f1(right: Sequence[Gold], answers: Sequence[Answer]) -> float:
    return f1(
        [each.entities for each in right],
        [[(start, end, kind) for start, end, kind in a["entities"]] for a in answers],
    )


def _share(of: Iterable[bool]) -> float:
    return statistics.fmean(map(float, of))


def _quantiles(answers: Sequence[Answer]) -> tuple[float, float]:
    spans = sorted(answer["ms"] for answer in answers)
    return statistics.median(spans), spans[int(len(spans) * 0.95)]


def _written(folder: Path, examples: dict[str, list[str]]) -> Path:
    """Write examples as Rasa's training file, then normalise it as `make` does our own."""
    raw = folder / "raw"
    raw.mkdir(parents=True)
    content = {
        "version": "3.1",
        "nlu": [
            {"intent": intent, "examples": "".join(f"- {line}\n" for line in lines)}
            for intent, lines in examples.items()
        ],
    }
    (raw / "massive.yml").write_text(
        yaml.safe_dump(content, allow_unicode=True, width=10_000), encoding="utf-8"
    )
    training_data(raw, folder / "normal")
    return folder / "normal"


def _texts(data: Path) -> list[str]:
    """Give about SENTENCES examples of a training set, from all over it, without their marks."""
    texts = [
        gold(line.removeprefix("- "), "").text
        for file in sorted(data.glob("*.yml"))
        for entry in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]
        if "intent" in entry
        for line in entry["examples"].splitlines()
    ]
    return texts[:: max(1, len(texts) // SENTENCES)]


def _train(folder: Path, name: str, config: Path, data: Path) -> dict[str, Any]:
    return _rasa(
        folder,
        f"training {name}",
        do="train",
        config=str(config),
        data=str(data),
        out=str(folder),
        name=name,
    )


def _rasa(folder: Path, doing: str, **task: object) -> dict[str, Any]:
    """Do one task in Rasa's environment, and say every half minute that it goes on."""
    result, log = folder / "result.json", folder / "rasa.log"
    result.unlink(missing_ok=True)
    print(f"  {doing} ...", flush=True)
    begun = time.perf_counter()
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [str(rasa_python(ROOT)), str(ROOT / "tests/bench/in_rasa.py")],
            env={**quiet_environment(folder / "home"), "PYTHONPATH": str(ROOT)},
            cwd=folder,
            stdin=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        assert process.stdin is not None
        json.dump({**task, "result": str(result)}, process.stdin)
        process.stdin.close()
        while True:
            try:
                process.wait(30)
                break
            except subprocess.TimeoutExpired:
                print(f"      {doing}: {time.perf_counter() - begun:.0f} s", flush=True)
    if not result.is_file():
        raise RuntimeError(f"{doing} failed:\n{log.read_text(errors='replace')[-2000:]}")
    done: dict[str, Any] = json.loads(result.read_text())
    return done


if __name__ == "__main__":
    for each in figures(Path(sys.argv[1]).resolve() if sys.argv[1:] else CONFIG):
        print(json.dumps(each, ensure_ascii=False))
