"""Access: notifications about what is no App, and to addresses of which nobody is known yet."""

from collections.abc import Sequence

from alembic import op

from migrations.online import add_column, add_constraint, create_index, drop_index

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    _generalise_notification()


def downgrade() -> None:
    _narrow_notification()


def _generalise_notification() -> None:
    add_column("notification", "recipient_email text")
    for column in ("app_id", "app_version", "recipient_id"):
        op.execute(f"ALTER TABLE notification ALTER COLUMN {column} DROP NOT NULL")
    add_constraint(
        "notification", "notification_recipient_check", "CHECK (num_nonnulls(recipient_id, recipient_email) = 1)"
    )
    add_constraint("notification", "notification_app_check", "CHECK ((app_id IS NULL) = (app_version IS NULL))")
    create_index(
        "notification_once_by_email_key",
        "ON notification (cause, recipient_email, channel) WHERE recipient_email IS NOT NULL",
        unique=True,
    )


def _narrow_notification() -> None:
    """Takes back what the older code cannot read: it knows only messages about Apps, to people."""
    drop_index("notification_once_by_email_key")
    op.execute("DELETE FROM notification WHERE app_id IS NULL OR recipient_id IS NULL")
    op.execute("ALTER TABLE notification DROP CONSTRAINT notification_app_check")
    op.execute("ALTER TABLE notification DROP CONSTRAINT notification_recipient_check")
    for column in ("app_id", "app_version", "recipient_id"):
        op.execute(f"ALTER TABLE notification ALTER COLUMN {column} SET NOT NULL")
    op.execute("ALTER TABLE notification DROP COLUMN recipient_email")
