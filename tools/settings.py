"""The program's settings that the build itself needs to know."""

from __future__ import annotations

import os
import re

from tools.steps import ROOT


def setting(name: str) -> str:
    """Give a setting of the environment or of .env, empty when there is none."""
    text = os.environ.get(name, "").strip()
    file = ROOT / ".env"
    if text or not file.is_file():
        return text
    line = rf"^\s*(?:export\s+)?{re.escape(name)}\s*=[ \t]*(['\"]?)([^'\"\n]*)\1[ \t]*$"
    found = re.search(line, file.read_text(), re.MULTILINE)
    return found.group(2).strip() if found else ""
