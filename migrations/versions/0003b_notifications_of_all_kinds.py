"""Notifications of what is no App's, and to addresses of which nobody is known yet."""

from collections.abc import Sequence

from alembic import op

from migrations.online import add_column, add_constraint

revision: str = "0003b"
down_revision: str | None = "0003a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

COLUMNS = ("app_id", "app_version", "recipient_id")


def upgrade() -> None:
    add_column("notification", "recipient_email text")
    for column in COLUMNS:
        op.execute(f"ALTER TABLE notification ALTER COLUMN {column} DROP NOT NULL")
    add_constraint(
        "notification", "notification_recipient_check", "CHECK (num_nonnulls(recipient_id, recipient_email) = 1)"
    )
    add_constraint("notification", "notification_app_check", "CHECK ((app_id IS NULL) = (app_version IS NULL))")


def downgrade() -> None:
    """Takes back what the older code cannot read: it knows only messages about Apps, to people."""
    op.execute("DELETE FROM notification WHERE app_id IS NULL OR recipient_id IS NULL")
    op.execute("ALTER TABLE notification DROP CONSTRAINT IF EXISTS notification_app_check")
    op.execute("ALTER TABLE notification DROP CONSTRAINT IF EXISTS notification_recipient_check")
    for column in COLUMNS:
        op.execute(f"ALTER TABLE notification ALTER COLUMN {column} SET NOT NULL")
    op.execute("ALTER TABLE notification DROP COLUMN IF EXISTS recipient_email")
