"""Columns of Apps for the open review, for what is published, and for what follows from it."""

from collections.abc import Sequence

from alembic import op

from migrations.online import add_column, add_constraint, validate_constraints

revision: str = "0022b"
down_revision: str | None = "0022a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

STATES = "'building', 'submitted', 'public_beta', 'public', 'suspended', 'unlisted', 'removed'"
OLD_STATES = "'building', 'submitted', 'public_beta', 'public', 'suspended', 'removed'"


def upgrade() -> None:
    add_column("app", "open_kind varchar(8) NOT NULL DEFAULT 'none'")
    add_column("app", "open_review integer NOT NULL DEFAULT 0")
    add_column("app", "published integer NOT NULL DEFAULT 0")
    add_column("app", "proposal integer NOT NULL DEFAULT 0")
    add_column("app", "touched text[] NOT NULL DEFAULT '{}'")
    add_column("app", "looked_at timestamptz")
    add_constraint("app", "app_state_check", f"CHECK (state IN ({STATES}))")


def downgrade() -> None:
    add_constraint("app", "app_state_check", f"CHECK (state IN ({OLD_STATES}))")
    validate_constraints("app", "app_state_check")
    for column in ("looked_at", "touched", "proposal", "published", "open_review", "open_kind"):
        op.execute(f"ALTER TABLE app DROP COLUMN IF EXISTS {column}")
