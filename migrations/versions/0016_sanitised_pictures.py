"""Which pictures were stored as they were uploaded, before pictures were written anew: these are, when they are shown."""

from collections.abc import Sequence

from alembic import op

from migrations.online import add_column

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    add_column("asset", "sanitised boolean NOT NULL DEFAULT false")
    op.execute("GRANT UPDATE ON asset TO devcenter_app")


def downgrade() -> None:
    op.execute("REVOKE UPDATE ON asset FROM devcenter_app")
    op.execute("ALTER TABLE asset DROP COLUMN IF EXISTS sanitised")
