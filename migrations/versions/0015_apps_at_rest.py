"""Apps whose requests rest after a broken try, so that none of them is judged before the one that broke."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.online import create_table

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    create_table(
        "resting_app",
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("rests_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rests", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.CheckConstraint("rests >= 0", name=op.f("resting_app_rests_check")),
        sa.ForeignKeyConstraint(["app_id"], ["app.id"], name=op.f("resting_app_app_id_fkey")),
        sa.PrimaryKeyConstraint("app_id", name=op.f("resting_app_pkey")),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON resting_app TO devcenter_app")


def downgrade() -> None:
    op.drop_table("resting_app")
