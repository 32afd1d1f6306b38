"""Indexes of access requests, companies, owners, invitations and notifications."""

from collections.abc import Sequence

from migrations.indexes import Index
from migrations.online import change_indexes, change_indexes_back

revision: str = "0003f"
down_revision: str | None = "0003e"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BUILDS = (
    Index(
        "notification_once_by_email_key",
        "notification",
        "(cause, recipient_email, channel) WHERE recipient_email IS NOT NULL",
        unique=True,
    ),
    Index("access_request_secret_key", "access_request", "(secret_hash)", unique=True),
    Index(
        "access_request_company_key",
        "access_request",
        "(domain) WHERE state = 'requested' AND domain = mail_domain",
        unique=True,
    ),
    Index("access_request_mail_domain_idx", "access_request", "(mail_domain, requested_at)"),
    Index("access_request_state_idx", "access_request", "(state, id)"),
    Index("organization_domain_key", "organization", "(domain)", unique=True),
    Index("person_owner_key", "person", "(organization_id) WHERE owner", unique=True),
    Index(
        "invitation_open_key",
        "invitation",
        "(organization_id, lower(email)) WHERE accepted_at IS NULL AND revoked_at IS NULL",
        unique=True,
    ),
    Index("invitation_invited_by_idx", "invitation", "(invited_by)"),
)
DROPS: tuple[Index, ...] = ()


def upgrade() -> None:
    change_indexes(BUILDS, DROPS)


def downgrade() -> None:
    change_indexes_back(BUILDS, DROPS)
