"""Keys of the log, of reviews and of submissions, and the queue's indexes."""

from collections.abc import Sequence

from migrations.indexes import Index
from migrations.online import change_indexes, change_indexes_back

revision: str = "0023a"
down_revision: str | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BUILDS = (
    Index(
        "transition_result_key",
        "transition",
        "(app_id, version, to_state, open_kind, open_review, published)",
        unique=True,
    ),
    Index("submission_subject_key", "submission", "(id, app_id, app_version)", unique=True),
    Index("review_opened_version_key", "review", "(app_id, opened_version)", unique=True),
    Index("review_opening_key", "review", "(app_id, opened_version, kind, subject)", unique=True),
    Index("review_submission_id_idx", "review", "(submission_id)"),
    Index("review_urgent_idx", "review", "(app_id, opened_at) WHERE urgency = 0"),
    Index("review_waiting_idx", "review", "(urgency, due_at, id) WHERE closed_at IS NULL AND needs_person"),
    Index("review_holder_idx", "review", "(claimed_by, urgency, due_at, id) WHERE closed_at IS NULL"),
    Index("review_order_idx", "review", "(urgency, due_at, id)"),
    Index(
        "review_to_remind_idx",
        "review",
        "(due_soon_at, id) WHERE closed_at IS NULL AND needs_person AND due_soon_marked_at IS NULL",
    ),
    Index(
        "review_late_idx",
        "review",
        "(due_at, id) WHERE closed_at IS NULL AND needs_person AND overdue_marked_at IS NULL",
    ),
    Index(
        "app_looked_at_idx",
        "app",
        "(looked_at, id) WHERE state IN ('public_beta', 'public') AND open_kind = 'none'",
    ),
)
DROPS = (
    Index("review_queue_idx", "review", "(due_at, id) WHERE closed_at IS NULL"),
    Index("review_held_idx", "review", "(claimed_by, due_at, id) WHERE closed_at IS NULL"),
    Index("review_due_idx", "review", "(due_at, id)"),
    Index("review_due_soon_idx", "review", "(due_soon_at, id) WHERE closed_at IS NULL AND due_soon_marked_at IS NULL"),
    Index("review_overdue_idx", "review", "(due_at, id) WHERE closed_at IS NULL AND overdue_marked_at IS NULL"),
)


def upgrade() -> None:
    change_indexes(BUILDS, DROPS)


def downgrade() -> None:
    change_indexes_back(BUILDS, DROPS)
