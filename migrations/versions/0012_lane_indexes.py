"""Indexes of leased work by lane instead of by due time alone: with those, a lane's backlog would be read to skip it."""

from collections.abc import Sequence

from migrations.online import create_index, drop_index

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = ("component_test", "job_tick", "notification", "review_step", "website_check")


def upgrade() -> None:
    for table in TABLES:
        create_index(
            f"{table}_urgency_lane_due_at_id_idx", f"ON {table} (urgency, lane, due_at, id) WHERE status = 'due'"
        )
        create_index(
            f"{table}_lane_leased_until_idx",
            f"ON {table} (lane, leased_until) WHERE status = 'due' AND leased_until IS NOT NULL",
        )
        drop_index(f"{table}_due_at_id_idx")


def downgrade() -> None:
    for table in TABLES:
        create_index(f"{table}_due_at_id_idx", f"ON {table} (due_at, id) WHERE status = 'due'")
        drop_index(f"{table}_lane_leased_until_idx")
        drop_index(f"{table}_urgency_lane_due_at_id_idx")
