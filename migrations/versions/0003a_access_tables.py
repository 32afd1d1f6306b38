"""Access: who else asks for a company, and the checks of websites."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.online import create_table

revision: str = "0003a"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    _create_access_contact()
    _create_website_check()


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS website_check")
    op.execute("DROP TABLE IF EXISTS access_contact")


def _create_access_contact() -> None:
    create_table(
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
    create_table(
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
