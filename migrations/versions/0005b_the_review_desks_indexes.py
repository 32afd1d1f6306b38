"""Indexes to look the review desk up."""

from collections.abc import Sequence

from migrations.indexes import Index
from migrations.online import change_indexes, change_indexes_back

revision: str = "0005b"
down_revision: str | None = "0005a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BUILDS = (
    Index("review_held_idx", "review", "(claimed_by, due_at, id) WHERE closed_at IS NULL"),
    Index("review_due_idx", "review", "(due_at, id)"),
    Index("review_app_idx", "review", "(app_id, id)"),
    Index("review_opened_idx", "review", "(opened_at)"),
    Index("review_closed_idx", "review", "(closed_at) WHERE closed_at IS NOT NULL"),
)
DROPS: tuple[Index, ...] = ()


def upgrade() -> None:
    change_indexes(BUILDS, DROPS)


def downgrade() -> None:
    change_indexes_back(BUILDS, DROPS)
