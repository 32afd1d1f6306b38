"""Until when a reviewer is away, and checks of drafts."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.online import add_column, create_table

revision: str = "0020a"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

DUE = sa.text("status = 'due'")


def upgrade() -> None:
    add_column("person", "away_until timestamptz")
    create_table(
        "draft_check",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("app_name", sa.Text(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.String(length=16), server_default="pending", nullable=False),
        sa.Column("findings", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.String(length=8), server_default="due", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("lane", sa.Text(collation="C"), server_default="-", nullable=False),
        sa.Column("urgency", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("(state = 'pending') = (finished_at IS NULL)", name=op.f("draft_check_finished_check")),
        sa.CheckConstraint("attempts >= 0", name=op.f("draft_check_attempts_check")),
        sa.CheckConstraint("lane <> ''", name=op.f("draft_check_lane_check")),
        sa.CheckConstraint("run >= 1", name=op.f("draft_check_run_check")),
        sa.CheckConstraint("state IN ('pending', 'passed', 'warned', 'failed')", name=op.f("draft_check_state_check")),
        sa.CheckConstraint("status IN ('due', 'done', 'dead', 'void')", name=op.f("draft_check_status_check")),
        sa.CheckConstraint("urgency IN (0, 1)", name=op.f("draft_check_urgency_check")),
        sa.ForeignKeyConstraint(["app_id"], ["app.id"], name=op.f("draft_check_app_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("draft_check_pkey")),
        sa.UniqueConstraint("app_id", "run", "code", name="draft_check_run_key"),
        sa.Index("draft_check_urgency_lane_due_at_id_idx", "urgency", "lane", "due_at", "id", postgresql_where=DUE),
        sa.Index(
            "draft_check_lane_leased_until_idx",
            "lane",
            "leased_until",
            postgresql_where=sa.text("status = 'due' AND leased_until IS NOT NULL"),
        ),
        sa.Index("draft_check_dead_idx", "id", postgresql_where=sa.text("status = 'dead'")),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON draft_check TO devcenter_app")


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS draft_check")
    op.execute("ALTER TABLE person DROP COLUMN IF EXISTS away_until")
