"""Publications that are planned: an approval may name the day from which everybody sees what it approved."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.online import add_column, create_table

revision: str = "0025a"
down_revision: str | None = "0024"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    add_column("transition_request", "publish_at timestamptz")
    create_table(
        "planned_publication",
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("published", sa.Integer(), nullable=False),
        sa.Column("publish_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned_by", sa.Uuid(), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=True),
        sa.Column("before_version", sa.Integer(), nullable=True),
        sa.Column("before_state", sa.String(length=16), nullable=True),
        sa.Column("before_open_kind", sa.String(length=8), nullable=True),
        sa.Column("before_open_review", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('published', 'superseded', 'cancelled')", name=op.f("planned_publication_outcome_check")
        ),
        sa.CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name=op.f("planned_publication_ended_check")),
        sa.CheckConstraint(
            "num_nulls(shown, before_version, before_state, before_open_kind, before_open_review) IN (0, 5)",
            name=op.f("planned_publication_before_check"),
        ),
        sa.CheckConstraint("shown > 0 AND before_version < version", name=op.f("planned_publication_shown_check")),
        sa.ForeignKeyConstraint(
            ["app_id", "version"],
            ["transition.app_id", "transition.version"],
            name=op.f("planned_publication_app_id_version_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["app_id", "before_version", "before_state", "before_open_kind", "before_open_review", "shown"],
            [
                "transition.app_id",
                "transition.version",
                "transition.to_state",
                "transition.open_kind",
                "transition.open_review",
                "transition.published",
            ],
            name="planned_publication_shown_fkey",
        ),
        sa.PrimaryKeyConstraint("app_id", "version", name=op.f("planned_publication_pkey")),
        sa.Index("planned_publication_open_key", "app_id", unique=True, postgresql_where=sa.text("ended_at IS NULL")),
        sa.Index("planned_publication_due_idx", "publish_at", "app_id", postgresql_where=sa.text("ended_at IS NULL")),
        sa.Index(
            "planned_publication_changes_idx",
            "ended_at",
            "app_id",
            "version",
            postgresql_where=sa.text("outcome = 'published'"),
        ),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON planned_publication TO devcenter_app")


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS planned_publication")
    op.execute("ALTER TABLE transition_request DROP COLUMN IF EXISTS publish_at")
