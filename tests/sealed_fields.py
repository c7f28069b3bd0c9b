"""The sealed columns that our code declares, found by importing all of it."""

import importlib
import pkgutil
from functools import cache

import api
import bot
import referrals
from referrals.sealing import SealedField


@cache
def declared_fields() -> tuple[SealedField, ...]:
    """Find every SealedField that any module declares: a new one is found by itself."""
    found = set()
    for package in (referrals, bot, api):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.endswith("__main__") or ".migrations" in module.name:
                continue  # they do something when they are imported
            values = vars(importlib.import_module(module.name)).values()
            found |= {each for each in values if isinstance(each, SealedField)}
    return tuple(sorted(found, key=lambda each: (each.table, each.column)))
