"""Building an App: revisions, findings of the checklist, and write keys of streams."""

from collections.abc import Sequence

from alembic import op

from migrations.online import add_column, add_constraint

revision: str = "0004b"
down_revision: str | None = "0004a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    add_column("app", "revision integer NOT NULL DEFAULT 1")
    add_constraint("app", "app_revision_check", "CHECK (revision >= 1)")
    add_column("checklist_item", "findings jsonb NOT NULL DEFAULT '[]'")
    add_column("component", "write_key_hash bytea")
    add_constraint("component", "component_write_key_check", "CHECK (write_key_hash IS NULL OR kind = 'stream')")
    add_constraint("component", "component_write_key_hash_check", "CHECK (length(write_key_hash) = 32)")


def downgrade() -> None:
    op.execute("ALTER TABLE component DROP COLUMN IF EXISTS write_key_hash")
    op.execute("ALTER TABLE checklist_item DROP COLUMN IF EXISTS findings")
    op.execute("ALTER TABLE app DROP COLUMN IF EXISTS revision")
