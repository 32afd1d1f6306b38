"""Whose a rejected message is, and its idempotency key, so that its sender can read why it was rejected."""

from collections.abc import Sequence

from alembic import op

from migrations.online import add_column

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    add_column("rejected_message", "principal_id uuid")
    add_column("rejected_message", "idempotency_key text")


def downgrade() -> None:
    op.execute("ALTER TABLE rejected_message DROP COLUMN IF EXISTS idempotency_key")
    op.execute("ALTER TABLE rejected_message DROP COLUMN IF EXISTS principal_id")
