"""Who had a part in the decision that an appeal is of."""

from collections.abc import Sequence

from alembic import op

from migrations.online import add_column

revision: str = "0039"
down_revision: str | None = "0038"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    add_column("review", "involved uuid[] NOT NULL DEFAULT '{}'")


def downgrade() -> None:
    op.execute("ALTER TABLE review DROP COLUMN IF EXISTS involved")
