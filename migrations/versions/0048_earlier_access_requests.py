"""Earlier requests for access of a company, and from an address, are found whatever else was asked."""

from collections.abc import Sequence

from migrations.indexes import Index
from migrations.online import change_indexes, change_indexes_back

revision: str = "0048"
down_revision: str | None = "0047"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BUILDS = (
    Index("access_request_domain_idx", "access_request", "(domain, id)"),
    Index("access_request_contact_idx", "access_request", "(lower(contact_email), id)"),
)
DROPS: tuple[Index, ...] = ()


def upgrade() -> None:
    change_indexes(BUILDS, DROPS)


def downgrade() -> None:
    change_indexes_back(BUILDS, DROPS)
