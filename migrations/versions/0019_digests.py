"""Digests of submissions and policies, looked at in the rows that there are."""

from collections.abc import Sequence

from migrations.online import validate_constraints

revision: str = "0019"
down_revision: str | None = "0019a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    for table in ("policy_version", "submission"):
        validate_constraints(table, f"{table}_digest_check")


def downgrade() -> None:
    """Nothing: the constraints go with their columns."""
