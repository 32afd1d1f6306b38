"""Runs of Components' tests that a review started, and looks at what is public by them."""

from collections.abc import Sequence

from alembic import op

from migrations.online import add_column, add_constraint, validate_constraints

revision: str = "0045a"
down_revision: str | None = "0044b"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SCOPES = "'suite', 'event', 'try_out'"


def upgrade() -> None:
    add_column("component_test", "review_id uuid")
    add_constraint("component_test", "component_test_review_id_fkey", "FOREIGN KEY (review_id) REFERENCES review (id)")
    add_constraint("component_test", "component_test_scope_check", f"CHECK (scope IN ({SCOPES}, 'look'))")


def downgrade() -> None:
    """Looks become runs of events, which make no Component tested: the older code knows no looks."""
    op.execute("UPDATE component_test SET scope = 'event' WHERE scope = 'look'")
    add_constraint("component_test", "component_test_scope_check", f"CHECK (scope IN ({SCOPES}))")
    validate_constraints("component_test", "component_test_scope_check")
    op.execute("ALTER TABLE component_test DROP COLUMN IF EXISTS review_id")
