"""Drops indexes that every transition paid for: two that no query reads, and one of listed Apps by their slugs.

A page of the Apps in a state is read in order of slugs, whatever the state.
"""

from collections.abc import Sequence

from migrations.indexes import Index
from migrations.online import change_indexes, change_indexes_back

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BUILDS: tuple[Index, ...] = ()
DROPS = (
    Index("app_listed_idx", "app", "(slug) WHERE state IN ('public_beta', 'public')", since="0001"),
    Index("notification_recipient_id_idx", "notification", "(recipient_id)", since="0001"),
    Index("catalog_entry_submission_id_idx", "catalog_entry", "(submission_id)", since="0006"),
)


def upgrade() -> None:
    change_indexes(BUILDS, DROPS)


def downgrade() -> None:
    change_indexes_back(BUILDS, DROPS)
