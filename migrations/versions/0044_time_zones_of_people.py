"""The time zone that a person has chosen, known to be a name."""

from collections.abc import Sequence

from migrations.online import validate_constraints

revision: str = "0044"
down_revision: str | None = "0044a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    validate_constraints("person", "person_time_zone_check")


def downgrade() -> None:
    """Nothing: the revision before takes back the constraint."""
