"""The sandbox tells events that a partner tried from those that a stream sent; the API stores the former."""

from collections.abc import Sequence

from alembic import op

from migrations.online import add_column

revision: str = "0051"
down_revision: str | None = "0050"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    add_column("sandbox_event", "tried boolean NOT NULL DEFAULT false")
    op.execute("GRANT INSERT ON sandbox_event TO devcenter_app")


def downgrade() -> None:
    op.execute("REVOKE INSERT ON sandbox_event FROM devcenter_app")
    op.execute("ALTER TABLE sandbox_event DROP COLUMN IF EXISTS tried")
