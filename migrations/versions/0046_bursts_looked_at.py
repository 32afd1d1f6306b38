"""The scopes of runs, looked at in the rows that there are."""

from collections.abc import Sequence

from migrations.online import validate_constraints

revision: str = "0046"
down_revision: str | None = "0046a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    validate_constraints("component_test", "component_test_scope_check")


def downgrade() -> None:
    """Nothing: the constraint goes with the revision that brought it."""
