"""Indexes of looks under way, and of what they found."""

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
)
DROPS: tuple[Index, ...] = ()


def upgrade() -> None:
    change_indexes(BUILDS, DROPS)


def downgrade() -> None:
    change_indexes_back(BUILDS, DROPS)
