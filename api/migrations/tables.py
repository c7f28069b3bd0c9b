"""The modules that declare tables: importing them is what makes Alembic see these."""

from api import sessions
from bot import conversation, news, parcel, trace
from bot.content import living
from referrals import audit, case, contact, directory, draft, installation, notice, thread

TABLES = (
    audit,
    case,
    contact,
    conversation,
    directory,
    draft,
    installation,
    living,
    news,
    notice,
    parcel,
    sessions,
    thread,
    trace,
)
"""Named, so that no tool takes an import for useless."""
