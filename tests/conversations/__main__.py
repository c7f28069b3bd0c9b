"""Play all scripts, say what was otherwise, and write docs/journeys.md."""

import sys
import tempfile
from pathlib import Path

from bot.training import MODEL
from tests.conversations.script import load, play
from tests.conversations.stage import ROOT, open_stage
from tests.conversations.table import FILE, write


def main() -> int:
    """Play on the model that `make` trained; gives 1 when something was otherwise."""
    with (
        tempfile.TemporaryDirectory() as folder,
        open_stage(Path(folder), ROOT / MODEL) as stage,
    ):
        seen = [play(stage, script) for script in load()]
    write(seen)
    wrong = [one for one in seen if one.wrong]
    for one in wrong:
        print(one.script.name, *one.wrong, "seen:", *one.steps, sep="\n    ")
    print(f"{len(seen) - len(wrong)} of {len(seen)} as expected: {FILE.relative_to(ROOT)}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
