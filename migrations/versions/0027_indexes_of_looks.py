"""Indexes of the looks under way, of what they found, and of grace periods."""

from collections.abc import Sequence

from migrations.indexes import Index
from migrations.online import change_indexes, change_indexes_back

revision: str = "0027"
down_revision: str | None = "0027a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BUILDS = (
    Index("review_looking_idx", "review", "(app_id) WHERE closed_at IS NULL AND kind = 'health'"),
    Index("review_flagged_idx", "review", "(app_id, opened_version) WHERE outcome = 'flagged'"),
    Index("grace_period_notice_idx", "grace_period", "(notice_due_at, app_id) WHERE ended_at IS NULL"),
    Index("grace_period_look_idx", "grace_period", "(look_due_at, app_id) WHERE ended_at IS NULL"),
)
DROPS = (Index("grace_period_running_idx", "grace_period", "(flagged_at, app_id) WHERE ended_at IS NULL"),)


def upgrade() -> None:
    change_indexes(BUILDS, DROPS)


def downgrade() -> None:
    change_indexes_back(BUILDS, DROPS)
