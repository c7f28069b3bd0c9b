"""`make bench`: the side-by-side figures, as a table and in build/bench.json.

Each figure stands beside what it is to be compared with, measured in the same run.
"""

import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlmodel import Session

from bot.rasa import RasaProcess, RasaSettings
from bot.text import normalise
from bot.understand import understand
from referrals import case, desk, draft, keys, lodging
from referrals.case import Case, CaseField, Referral
from referrals.consent import Consent
from referrals.files import CHUNK, FileStore, new_file_id
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


def lodging_beside_a_bare_insert(town: Town, times: int = 30) -> Row:
    """Seal and lodge a typical case, beside inserting the same rows without any sealing."""
    ours: list[float] = []
    bare: list[float] = []
    for number in range(times):
        conversation = f"{number:064d}"
        with town.site.store.writing() as session:
            told_draft(
                session,
                town.site,
                STORY,
                conversation=conversation,
                shares=(ConsentCode.SHARE_MRC, ConsentCode.SHARE_PDOLVT),
                name="ឈ្មោះ",
            )

        def lodge(number: int = number, conversation: str = conversation) -> None:
            with town.site.store.writing() as session:
                begun = draft.find(session, conversation)
                assert begun is not None
                lodging.lodge(session, town.site, begun, f"u-{number}", language="km")

        ours += milliseconds(lodge, 1)
        rows = _rows_of(town, f"u-{number}")

        def insert(rows: list[object] = rows) -> None:
            with town.site.store.writing() as session:
                for each in rows:
                    session.add(each)
                    session.flush()

        bare += milliseconds(insert, 1)
    return row(
        "seal and lodge a case (3 kB, 2 offices)",
        statistics.median(ours),
        "ms",
        "bare insert of the same rows",
        statistics.median(bare),
    )


def _rows_of(town: Town, update: str) -> list[object]:
    """Copy the rows of a case under new ids, to be inserted as they are."""
    with town.site.store.reading() as session:
        kept = session.exec(case.select(Case).where(Case.lodged_by == update)).one()
        copy = Case(**{**kept.model_dump(), "id": f"{update:0>32}", "code": update[:9]})
        copy.lodged_by = f"copy-{update}"
        rows: list[object] = [copy]
        consents = _of(session, Consent, kept.id)
        rows += [Consent(**{**c.model_dump(), "id": None, "case_id": copy.id}) for c in consents]
        for model in (CaseField, Referral):
            rows += [
                model(**{**r.model_dump(), "case_id": copy.id, **_new_id(r)})
                for r in _of(session, model, kept.id)
            ]
    return rows


def _new_id(of: object) -> dict[str, str]:
    return {"id": os.urandom(16).hex()} if hasattr(of, "id") else {}


def _of(session: Session, model: type, case_id: str) -> list[object]:
    return list(session.exec(case.select(model).where(model.case_id == case_id)))  # type: ignore[attr-defined]


def opening_a_case(town: Town, times: int = 30) -> Row:
    code = town.lodges(STORY, conversation="o" * 64, update="open-me", name="ឈ្មោះ")
    spans = milliseconds(lambda: desk.open_case(town.site, town.people["mrc"], code), times)
    key = keys.PrivateKey.new()
    wrapped = keys.seal_to(key.public, new_key(), b"x")
    raw = milliseconds(lambda: [key.open_(wrapped, b"x") for _ in range(2)], times)
    return row(
        "open a case after sign-in",
        statistics.median(spans),
        "ms",
        "two HPKE openings alone",
        statistics.median(raw),
    )


def sealing_a_file(folder: Path, times: int = 5) -> Row:
    """Seal 20 MB to disk, beside AES-256-GCM of the same chunks in memory."""
    content, store, cipher = os.urandom(20 * 1024 * 1024), FileStore(folder), AESGCM(new_key())
    pieces = [content[i : i + CHUNK] for i in range(0, len(content), CHUNK)]
    ours = milliseconds(lambda: store.seal(new_file_id(), new_key(), pieces), times)
    raw = milliseconds(lambda: [cipher.encrypt(bytes(12), p, b"") for p in pieces], times)
    return row(
        "seal a file of 20 MB to disk",
        statistics.median(ours),
        "ms",
        "AES-256-GCM alone, in memory",
        statistics.median(raw),
    )


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
        rows = [
            lodging_beside_a_bare_insert(town),
            opening_a_case(town),
            sealing_a_file(folder / "bench-files"),
            *asyncio.run(understanding(folder)),
        ]
        town.site.store.engine.dispose()
    rows += massive.figures()
    width = max(len(str(r["what"])) for r in rows)
    for each in rows:
        print(
            f"{each['what']:{width}}  {each['figure']:>10} {each['unit']:2}   "
            f"{each['beside']}: {each['other']} ({each['ratio']} x)"
        )
    target = ROOT / "build" / "bench.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


main()
