"""Daily overviews that were not sent are found by their age, so that they can be deleted."""

from collections.abc import Sequence

from migrations.indexes import Index
from migrations.online import change_indexes, change_indexes_back

revision: str = "0049"
down_revision: str | None = "0049a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BUILDS = (
    Index(
        "notification_void_digest_idx",
        "notification",
        "(created_at) WHERE status = 'void' AND kind = 'reviewer_digest'",
    ),
)
DROPS: tuple[Index, ...] = ()


def upgrade() -> None:
    change_indexes(BUILDS, DROPS)


def downgrade() -> None:
    change_indexes_back(BUILDS, DROPS)
