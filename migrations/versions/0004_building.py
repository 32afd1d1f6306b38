"""Building an App: constraints are validated."""

from collections.abc import Sequence

from migrations.online import validate_constraints

revision: str = "0004"
down_revision: str | None = "0004c"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    validate_constraints("app", "app_revision_check")
    validate_constraints("component", "component_write_key_check", "component_write_key_hash_check")


def downgrade() -> None:
    """Nothing: the constraints go with their columns."""
