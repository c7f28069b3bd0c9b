"""`make bench`: the side-by-side figures, as a table and in build/bench.json.

Each figure stands beside what it is to be compared with, measured in the same run.
"""

import asyncio
import json
import os
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlmodel import SQLModel, func, select

from bot.rasa import RasaProcess, RasaSettings
from bot.text import normalise
from bot.understand import understand
from referrals import audit, desk, draft, keys, lodging, reading, rows
from referrals.case import Case, CaseField, Referral, Wrap
from referrals.consent import Consent, StandingConsent
from referrals.files import CHUNK, TAG, FileStore, new_file_id
from referrals.intake import Detail
from referrals.sealing import new_key
from referrals.taxonomy import ConsentCode
from tests.bench import massive
from tests.bench.figures import Row, row
from tests.house import Town, build_town, told_draft

ROOT = Path(__file__).parents[2]
STORY = "ថៅកែមិនបើកប្រាក់ខែឱ្យខ្ញុំពីរខែហើយ " * 28
"""About 3 kB of UTF-8."""

SENTENCES = [
    "ថៅកែមិនបើកលុយឱ្យខ្ញុំ ២ខែហើយ",
    "តើប្រាក់ឈ្នួលអប្បបរមានៅថៃប៉ុន្មាន",
    "គេយកលិខិតឆ្លងដែនខ្ញុំមិនឱ្យវិញ",
    "knhom jong niyeay jea muy monus",
    "សួស្តី",
]


def milliseconds(act: Callable[[], object], times: int) -> list[float]:
    """Time an act: its duration in milliseconds, `times` times."""
    spans = []
    for _ in range(times):
        begun = time.perf_counter()
        act()
        spans.append((time.perf_counter() - begun) * 1000)
    return spans


def lodging_beside_a_bare_insert(town: Town, times: int = 60) -> list[Row]:
    """Seal and lodge a typical case (3 kB of text, 8 fields, 2 wraps), beside inserting the same
    rows with random bytes in the place of what is sealed: the same tables, a transaction each.

    Lodging reads the draft and destroys it, too. The two alternate, so that a busy disk is slow for
    both. The second figure is beside the quickest insert there is, by one statement for a table.
    """
    ours: list[float] = []
    bare: list[float] = []
    quick: list[float] = []
    for number in range(times + WARM):
        conversation, update = f"{number:064d}", f"u-{number}"
        _tells(town, conversation)

        ours.append(_lodge(town, conversation, update))
        bare += milliseconds(partial(_add, town, _copy_of(town, update)), 1)
        quick += milliseconds(partial(_insert, town, _copy_of(town, update)), 1)
    what, spans = "seal and lodge a case (3 kB, 8 fields, 2 offices)", ours[WARM:]
    return [
        row(what, statistics.median(spans), "ms", beside, statistics.median(other[WARM:]))
        for beside, other in (
            ("bare insert of the same rows", bare),
            ("the same by a statement for a table", quick),
        )
    ]


def _lodge(town: Town, conversation: str, update: str) -> float:
    """Lodge the draft that a turn has at hand, to the end of its transaction; in milliseconds."""
    with town.site.store.writing() as session:
        begun = draft.find(session, conversation)
        assert begun is not None
        start = time.perf_counter()
        lodging.lodge(session, town.site, begun, update, language="km")
    return (time.perf_counter() - start) * 1000


def _tells(town: Town, conversation: str) -> None:
    with town.site.store.writing() as session:
        begun = told_draft(
            session,
            town.site,
            STORY,
            conversation=conversation,
            shares=(ConsentCode.SHARE_MRC, ConsentCode.SHARE_PDOLVT),
            name="ឈ្មោះ",
        )
        for number, detail in enumerate(DETAILS):
            draft.tell(session, town.site, begun, detail, f"d-{number}", text="ពាក្យ " * 10)


DETAILS = [detail.value for detail in Detail if detail is not Detail.NAME][:6]
"""With the story and the name, eight fields."""

WARM = 5
"""Rounds that are not counted: statements are written and pages are read for the first time."""

LEVELS = ((Case,), (Consent,), (StandingConsent,), (Wrap, Referral, CaseField))
"""The tables of a case, in the order in which the one needs the other."""


def _copy_of(town: Town, update: str) -> list[list[SQLModel]]:
    """Copy the rows of a case by level: new ids, and random bytes for what is sealed."""
    with town.site.store.reading() as session:
        kept = session.exec(select(Case).where(Case.lodged_by == update)).one()
        new = os.urandom(16).hex()
        code = f"{os.urandom(4).hex()}x"
        levels: list[list[SQLModel]] = [
            [_like(kept, id=new, code=code, lodged_by=f"copy-{new}")],
        ]
        top = session.exec(select(func.max(Consent.id))).one() or 0
        numbers: dict[int | None, int] = {}
        for models in LEVELS[1:]:
            level: list[SQLModel] = []
            for model in models:
                for each in session.exec(select(model).where(model.case_id == kept.id)):
                    changes: dict[str, object] = {"case_id": new}
                    if isinstance(each, Consent):
                        numbers[each.id] = changes["id"] = top + 1 + len(numbers)
                    elif isinstance(each, StandingConsent):
                        changes["consent_id"] = numbers[each.consent_id]
                    elif isinstance(each, CaseField):
                        changes["id"] = os.urandom(16).hex()
                    level.append(_like(each, **changes))
            levels.append(level)
    assert [len(level) for level in levels] == [1, 5, 2, 12]
    return levels


def _like(each: SQLModel, **changes: object) -> SQLModel:
    held = {
        name: os.urandom(len(value)) if isinstance(value, bytes) else value
        for name, value in each.model_dump().items()
    }
    return type(each)(**{**held, **changes})


def _add(town: Town, levels: list[list[SQLModel]]) -> None:
    """Insert rows as any program does that works with objects."""
    with town.site.store.writing() as session:
        for level in levels:
            session.add_all(level)
            session.flush()


def _insert(town: Town, levels: list[list[SQLModel]]) -> None:
    """Insert rows by one statement for a table."""
    with town.site.store.writing() as session:
        for level in levels:
            for model in dict.fromkeys(type(each) for each in level):
                same = [each.model_dump() for each in level if type(each) is model]
                rows.insert(session, model, same)


def opening_a_case(town: Town, times: int = 40) -> list[Row]:
    """Open a case after sign-in: all of it, with the trace that is written first, and its own work
    alone.
    """
    town.site.store.forget_log()
    code = town.lodges(STORY, conversation="o" * 64, update="open-me", name="ឈ្មោះ")
    who = town.people["mrc"]
    desk.open_case(town.site, who, code)

    def reads() -> None:
        with town.site.store.reading() as session:
            found, key = desk.key_of(session, who, code)
            reading.opened(session, who, found, key, town.site.clock())

    key = keys.PrivateKey.new()
    wrapped = keys.seal_to(key.public, new_key(), b"x")
    whole: list[float] = []
    own: list[float] = []
    trace: list[float] = []
    raw: list[float] = []
    for _ in range(times):
        whole += milliseconds(lambda: desk.open_case(town.site, who, code), 1)
        own += milliseconds(reads, 1)
        trace += milliseconds(
            lambda: audit.record(town.site, audit.Act.OPENED_CASE, member_id=who.member_id), 1
        )
        raw += milliseconds(lambda: [key.open_(wrapped, b"x") for _ in range(2)], 1)
    return [
        row(
            "open a case after sign-in, own work",
            statistics.median(own),
            "ms",
            "two HPKE openings alone",
            statistics.median(raw),
        ),
        row(
            "open a case after sign-in, with its trace",
            statistics.median(whole),
            "ms",
            "the trace's transaction alone",
            statistics.median(trace),
        ),
    ]


def sealing_a_file(folder: Path, times: int = 21) -> list[Row]:
    """Seal 20 MB to disk, and open it, beside raw AES-256-GCM over the same chunks: both write a
    file and sync it, and alternate.
    """
    folder.mkdir(parents=True)
    content, store = os.urandom(20 * 1024 * 1024), FileStore(folder)
    pieces = [content[at : at + CHUNK] for at in range(0, len(content), CHUNK)]
    ours: list[float] = []
    raw: list[float] = []
    opened: list[float] = []
    memory: list[float] = []
    for _ in range(times):
        file_id, key, bare = new_file_id(), new_key(), folder / "raw"
        ours += milliseconds(partial(store.seal, file_id, key, pieces), 1)
        raw += milliseconds(partial(_raw, bare, key, pieces), 1)
        opened += milliseconds(lambda f=file_id, k=key: deque(store.open_(f, k), 0), 1)  # type: ignore[misc]
        memory += milliseconds(lambda k=key, b=bare: deque(_decrypts(b, k), 0), 1)  # type: ignore[misc]
        store.remove(file_id)
        bare.unlink()
    return [
        row(
            "seal a file of 20 MB to disk",
            statistics.median(ours),
            "ms",
            "AES-256-GCM of the same chunks, written and synced",
            statistics.median(raw),
        ),
        row(
            "open a file of 20 MB",
            statistics.median(opened),
            "ms",
            "AES-256-GCM of the same chunks, read",
            statistics.median(memory),
        ),
    ]


def _raw(path: Path, key: bytes, pieces: list[bytes]) -> None:
    cipher = AESGCM(key)
    with path.open("wb") as file:
        for number, piece in enumerate(pieces):
            file.write(cipher.encrypt(number.to_bytes(12, "big"), piece, b""))
        file.flush()
        os.fsync(file.fileno())


def _decrypts(path: Path, key: bytes) -> Iterator[bytes]:
    cipher, number = AESGCM(key), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK + TAG):
            yield cipher.decrypt(number.to_bytes(12, "big"), chunk, b"")
            number += 1


async def understanding(folder: Path, times: int = 40) -> list[Row]:
    process = RasaProcess(
        RasaSettings(
            root=ROOT,
            home=folder / "dialogue",
            model=ROOT / "build" / "model" / "samleng.tar.gz",
            actions_url="http://127.0.0.1:9/none",
            actions_token="none",
            tracker_key=new_key(),
        )
    )
    begun = time.perf_counter()
    await process.start()
    ready = time.perf_counter() - begun
    spans, plain = [], []
    for _ in range(times):
        for sentence in SENTENCES:
            begun = time.perf_counter()
            await understand(process.client, sentence)
            spans.append((time.perf_counter() - begun) * 1000)
            begun = time.perf_counter()
            normalise(sentence)
            plain.append((time.perf_counter() - begun) * 1000)
    await process.stop()
    spans.sort()
    return [
        row("Rasa ready", ready, "s", "bar (seconds)", 25),
        row(
            "understand a sentence, p50",
            statistics.median(spans),
            "ms",
            "normalising alone",
            statistics.median(plain),
        ),
        row(
            "understand a sentence, p95",
            spans[int(len(spans) * 0.95)],
            "ms",
            "its p50",
            statistics.median(spans),
        ),
    ]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="samleng-bench-") as name:
        folder = Path(name)
        town = build_town(folder)
        table = [
            *lodging_beside_a_bare_insert(town),
            *opening_a_case(town),
            *sealing_a_file(folder / "bench-files"),
            *asyncio.run(understanding(folder)),
        ]
        town.site.store.engine.dispose()
    table += massive.figures()
    width = max(len(str(r["what"])) for r in table)
    for each in table:
        print(
            f"{each['what']:{width}}  {each['figure']:>10} {each['unit']:2}   "
            f"{each['beside']}: {each['other']} ({each['ratio']} x)"
        )
    target = ROOT / "build" / "bench.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(table, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
