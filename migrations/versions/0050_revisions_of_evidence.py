"""Evidence counts its revisions, so that nobody replaces what a colleague has given meanwhile."""

from collections.abc import Sequence

from alembic import op

from migrations.online import add_column

revision: str = "0050"
down_revision: str | None = "0049"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    add_column("checklist_item", "revision integer NOT NULL DEFAULT 1")


def downgrade() -> None:
    op.execute("ALTER TABLE checklist_item DROP COLUMN IF EXISTS revision")
