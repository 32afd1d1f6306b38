"""When the team was told of a suspension that nobody confirmed, and the admins of an appeal that nobody may take."""

from collections.abc import Sequence

from alembic import op

from migrations.online import add_column

revision: str = "0026a"
down_revision: str | None = "0025"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    add_column("suspension", "told_at timestamptz")
    add_column("review", "stranded_at timestamptz")


def downgrade() -> None:
    op.execute("ALTER TABLE review DROP COLUMN IF EXISTS stranded_at")
    op.execute("ALTER TABLE suspension DROP COLUMN IF EXISTS told_at")
