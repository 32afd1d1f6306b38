"""Until when a reviewer is away."""

from collections.abc import Sequence

from alembic import op

from migrations.online import add_column

revision: str = "0019a"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    add_column("person", "away_until timestamptz")


def downgrade() -> None:
    op.execute("ALTER TABLE person DROP COLUMN IF EXISTS away_until")
