"""The versions that requests name, looked at in the requests that there are."""

from collections.abc import Sequence

from migrations.online import validate_constraints

revision: str = "0008"
down_revision: str | None = "0008a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    validate_constraints("transition_request", "transition_request_expected_version_check")


def downgrade() -> None:
    """Nothing: the constraint goes with its column."""
