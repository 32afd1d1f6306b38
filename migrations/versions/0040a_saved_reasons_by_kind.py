"""The kinds of review that a saved reason is for."""

from collections.abc import Sequence

from alembic import op

from migrations.online import add_column, add_constraint

revision: str = "0040a"
down_revision: str | None = "0039"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    add_column("saved_reason", "kinds text[] NOT NULL DEFAULT '{}'")
    kinds = "kinds <@ ARRAY['first', 'revision', 'health', 'appeal']"
    add_constraint("saved_reason", "saved_reason_kinds_check", f"CHECK ({kinds})")


def downgrade() -> None:
    op.execute("ALTER TABLE saved_reason DROP COLUMN IF EXISTS kinds")
