"""Proofs of addresses, and what bounds and switches of mails need."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.online import add_column, add_constraint, create_table

revision: str = "0017a"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    _create_address_proof()
    add_column("notification", "mailbox text")
    add_column("notification", "organization_id uuid")
    add_constraint(
        "notification",
        "notification_organization_id_fkey",
        "FOREIGN KEY (organization_id) REFERENCES organization (id)",
    )
    add_column("person", "news_off text[] NOT NULL DEFAULT '{}'")


def downgrade() -> None:
    """Requests for access that were not proved are lost; the older code would not know what they wait for."""
    op.execute("ALTER TABLE person DROP COLUMN IF EXISTS news_off")
    op.execute("ALTER TABLE notification DROP COLUMN IF EXISTS organization_id, DROP COLUMN IF EXISTS mailbox")
    op.execute("DROP TABLE IF EXISTS address_proof")


def _create_address_proof() -> None:
    create_table(
        "address_proof",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("counted_by", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("content", postgresql.JSONB(), nullable=True),
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("access_request_id", sa.Uuid(), nullable=True),
        sa.Column("access_contact_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("purpose IN ('access', 'address', 'token')", name=op.f("address_proof_purpose_check")),
        sa.CheckConstraint(
            "length(code_hash) = 32 AND length(secret_hash) = 32", name=op.f("address_proof_hashes_check")
        ),
        sa.CheckConstraint("(purpose = 'access') = (secret_hash IS NOT NULL)", name=op.f("address_proof_secret_check")),
        sa.CheckConstraint("(purpose = 'access') = (person_id IS NULL)", name=op.f("address_proof_person_check")),
        sa.CheckConstraint(
            "(content IS NOT NULL) = (purpose = 'access' AND proved_at IS NULL)",
            name=op.f("address_proof_content_check"),
        ),
        sa.CheckConstraint(
            "(access_request_id IS NOT NULL) = (purpose = 'access' AND proved_at IS NOT NULL)",
            name=op.f("address_proof_request_check"),
        ),
        sa.CheckConstraint(
            "access_contact_id IS NULL OR access_request_id IS NOT NULL", name=op.f("address_proof_contact_check")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("address_proof_person_id_fkey")),
        sa.ForeignKeyConstraint(
            ["access_request_id"], ["access_request.id"], name=op.f("address_proof_access_request_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["access_contact_id"], ["access_contact.id"], name=op.f("address_proof_access_contact_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("address_proof_pkey")),
        sa.UniqueConstraint("code_hash", name=op.f("address_proof_code_hash_key")),
        sa.Index("address_proof_secret_key", "secret_hash", unique=True),
        sa.Index("address_proof_mailbox_idx", "mailbox", "created_at"),
        sa.Index(
            "address_proof_counted_by_idx",
            "counted_by",
            "proved_at",
            postgresql_where=sa.text("proved_at IS NOT NULL"),
        ),
        sa.Index("address_proof_expires_at_idx", "expires_at", postgresql_where=sa.text("proved_at IS NULL")),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON address_proof TO devcenter_app")
