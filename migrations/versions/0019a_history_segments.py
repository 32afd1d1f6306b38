"""Digests of submissions and policies, and the segments in which rows of other tables are sealed."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.online import add_column, add_constraint, create_table

revision: str = "0019a"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

DIGESTED = ("policy_version", "submission")
GUARDED = ("internal_note", "review_message")
"""Tables that were only added to, and whose owner could change them until now."""


def upgrade() -> None:
    for table in DIGESTED:
        add_column(table, "digest bytea")
        add_constraint(table, f"{table}_digest_check", "CHECK (length(digest) = 32)")
    create_table(
        "history_segment",
        sa.Column("table_name", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("through", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("columns", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("keys", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("row_seals", sa.LargeBinary(), nullable=False),
        sa.Column("seal", sa.LargeBinary(length=32), nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("history_segment_number_check")),
        sa.CheckConstraint("length(seal) = 32", name=op.f("history_segment_seal_check")),
        sa.CheckConstraint("length(row_seals) = 32 * cardinality(keys)", name=op.f("history_segment_row_seals_check")),
        sa.PrimaryKeyConstraint("table_name", "number", name=op.f("history_segment_pkey")),
        sa.Index("history_segment_table_name_through_idx", "table_name", "through"),
        sa.Index("history_segment_sealed_at_idx", "sealed_at"),
    )
    op.execute("GRANT SELECT, INSERT ON history_segment TO devcenter_app")
    for table in ("history_segment", *GUARDED):
        op.execute(
            f"CREATE TRIGGER {table}_append_only_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only_guard()"
        )


def downgrade() -> None:
    for table in GUARDED:
        op.execute(f"DROP TRIGGER {table}_append_only_guard ON {table}")
    op.execute("DROP TABLE IF EXISTS history_segment")
    for table in DIGESTED:
        op.execute(f"ALTER TABLE {table} DROP COLUMN IF EXISTS digest")
