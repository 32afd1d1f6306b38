"""Owners of companies, and the domains that companies are known by."""

from collections.abc import Sequence

from alembic import op

from migrations.online import add_column, add_constraint

revision: str = "0003d"
down_revision: str | None = "0003c"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    add_column("organization", "domain text")
    add_column("person", "owner boolean NOT NULL DEFAULT false")
    add_constraint(
        "person", "person_owner_check", "CHECK (NOT owner OR (organization_id IS NOT NULL AND removed_at IS NULL))"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE person DROP CONSTRAINT IF EXISTS person_owner_check")
    op.execute("ALTER TABLE person DROP COLUMN IF EXISTS owner")
    op.execute("ALTER TABLE organization DROP COLUMN IF EXISTS domain")
