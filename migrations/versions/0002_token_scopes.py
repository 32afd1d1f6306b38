"""Scopes of tokens, looked at in the tokens that there are."""

from collections.abc import Sequence

from migrations.online import validate_constraints

revision: str = "0002"
down_revision: str | None = "0002a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    validate_constraints("api_token", "api_token_scopes_check")


def downgrade() -> None:
    """Nothing: the constraint goes with its column."""
