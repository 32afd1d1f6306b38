"""An index of the log's rows that change what customers and services get, which services list by time."""

from collections.abc import Sequence

from migrations.indexes import Index
from migrations.online import change_indexes, change_indexes_back

revision: str = "0025"
down_revision: str | None = "0025a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BUILDS = (
    Index(
        "transition_changes_idx",
        "transition",
        "(at, app_id, version) WHERE published > 0 AND trigger IN "
        "('adopt', 'approve', 'promote', 'suspend', 'reinstate', 'unlist', 'relist', 'remove')",
    ),
)


def upgrade() -> None:
    change_indexes(BUILDS, ())


def downgrade() -> None:
    change_indexes_back(BUILDS, ())
