"""Which side of a conversation has messages that it has not read."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.online import create_table

revision: str = "0044b"
down_revision: str | None = "0044"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    create_table(
        "unread_messages",
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("side", sa.String(length=16), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("oldest_id", sa.Uuid(), nullable=False),
        sa.Column("oldest_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("newest_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("side IN ('partner', 'reviewer')", name=op.f("unread_messages_side_check")),
        sa.CheckConstraint("count >= 1", name=op.f("unread_messages_count_check")),
        sa.ForeignKeyConstraint(["app_id"], ["app.id"], name=op.f("unread_messages_app_id_fkey")),
        sa.PrimaryKeyConstraint("app_id", "side", name=op.f("unread_messages_pkey")),
        sa.Index("unread_messages_oldest_idx", "side", "oldest_id"),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON unread_messages TO devcenter_app")


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS unread_messages")
