"""Slugs that admins allow although they look like others."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.online import add_column, create_table

revision: str = "0014a"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    create_table(
        "allowed_slug",
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("allowed_by", sa.Uuid(), nullable=False),
        sa.Column("allowed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name=op.f("allowed_slug_slug_check")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("allowed_slug_organization_id_fkey")
        ),
        sa.PrimaryKeyConstraint("slug", name=op.f("allowed_slug_pkey")),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON allowed_slug TO devcenter_app")
    add_column("app", "look_alike boolean NOT NULL DEFAULT false")


def downgrade() -> None:
    op.execute("ALTER TABLE app DROP COLUMN IF EXISTS look_alike")
    op.execute("DROP TABLE IF EXISTS allowed_slug")
