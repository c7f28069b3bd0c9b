"""The modules that declare tables: importing them is what makes Alembic see these."""

from api import sessions
from bot import conversation, news, parcel, trace
from bot.content import living
from referrals import (
    assisted,
    audit,
    case,
    contact,
    directory,
    draft,
    duty,
    group,
    installation,
    notice,
    recovery,
    statistic,
    thread,
)

TABLES = (
    assisted,
    audit,
    case,
    contact,
    conversation,
    directory,
    draft,
    duty,
    group,
    installation,
    living,
    news,
    notice,
    parcel,
    recovery,
    sessions,
    statistic,
    thread,
    trace,
)
"""Named, so that no tool takes an import for useless."""
