"""Lanes and urgency of leased work, looked at in the rows that there are."""

from collections.abc import Sequence

from migrations.online import validate_constraints

revision: str = "0011"
down_revision: str | None = "0011a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = ("component_test", "job_tick", "notification", "review_step", "website_check")


def upgrade() -> None:
    validate_constraints("checklist_item", "checklist_item_lane_check")
    for table in TABLES:
        validate_constraints(table, f"{table}_lane_check", f"{table}_urgency_check")


def downgrade() -> None:
    """Nothing: the constraints go with their columns."""
