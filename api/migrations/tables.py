"""The modules that declare tables: importing them is what makes Alembic see these."""

from api import factors, sessions, tries
from bot import conversation, news, parcel, trace
from bot.content import living
from referrals import (
    assisted,
    audit,
    blind,
    case,
    chain,
    contact,
    directory,
    draft,
    duty,
    group,
    installation,
    notice,
    readers,
    recovery,
    retention,
    statistic,
    thread,
)

TABLES = (
    assisted,
    audit,
    blind,
    case,
    chain,
    contact,
    conversation,
    directory,
    draft,
    duty,
    factors,
    group,
    installation,
    living,
    news,
    notice,
    parcel,
    readers,
    recovery,
    retention,
    sessions,
    statistic,
    thread,
    trace,
    tries,
)
"""Named, so that no tool takes an import for useless."""
