"""The time zone that a person has chosen."""

from collections.abc import Sequence

from alembic import op

from migrations.online import add_column, add_constraint

revision: str = "0044a"
down_revision: str | None = "0043"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    add_column("person", "time_zone text")
    add_constraint("person", "person_time_zone_check", "CHECK (length(time_zone) BETWEEN 1 AND 64)")


def downgrade() -> None:
    op.execute("ALTER TABLE person DROP COLUMN IF EXISTS time_zone")
