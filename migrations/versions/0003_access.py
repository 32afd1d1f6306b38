"""Access: requests with their contacts and checks, invitations, owners, and telling of what is no App's."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.online import add_column, add_constraint, create_index, drop_index

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


REQUEST_COLUMNS = {
    "domain": "text",
    "mail_domain": "text",
    "component_kinds": "text[] NOT NULL DEFAULT '{}'",
    "agreements": "text[] NOT NULL DEFAULT '{}'",
    "findings": "jsonb NOT NULL DEFAULT '[]'",
    "secret_hash": "bytea",
    "overdue_marked_at": "timestamptz",
}
REQUEST_INDEXES = {
    "access_request_secret_key": "(secret_hash)",
    "access_request_company_key": "(domain) WHERE state = 'requested' AND domain = mail_domain",
    "access_request_mail_domain_idx": "(mail_domain, requested_at)",
    "access_request_state_idx": "(state, id)",
}


def upgrade() -> None:
    _create_access_contact()
    _create_website_check()
    _generalise_notification()
    _widen_access_request()
    _give_owners()
    _widen_invitation()


def downgrade() -> None:
    op.execute("ALTER TABLE invitation DROP CONSTRAINT invitation_ended_check")
    _drop("invitation", ("invitation_open_key", "invitation_invited_by_idx"), ("name", "invited_by", "revoked_at"))
    op.execute("ALTER TABLE person DROP CONSTRAINT person_owner_check")
    _drop("person", ("person_owner_key",), ("owner",))
    _drop("organization", ("organization_domain_key",), ("domain",))
    op.drop_table("website_check")
    op.drop_table("access_contact")
    _drop("access_request", tuple(REQUEST_INDEXES), tuple(REQUEST_COLUMNS))
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


def _widen_access_request() -> None:
    for name, kind in REQUEST_COLUMNS.items():
        add_column("access_request", f"{name} {kind}")
    for name, columns in REQUEST_INDEXES.items():
        create_index(name, f"ON access_request {columns}", unique=name.endswith("_key"))


def _create_access_contact() -> None:
    op.create_table(
        "access_contact",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("access_request_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("mail_domain", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("component_kinds", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("survey", postgresql.JSONB(), nullable=False),
        sa.Column("agreements", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("length(secret_hash) = 32", name=op.f("access_contact_secret_hash_check")),
        sa.ForeignKeyConstraint(
            ["access_request_id"], ["access_request.id"], name=op.f("access_contact_access_request_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("access_contact_pkey")),
        sa.UniqueConstraint("secret_hash", name=op.f("access_contact_secret_hash_key")),
        sa.Index("access_contact_once_key", "access_request_id", sa.text("lower(email)"), unique=True),
        sa.Index("access_contact_mail_domain_idx", "mail_domain", "created_at"),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON access_contact TO devcenter_app")


def _create_website_check() -> None:
    op.create_table(
        "website_check",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("access_request_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("findings", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.String(length=8), server_default="due", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint("status IN ('due', 'done', 'dead', 'void')", name=op.f("website_check_status_check")),
        sa.CheckConstraint("attempts >= 0", name=op.f("website_check_attempts_check")),
        sa.CheckConstraint("(status = 'done') = (checked_at IS NOT NULL)", name=op.f("website_check_checked_check")),
        sa.ForeignKeyConstraint(
            ["access_request_id"], ["access_request.id"], name=op.f("website_check_access_request_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("website_check_pkey")),
        sa.UniqueConstraint("access_request_id", name=op.f("website_check_access_request_id_key")),
        sa.Index("website_check_dead_idx", "id", postgresql_where=sa.text("status = 'dead'")),
        sa.Index("website_check_due_at_id_idx", "due_at", "id", postgresql_where=sa.text("status = 'due'")),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON website_check TO devcenter_app")


def _give_owners() -> None:
    """Until now a company had no owner: the first of its people becomes it."""
    add_column("organization", "domain text")
    create_index("organization_domain_key", "ON organization (domain)", unique=True)
    add_column("person", "owner boolean NOT NULL DEFAULT false")
    op.execute("""
        UPDATE person SET owner = true WHERE id IN (
            SELECT DISTINCT ON (organization_id) id FROM person
             WHERE organization_id IS NOT NULL AND removed_at IS NULL ORDER BY organization_id, id)
           AND NOT EXISTS (SELECT FROM person o WHERE o.organization_id = person.organization_id AND o.owner)
    """)
    add_constraint(
        "person", "person_owner_check", "CHECK (NOT owner OR (organization_id IS NOT NULL AND removed_at IS NULL))"
    )
    create_index("person_owner_key", "ON person (organization_id) WHERE owner", unique=True)


def _widen_invitation() -> None:
    add_column("invitation", "name text NOT NULL DEFAULT ''")
    add_column("invitation", "invited_by uuid")
    add_column("invitation", "revoked_at timestamptz")
    add_constraint("invitation", "invitation_ended_check", "CHECK (num_nonnulls(accepted_at, revoked_at) <= 1)")
    create_index(
        "invitation_open_key",
        "ON invitation (organization_id, lower(email)) WHERE accepted_at IS NULL AND revoked_at IS NULL",
        unique=True,
    )
    create_index("invitation_invited_by_idx", "ON invitation (invited_by)")


def _drop(table: str, indexes: Sequence[str], columns: Sequence[str]) -> None:
    for index in indexes:
        drop_index(index)
    for column in columns:
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
