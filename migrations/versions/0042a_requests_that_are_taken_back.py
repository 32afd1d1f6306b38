"""A transition request may be taken back by whoever asked: for new rows."""

from collections.abc import Sequence

from alembic import op

from migrations.online import add_constraint, validate_constraints

revision: str = "0042a"
down_revision: str | None = "0041"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NAME = "transition_request_status_check"
OLD_STATUSES = "'due', 'applied', 'refused', 'dead'"


def upgrade() -> None:
    add_constraint("transition_request", NAME, f"CHECK (status IN ({OLD_STATUSES}, 'void'))")


def downgrade() -> None:
    op.execute("DELETE FROM transition_request WHERE status = 'void'")
    add_constraint("transition_request", NAME, f"CHECK (status IN ({OLD_STATUSES}))")
    validate_constraints("transition_request", NAME)
