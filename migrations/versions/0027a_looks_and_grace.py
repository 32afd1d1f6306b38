"""Steps that a look only observes."""

from collections.abc import Sequence

from alembic import op

from migrations.online import add_column

revision: str = "0027a"
down_revision: str | None = "0026"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    add_column("review_step", "observed boolean NOT NULL DEFAULT false")


def downgrade() -> None:
    op.execute("ALTER TABLE review_step DROP COLUMN IF EXISTS observed")
