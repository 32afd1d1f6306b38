"""The scopes and reviews of runs, looked at in the rows that there are."""

from collections.abc import Sequence

from migrations.online import validate_constraints

revision: str = "0045"
down_revision: str | None = "0045b"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    validate_constraints("component_test", "component_test_scope_check", "component_test_review_id_fkey")


def downgrade() -> None:
    """Nothing: the constraints go with the revision that brought them."""
