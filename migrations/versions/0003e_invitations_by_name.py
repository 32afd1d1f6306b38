"""Invitations with a name and who invited, which can be revoked."""

from collections.abc import Sequence

from alembic import op

from migrations.online import add_column, add_constraint

revision: str = "0003e"
down_revision: str | None = "0003d"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    add_column("invitation", "name text NOT NULL DEFAULT ''")
    add_column("invitation", "invited_by uuid")
    add_column("invitation", "revoked_at timestamptz")
    add_constraint("invitation", "invitation_ended_check", "CHECK (num_nonnulls(accepted_at, revoked_at) <= 1)")


def downgrade() -> None:
    op.execute("ALTER TABLE invitation DROP CONSTRAINT IF EXISTS invitation_ended_check")
    for column in ("name", "invited_by", "revoked_at"):
        op.execute(f"ALTER TABLE invitation DROP COLUMN IF EXISTS {column}")
