"""Scopes of tokens: what one may be used for, within what its role may do."""

from collections.abc import Sequence

from alembic import op

from migrations.online import add_column, add_constraint

revision: str = "0002a"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SCOPES = (
    "'apps:read', 'apps:write', 'transitions:request', 'usage:report', 'people:manage', 'access:decide', "
    "'reviews:read', 'reviews:decide', 'admin'"
)


def upgrade() -> None:
    add_column("api_token", "scopes text[]")
    add_constraint("api_token", "api_token_scopes_check", f"CHECK (scopes <@ ARRAY[{SCOPES}])")


def downgrade() -> None:
    op.execute("ALTER TABLE api_token DROP COLUMN IF EXISTS scopes")
