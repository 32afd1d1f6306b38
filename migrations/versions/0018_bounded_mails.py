"""Indexes by which mails are counted: by mailbox and by company. Requests for access are counted by their proofs now."""

from collections.abc import Sequence

from migrations.indexes import Index
from migrations.online import change_indexes, change_indexes_back

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BUILDS = (
    Index("notification_mailbox_idx", "notification", "(mailbox, created_at) WHERE mailbox IS NOT NULL"),
    Index(
        "notification_organization_idx",
        "notification",
        "(organization_id, created_at) WHERE organization_id IS NOT NULL",
    ),
)
DROPS = (
    Index("access_request_mail_domain_idx", "access_request", "(mail_domain, requested_at)"),
    Index("access_contact_mail_domain_idx", "access_contact", "(mail_domain, created_at)", since="0003a"),
)


def upgrade() -> None:
    change_indexes(BUILDS, DROPS)


def downgrade() -> None:
    change_indexes_back(BUILDS, DROPS)
