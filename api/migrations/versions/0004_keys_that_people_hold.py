"""Keys that people hold

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

import referrals.store

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


_ONLY_ADDED_TO = ("audit", "audit_link", "audit_head")


def _let_nothing_change(table: str) -> None:
    """Let the database itself refuse to change or delete a row of the audit."""
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuses_{act.lower()} BEFORE {act} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_refuses() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit is only added to'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_refuses BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuses()"
    )


def _let_change(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for act in ("update", "delete"):
            op.execute(f"DROP TRIGGER {table}_refuses_{act}")
        return
    op.execute(f"DROP TRIGGER {table}_refuses ON {table}")
    op.execute(f"DROP FUNCTION {table}_refuses()")


def _generation(of_rows_there: str) -> sa.Column[int]:
    return sa.Column("generation", sa.Integer(), nullable=False, server_default=of_rows_there)


def upgrade() -> None:
    """Bring the database one step forward."""
    op.create_table(
        "audit_head",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("at", referrals.store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "erasure_certificate",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_mark", sa.String(length=64), nullable=False),
        sa.Column("organisation_id", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("closed_at", referrals.store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("erased_at", referrals.store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("fields", sa.Integer(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("erasure_certificate", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_erasure_certificate_case_mark"), ["case_mark"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_erasure_certificate_organisation_id"), ["organisation_id"], unique=False
        )

    op.create_table(
        "sign_in_try",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("at", referrals.store.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sign_in_try", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_try_account"), ["account"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_in_try_address"), ["address"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_in_try_at"), ["at"], unique=False)

    op.create_table(
        "audit_link",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("audit_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["audit_id"],
            ["audit.id"],
        ),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("audit_id"),
    )
    op.create_table(
        "organisation_generation",
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", referrals.store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("wrapped_to_recovery", sa.LargeBinary(), nullable=True),
        sa.Column("previous", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
        ),
        sa.PrimaryKeyConstraint("organisation_id", "generation"),
    )
    op.create_table(
        "known_device",
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.String(length=32), nullable=False),
        sa.Column("seen", referrals.store.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["member.id"],
        ),
        sa.PrimaryKeyConstraint("token"),
    )
    with op.batch_alter_table("known_device", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_known_device_member_id"), ["member_id"], unique=False)

    op.create_table(
        "passkey",
        sa.Column("credential", sa.LargeBinary(), nullable=False),
        sa.Column("member_id", sa.String(length=32), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("made_at", referrals.store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("used_at", referrals.store.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["member.id"],
        ),
        sa.PrimaryKeyConstraint("credential"),
    )
    with op.batch_alter_table("passkey", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_passkey_member_id"), ["member_id"], unique=False)

    op.create_table(
        "recovery_code",
        sa.Column("member_id", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("used_at", referrals.store.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["member.id"],
        ),
        sa.PrimaryKeyConstraint("member_id", "digest"),
    )
    op.create_table(
        "totp",
        sa.Column("member_id", sa.String(length=32), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("confirmed_at", referrals.store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["member.id"],
        ),
        sa.PrimaryKeyConstraint("member_id"),
    )
    op.create_table(
        "case_reader",
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("member_id", sa.String(length=32), nullable=False),
        sa.Column("named_by", sa.String(length=32), nullable=False),
        sa.Column("at", referrals.store.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["member.id"],
        ),
        sa.ForeignKeyConstraint(
            ["named_by"],
            ["member.id"],
        ),
        sa.PrimaryKeyConstraint("case_id", "member_id"),
    )
    op.create_table(
        "search_indexed",
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("rules", sa.Integer(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id", "organisation_id"],
            ["wrap.case_id", "wrap.organisation_id"],
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "case_id"),
    )
    op.create_table(
        "search_token",
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id", "organisation_id"],
            ["wrap.case_id", "wrap.organisation_id"],
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "token", "case_id"),
    )
    with op.batch_alter_table("search_token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_search_token_case_id"), ["case_id"], unique=False)

    moment = referrals.store.UtcDateTime(timezone=True)
    op.add_column("member", sa.Column("left_at", moment, nullable=True))
    op.add_column("organisation", _generation("0"))
    op.add_column("organisation", sa.Column("recovery_public", sa.LargeBinary(), nullable=True))
    op.add_column("organisation", sa.Column("sealed_recovery", sa.LargeBinary(), nullable=True))
    op.add_column("organisation_key", _generation("1"))
    op.add_column("wrap", _generation("1"))
    op.add_column("session", sa.Column("device", sa.String(60), nullable=False, server_default=""))
    op.add_column("session", sa.Column("factor_at", moment, nullable=True))
    op.add_column("session", sa.Column("stepped_up_at", moment, nullable=True))
    op.add_column("session", sa.Column("challenge", sa.LargeBinary(), nullable=True))
    op.add_column("case", sa.Column("warned_at", moment, nullable=True))
    op.add_column("case", sa.Column("keep_until", moment, nullable=True))
    op.execute("UPDATE organisation SET generation = 1 WHERE public_key IS NOT NULL")
    op.execute(
        "INSERT INTO organisation_generation (organisation_id, generation, public_key, made_at) "
        "SELECT id, 1, public_key, CURRENT_TIMESTAMP FROM organisation "
        "WHERE public_key IS NOT NULL"
    )
    # Who is signed in has no second factor yet, and signs in again.
    op.execute("DELETE FROM session")
    for table in _ONLY_ADDED_TO:
        _let_nothing_change(table)


def downgrade() -> None:
    """Take the step back. Refused while cases still have to follow to a new key of their office:
    what opens the old one would go.
    """
    left = "SELECT count(*) FROM organisation_generation WHERE previous IS NOT NULL"
    if op.get_bind().execute(sa.text(left)).scalar_one():
        raise RuntimeError("a key is being changed: let all cases follow first (/keys)")
    for table in _ONLY_ADDED_TO:
        _let_change(table)
    for table, column in (
        ("wrap", "generation"),
        ("case", "keep_until"),
        ("case", "warned_at"),
        ("session", "challenge"),
        ("session", "stepped_up_at"),
        ("session", "factor_at"),
        ("session", "device"),
        ("organisation_key", "generation"),
        ("organisation", "sealed_recovery"),
        ("organisation", "recovery_public"),
        ("organisation", "generation"),
        ("member", "left_at"),
    ):
        op.drop_column(table, column)
    with op.batch_alter_table("search_token", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_search_token_case_id"))

    op.drop_table("search_token")
    op.drop_table("search_indexed")
    op.drop_table("case_reader")
    op.drop_table("totp")
    op.drop_table("recovery_code")
    with op.batch_alter_table("passkey", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_passkey_member_id"))

    op.drop_table("passkey")
    with op.batch_alter_table("known_device", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_known_device_member_id"))

    op.drop_table("known_device")
    op.drop_table("organisation_generation")
    op.drop_table("audit_link")
    with op.batch_alter_table("sign_in_try", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sign_in_try_at"))
        batch_op.drop_index(batch_op.f("ix_sign_in_try_address"))
        batch_op.drop_index(batch_op.f("ix_sign_in_try_account"))

    op.drop_table("sign_in_try")
    with op.batch_alter_table("erasure_certificate", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_erasure_certificate_organisation_id"))
        batch_op.drop_index(batch_op.f("ix_erasure_certificate_case_mark"))

    op.drop_table("erasure_certificate")
    op.drop_table("audit_head")
