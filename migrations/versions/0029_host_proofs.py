"""Proofs that a host is a company's, so that requests may be tried out on it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.online import create_table

revision: str = "0029"
down_revision: str | None = "0028"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    create_table(
        "host_proof",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("host", sa.Text(collation="C"), nullable=False),
        sa.Column("challenge", sa.Text(), nullable=False),
        sa.Column("findings", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("begun_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("found_in", sa.String(length=8), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=8), server_default="due", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("lane", sa.Text(collation="C"), server_default="-", nullable=False),
        sa.Column("urgency", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("status IN ('due', 'done', 'dead', 'void')", name=op.f("host_proof_status_check")),
        sa.CheckConstraint("attempts >= 0", name=op.f("host_proof_attempts_check")),
        sa.CheckConstraint("lane <> ''", name=op.f("host_proof_lane_check")),
        sa.CheckConstraint("urgency IN (0, 1)", name=op.f("host_proof_urgency_check")),
        sa.CheckConstraint("found_in IN ('page', 'dns')", name=op.f("host_proof_found_in_check")),
        sa.CheckConstraint("(proved_at IS NULL) = (found_in IS NULL)", name=op.f("host_proof_proved_check")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("host_proof_organization_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("host_proof_pkey")),
        sa.UniqueConstraint("organization_id", "host", name="host_proof_host_key"),
        sa.Index("host_proof_dead_idx", "id", postgresql_where=sa.text("status = 'dead'")),
        sa.Index(
            "host_proof_urgency_lane_due_at_id_idx",
            "urgency",
            "lane",
            "due_at",
            "id",
            postgresql_where=sa.text("status = 'due'"),
        ),
        sa.Index(
            "host_proof_lane_leased_until_idx",
            "lane",
            "leased_until",
            postgresql_where=sa.text("status = 'due' AND leased_until IS NOT NULL"),
        ),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON host_proof TO devcenter_app")


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS host_proof")
