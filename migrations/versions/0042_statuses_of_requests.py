"""A transition request has a known status."""

from collections.abc import Sequence

from migrations.online import validate_constraints

revision: str = "0042"
down_revision: str | None = "0042a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    validate_constraints("transition_request", "transition_request_status_check")


def downgrade() -> None:
    """Nothing: the revision before takes back the constraint."""
