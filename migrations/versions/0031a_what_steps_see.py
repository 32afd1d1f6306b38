"""What review steps and checks of drafts keep of what they saw, and what screenshots look like."""

from collections.abc import Sequence

from alembic import op

from migrations.online import add_column

revision: str = "0031a"
down_revision: str | None = "0030"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    add_column("review_step", "seen jsonb NOT NULL DEFAULT '{}'")
    add_column("draft_check", "components jsonb NOT NULL DEFAULT '[]'")
    add_column("draft_check", "seen jsonb NOT NULL DEFAULT '{}'")
    add_column("asset", "likeness bytea")
    add_column("asset", "evenness smallint")


def downgrade() -> None:
    op.execute("ALTER TABLE asset DROP COLUMN IF EXISTS evenness")
    op.execute("ALTER TABLE asset DROP COLUMN IF EXISTS likeness")
    op.execute("ALTER TABLE draft_check DROP COLUMN IF EXISTS seen")
    op.execute("ALTER TABLE draft_check DROP COLUMN IF EXISTS components")
    op.execute("ALTER TABLE review_step DROP COLUMN IF EXISTS seen")
