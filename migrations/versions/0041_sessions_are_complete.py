"""Every token is of a known kind, and every session has its beginning and its end."""

from collections.abc import Sequence

from migrations.online import validate_constraints

revision: str = "0041"
down_revision: str | None = "0041a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    validate_constraints("api_token", "api_token_kind_check", "api_token_session_check")


def downgrade() -> None:
    """Nothing: the revision before takes back the constraints."""
