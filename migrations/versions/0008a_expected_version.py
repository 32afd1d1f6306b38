"""A request may name the App's version that it was made for."""

from collections.abc import Sequence

from alembic import op

from migrations.online import add_column, add_constraint

revision: str = "0008a"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    add_column("transition_request", "expected_version integer")
    add_constraint("transition_request", "transition_request_expected_version_check", "CHECK (expected_version >= 1)")


def downgrade() -> None:
    op.execute("ALTER TABLE transition_request DROP COLUMN IF EXISTS expected_version")
