"""The companies of mails, looked at in the rows that there are."""

from collections.abc import Sequence

from migrations.online import validate_constraints

revision: str = "0017"
down_revision: str | None = "0017a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    validate_constraints("notification", "notification_organization_id_fkey")


def downgrade() -> None:
    """Nothing: the constraint goes with its column."""
