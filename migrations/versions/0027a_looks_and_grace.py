"""Observed steps, and the times of a grace period."""

from collections.abc import Sequence

from alembic import op

from migrations.online import add_column, add_constraint, validate_constraints

revision: str = "0027a"
down_revision: str | None = "0026"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    add_column("review_step", "observed boolean NOT NULL DEFAULT false")
    add_column("grace_period", "days integer NOT NULL DEFAULT 14")
    op.execute("ALTER TABLE grace_period ALTER COLUMN days DROP DEFAULT")
    add_column("grace_period", "notice_due_at timestamptz")
    add_column("grace_period", "look_due_at timestamptz NOT NULL DEFAULT now()")
    op.execute("ALTER TABLE grace_period ALTER COLUMN look_due_at DROP DEFAULT")
    add_constraint("grace_period", "grace_period_days_check", "CHECK (days >= 1)")
    validate_constraints("grace_period", "grace_period_days_check")


def downgrade() -> None:
    for column in ("look_due_at", "notice_due_at", "days"):
        op.execute(f"ALTER TABLE grace_period DROP COLUMN IF EXISTS {column}")
    op.execute("ALTER TABLE review_step DROP COLUMN IF EXISTS observed")
