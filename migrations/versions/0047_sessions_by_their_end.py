"""Sessions are found by their end, so that those which have ended can be deleted."""

from collections.abc import Sequence

from migrations.indexes import Index
from migrations.online import change_indexes, change_indexes_back

revision: str = "0047"
down_revision: str | None = "0047a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BUILDS = (Index("api_token_session_idx", "api_token", "(expires_at) WHERE kind = 'session'"),)
DROPS: tuple[Index, ...] = ()


def upgrade() -> None:
    change_indexes(BUILDS, DROPS)


def downgrade() -> None:
    change_indexes_back(BUILDS, DROPS)
