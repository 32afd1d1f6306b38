"""The index of the decisions that were refused, by whoever made them."""

from collections.abc import Sequence

from migrations.indexes import Index
from migrations.online import change_indexes, change_indexes_back

revision: str = "0042b"
down_revision: str | None = "0042"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BUILDS = (
    Index(
        "transition_request_refused_decision_idx",
        "transition_request",
        "(principal_id, id) WHERE status IN ('refused', 'dead') AND expected_review IS NOT NULL",
    ),
)
DROPS: tuple[Index, ...] = ()


def upgrade() -> None:
    change_indexes(BUILDS, DROPS)


def downgrade() -> None:
    change_indexes_back(BUILDS, DROPS)
