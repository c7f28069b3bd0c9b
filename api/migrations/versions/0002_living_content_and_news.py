"""Living content, news, and clearing the chat

Revision: 0002, after 0001.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

import referrals.store

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database one step forward."""
    op.create_table(
        "news_subscription",
        sa.Column("conversation", sa.String(length=64), nullable=False),
        sa.Column("country", sa.String(length=8), nullable=False),
        sa.Column("since", referrals.store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("asked_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("conversation", "country"),
    )
    op.create_table(
        "trace",
        sa.Column("conversation", sa.String(length=64), nullable=False),
        sa.Column("mark", sa.String(length=32), nullable=False),
        sa.Column("at", referrals.store.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("conversation", "mark"),
    )
    with op.batch_alter_table("trace", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_trace_at"), ["at"], unique=False)

    # Nobody noted what stands in the chats so far: for two days none can be cleared whole.
    known = sa.table("conversation", sa.column("conversation"))
    since = sa.bindparam("now", datetime.now(UTC), referrals.store.UtcDateTime(timezone=True))
    every = sa.select(known.c.conversation, sa.literal("?"), since)
    trace = sa.table("trace", *(sa.column(name) for name in ("conversation", "mark", "at")))
    op.execute(sa.insert(trace).from_select(["conversation", "mark", "at"], every))

    op.create_table(
        "alert",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("country", sa.String(length=8), nullable=False),
        sa.Column("text_km", sa.String(length=350), nullable=False),
        sa.Column("text_en", sa.String(length=350), nullable=False),
        sa.Column("source_km", sa.String(length=80), nullable=False),
        sa.Column("source_en", sa.String(length=80), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("author_id", sa.String(length=32), nullable=True),
        sa.Column("created_at", referrals.store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("started_at", referrals.store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_at", referrals.store.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["member.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alert_state"), ["state"], unique=False)

    op.create_table(
        "answer_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(length=32), nullable=False),
        sa.Column("country", sa.String(length=8), nullable=False),
        sa.Column("over", sa.Integer(), nullable=False),
        sa.Column("body", sa.String(), nullable=True),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("author_id", sa.String(length=32), nullable=True),
        sa.Column("at", referrals.store.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["member.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("topic", "country", "over"),
    )
    with op.batch_alter_table("answer_version", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_answer_version_topic"), ["topic"], unique=False)

    op.create_table(
        "number_check",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contact", sa.String(length=40), nullable=False),
        sa.Column("works", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("author_id", sa.String(length=32), nullable=True),
        sa.Column("at", referrals.store.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["member.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("number_check", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_number_check_contact"), ["contact"], unique=False)

    op.create_table(
        "recording",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("topic", sa.String(length=32), nullable=False),
        sa.Column("country", sa.String(length=8), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("media_type", sa.String(length=32), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("said", sa.String(length=64), nullable=False),
        sa.Column("author_id", sa.String(length=32), nullable=True),
        sa.Column("at", referrals.store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("removed_at", referrals.store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("sound", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["member.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("recording", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recording_topic"), ["topic"], unique=False)

    op.create_table(
        "alert_delivery",
        sa.Column("alert_id", sa.String(length=32), nullable=False),
        sa.Column("conversation", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("at", referrals.store.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"],
            ["alert.id"],
        ),
        sa.PrimaryKeyConstraint("alert_id", "conversation"),
    )
    with op.batch_alter_table("alert_delivery", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_alert_delivery_conversation"), ["conversation"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_alert_delivery_state"), ["state"], unique=False)

    with op.batch_alter_table("conversation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("country", sa.String(length=8), nullable=True))
        batch_op.add_column(
            sa.Column("low_data", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch_op.add_column(
            sa.Column("cleared", referrals.store.UtcDateTime(timezone=True), nullable=True)
        )


def downgrade() -> None:
    """Take the step back."""
    with op.batch_alter_table("conversation", schema=None) as batch_op:
        batch_op.drop_column("cleared")
        batch_op.drop_column("low_data")
        batch_op.drop_column("country")

    with op.batch_alter_table("alert_delivery", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_alert_delivery_state"))
        batch_op.drop_index(batch_op.f("ix_alert_delivery_conversation"))

    op.drop_table("alert_delivery")
    with op.batch_alter_table("recording", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_recording_topic"))

    op.drop_table("recording")
    with op.batch_alter_table("number_check", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_number_check_contact"))

    op.drop_table("number_check")
    with op.batch_alter_table("answer_version", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_answer_version_topic"))

    op.drop_table("answer_version")
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_alert_state"))

    op.drop_table("alert")
    with op.batch_alter_table("trace", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_trace_at"))

    op.drop_table("trace")
    op.drop_table("news_subscription")
