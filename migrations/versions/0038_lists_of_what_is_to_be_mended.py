"""The index of the list of grace periods."""

from collections.abc import Sequence

from migrations.indexes import Index
from migrations.online import change_indexes, change_indexes_back

revision: str = "0038"
down_revision: str | None = "0031"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BUILDS = (Index("grace_period_flagged_idx", "grace_period", "(flagged_at, app_id) WHERE ended_at IS NULL"),)
DROPS: tuple[Index, ...] = ()


def upgrade() -> None:
    change_indexes(BUILDS, DROPS)


def downgrade() -> None:
    change_indexes_back(BUILDS, DROPS)
