"""`make content`: checks every word a migrant reads, and writes the pages that say how it stands.

Each complaint is one line, `place: rule: what was found`, and then the exit code is 1.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from bot.content import BadContent, load, overview, review
from bot.content.check import Words, check, read_all
from bot.content.texts import Text, texts
from bot.content.versions import write_versions
from bot.when import local_date

FOLDER = Path(__file__).parent
DOCS = FOLDER.parents[1] / "docs"
ANSWERS, REVIEW = "answers.md", "review.md"


def main(
    arguments: Sequence[str] | None = None,
    folder: Path = FOLDER,
    docs: Path = DOCS,
    today: date | None = None,
) -> int:
    """Check the files of `folder` and write into `docs`; give the exit code."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if bool(chosen.reviewed) != bool(chosen.by):
        parser.error("--reviewed KEY [KEY ...] and --by NAME go together")
    today = today or local_date(datetime.now(UTC))
    try:
        if chosen.write:
            for line in write_versions(folder, load(folder)):
                print(f"Written down: {line}")
        if chosen.reviewed:
            known = texts(read_all(folder), folder)
            review.mark(folder, known, chosen.reviewed, chosen.by, chosen.on or today)
    except (BadContent, review.NoSuchText) as error:
        print(f"{type(error).__name__}: {error}")
        return 1
    return _pages_checked(folder, docs) if chosen.check else _pages_written(folder, docs, today)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot.content", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail on stale pages")
    parser.add_argument("--write", action="store_true", help="write down new versions of consents")
    parser.add_argument("--reviewed", nargs="+", metavar="KEY", help="these texts were read")
    parser.add_argument("--by", metavar="NAME", help="who has read them")
    parser.add_argument("--on", type=date.fromisoformat, metavar="DAY", help="when (2026-12-31)")
    return parser


def _pages_written(folder: Path, docs: Path, today: date) -> int:
    if _complained(folder, today):
        return 1
    words = read_all(folder)
    read = texts(words, folder)
    for name, text in _pages(folder, words, read, today).items():
        if _there(docs / name) != text:
            (docs / name).write_text(text, encoding="utf-8")
            print(f"Written: {name}")
    print(_summary(folder, words, read, today))
    return 0


def _pages_checked(folder: Path, docs: Path) -> int:
    """Compare with the pages of the day they name: a change makes them stale, time does not."""
    day = overview.day_of(_there(docs / ANSWERS))
    if day is None:
        print(f"{ANSWERS} is missing or names no day. Run make content.")
        return 1
    if _complained(folder, day):
        return 1
    words = read_all(folder)
    pages = _pages(folder, words, texts(words, folder), day)
    stale = [name for name, text in pages.items() if _there(docs / name) != text]
    for name in stale:
        print(f"{name} is not what the files say. Run make content.")
    return 1 if stale else 0


def _complained(folder: Path, today: date) -> bool:
    complaints = check(folder, today)
    for complaint in complaints:
        print(complaint)
    return bool(complaints)


def _pages(folder: Path, words: Words, read: Sequence[Text], today: date) -> dict[str, str]:
    return {
        ANSWERS: overview.page(words.content, today),
        REVIEW: review.page(read, review.read_marks(folder)),
    }


def _there(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def _summary(folder: Path, words: Words, read: Sequence[Text], today: date) -> str:
    content, marks = words.content, review.read_marks(folder)
    entries = [entry for topic in content.faq.values() for entry in topic]
    old = sum(entry.is_old(today) for entry in entries)
    over = sum(overview.is_over(contact, today) for contact in content.contacts.values())
    reviewed = sum(review.is_reviewed(text, marks) for text in read)
    lines = (
        f"{len(read)} texts in Khmer and English; {reviewed} read by a native speaker.",
        f"{len(entries)} answers to {len(content.faq)} questions; {old} past their review date.",
        f"{len(content.contacts)} numbers; {over} not confirmed for 90 days.",
    )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
