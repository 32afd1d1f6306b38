"""A saved reason is for known kinds of review."""

from collections.abc import Sequence

from migrations.online import validate_constraints

revision: str = "0040"
down_revision: str | None = "0040a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    validate_constraints("saved_reason", "saved_reason_kinds_check")


def downgrade() -> None:
    """Nothing: the revision before takes back the constraint."""
