"""The complaint journey

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

import referrals.store

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database one step forward."""
    op.create_table(
        "case_group",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=8), nullable=False),
        sa.Column("category", sa.String(length=32), nullable=False),
        sa.Column("country", sa.String(length=8), nullable=False),
        sa.Column("begun", referrals.store.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
    )
    op.create_table(
        "recovery_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conversation", sa.String(length=64), nullable=False),
        sa.Column("at", referrals.store.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("recovery_attempt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recovery_attempt_at"), ["at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_recovery_attempt_conversation"), ["conversation"], unique=False
        )

    op.create_table(
        "statistic",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("category", sa.String(length=32), nullable=False),
        sa.Column("country", sa.String(length=8), nullable=False),
        sa.Column("complainant", sa.String(length=16), nullable=False),
        sa.Column("papers", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "assisted",
        sa.Column("conversation", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.String(length=32), nullable=False),
        sa.Column("begun", referrals.store.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["member.id"],
        ),
        sa.PrimaryKeyConstraint("conversation"),
    )
    with op.batch_alter_table("assisted", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_assisted_begun"), ["begun"], unique=False)
        batch_op.create_index(batch_op.f("ix_assisted_member_id"), ["member_id"], unique=False)

    op.create_table(
        "duty_link",
        sa.Column("member_id", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("until", referrals.store.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("member_id"),
    )
    op.create_table(
        "duty_phone",
        sa.Column("member_id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("conversation", sa.String(length=64), nullable=False),
        sa.Column("sealed_address", sa.LargeBinary(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("on_duty", sa.Boolean(), nullable=False),
        sa.Column("since", referrals.store.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("member_id"),
        sa.UniqueConstraint("conversation"),
    )
    op.create_table(
        "alarm",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("raised_at", referrals.store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("answered_at", referrals.store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.String(length=32), nullable=True),
        sa.Column("given_up_at", referrals.store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("told_at", referrals.store.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["answered_by"],
            ["member.id"],
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("alarm", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alarm_case_id"), ["case_id"], unique=False)

    op.create_table(
        "recovery",
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("handover", sa.Boolean(), nullable=False),
        sa.Column("set_at", referrals.store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("locked_until", referrals.store.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("case_id"),
    )
    op.create_table(
        "alarm_call",
        sa.Column("alarm_id", sa.String(length=32), nullable=False),
        sa.Column("member_id", sa.String(length=32), nullable=False),
        sa.Column("called_at", referrals.store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("reached", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["alarm_id"], ["alarm.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("alarm_id", "member_id"),
    )
    with op.batch_alter_table("case", schema=None) as batch_op:
        batch_op.add_column(sa.Column("minor", sa.Boolean(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("group_id", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("assisted_by", sa.String(length=32), nullable=True))
        batch_op.add_column(
            sa.Column("closed_at", referrals.store.UtcDateTime(timezone=True), nullable=True)
        )
        batch_op.add_column(sa.Column("closed_by", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("satisfied", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("money", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("counted", sa.Boolean(), nullable=False, server_default="0"))
        batch_op.create_index(batch_op.f("ix_case_group_id"), ["group_id"], unique=False)

    with op.batch_alter_table("conversation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("about_case", sa.String(length=9), nullable=True))
        batch_op.add_column(sa.Column("typed", sa.String(length=128), nullable=True))
        batch_op.add_column(
            sa.Column("child_at", referrals.store.UtcDateTime(timezone=True), nullable=True)
        )
        batch_op.add_column(
            sa.Column("hidden_at", referrals.store.UtcDateTime(timezone=True), nullable=True)
        )

    with op.batch_alter_table("draft", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("reminded", referrals.store.UtcDateTime(timezone=True), nullable=True)
        )

    with op.batch_alter_table("referral", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("ended_at", referrals.store.UtcDateTime(timezone=True), nullable=True)
        )


def downgrade() -> None:
    """Take the step back, column by column: SQLite would build a batch's table anew, and the rows
    that refer to it would go with the old one.
    """
    op.drop_column("referral", "ended_at")

    op.drop_column("draft", "reminded")

    op.drop_column("conversation", "hidden_at")
    op.drop_column("conversation", "child_at")
    op.drop_column("conversation", "typed")
    op.drop_column("conversation", "about_case")

    op.drop_index("ix_case_group_id", "case")
    op.drop_column("case", "counted")
    op.drop_column("case", "money")
    op.drop_column("case", "satisfied")
    op.drop_column("case", "closed_by")
    op.drop_column("case", "closed_at")
    op.drop_column("case", "assisted_by")
    op.drop_column("case", "group_id")
    op.drop_column("case", "minor")

    op.drop_table("alarm_call")
    op.drop_table("recovery")
    op.drop_index("ix_alarm_case_id", "alarm")

    op.drop_table("alarm")
    op.drop_table("duty_phone")
    op.drop_table("duty_link")
    op.drop_index("ix_assisted_member_id", "assisted")
    op.drop_index("ix_assisted_begun", "assisted")

    op.drop_table("assisted")
    op.drop_table("statistic")
    op.drop_index("ix_recovery_attempt_conversation", "recovery_attempt")
    op.drop_index("ix_recovery_attempt_at", "recovery_attempt")

    op.drop_table("recovery_attempt")
    op.drop_table("case_group")
