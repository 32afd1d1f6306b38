"""The indexes of the queue's filters: by kind, category and failed step, and Apps with an appeal."""

from collections.abc import Sequence

from migrations.indexes import Index
from migrations.online import change_indexes, change_indexes_back

revision: str = "0026"
down_revision: str | None = "0026a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

WAITING = "WHERE closed_at IS NULL AND needs_person"
BUILDS = (
    Index("review_kind_idx", "review", f"(kind, urgency, due_at, id) {WAITING}"),
    Index("review_categories_idx", "review", f"USING gin (categories) {WAITING}"),
    Index("review_appeal_idx", "review", "(app_id) WHERE kind = 'appeal'"),
    Index("review_step_failed_idx", "review_step", "(code, review_id) WHERE state = 'failed'"),
)
DROPS: tuple[Index, ...] = ()


def upgrade() -> None:
    change_indexes(BUILDS, DROPS)


def downgrade() -> None:
    change_indexes_back(BUILDS, DROPS)
