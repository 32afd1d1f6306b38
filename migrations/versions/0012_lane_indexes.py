"""Indexes of leased work by lane instead of by due time alone: with those, a lane's backlog would be read to skip it."""

from collections.abc import Sequence

from migrations.indexes import Index
from migrations.online import change_indexes, change_indexes_back

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = {
    "component_test": "0001",
    "job_tick": "0001",
    "notification": "0001",
    "review_step": "0001",
    "website_check": "0003a",
}
"""The tables of leased work, each with the revision that made it."""
DUE = "WHERE status = 'due'"
BUILDS = (
    *(Index(f"{table}_urgency_lane_due_at_id_idx", table, f"(urgency, lane, due_at, id) {DUE}") for table in TABLES),
    *(
        Index(f"{table}_lane_leased_until_idx", table, f"(lane, leased_until) {DUE} AND leased_until IS NOT NULL")
        for table in TABLES
    ),
)
DROPS = tuple(
    Index(f"{table}_due_at_id_idx", table, f"(due_at, id) {DUE}", since=since) for table, since in TABLES.items()
)


def upgrade() -> None:
    change_indexes(BUILDS, DROPS)


def downgrade() -> None:
    change_indexes_back(BUILDS, DROPS)
