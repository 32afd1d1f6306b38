"""Access requests with what the checks of them need."""

from collections.abc import Sequence

from alembic import op

from migrations.online import add_column

revision: str = "0003c"
down_revision: str | None = "0003b"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

COLUMNS = {
    "domain": "text",
    "mail_domain": "text",
    "component_kinds": "text[] NOT NULL DEFAULT '{}'",
    "agreements": "text[] NOT NULL DEFAULT '{}'",
    "findings": "jsonb NOT NULL DEFAULT '[]'",
    "secret_hash": "bytea",
    "overdue_marked_at": "timestamptz",
}


def upgrade() -> None:
    for name, kind in COLUMNS.items():
        add_column("access_request", f"{name} {kind}")


def downgrade() -> None:
    for name in COLUMNS:
        op.execute(f"ALTER TABLE access_request DROP COLUMN IF EXISTS {name}")
