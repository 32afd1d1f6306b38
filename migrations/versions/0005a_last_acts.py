"""The last act of a review's holder."""

from collections.abc import Sequence

from alembic import op

from migrations.online import add_column

revision: str = "0005a"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    add_column("review", "last_act_at timestamptz")


def downgrade() -> None:
    op.execute("ALTER TABLE review DROP COLUMN IF EXISTS last_act_at")
