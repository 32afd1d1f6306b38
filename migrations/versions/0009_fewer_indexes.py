"""Drops indexes that every transition paid for: two that no query reads, and one of listed Apps by their slugs.

A page of the Apps in a state is read in order of slugs, whatever the state.
"""

from collections.abc import Sequence

from migrations.online import create_index, drop_index

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    drop_index("app_listed_idx")
    drop_index("notification_recipient_id_idx")
    drop_index("catalog_entry_submission_id_idx")


def downgrade() -> None:
    create_index("catalog_entry_submission_id_idx", "ON catalog_entry (submission_id)")
    create_index("notification_recipient_id_idx", "ON notification (recipient_id)")
    create_index("app_listed_idx", "ON app (slug) WHERE state IN ('public_beta', 'public')")
