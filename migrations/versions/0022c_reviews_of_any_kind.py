"""Columns of reviews: their kind, the version that opened them, what they are of, and by which policy."""

from collections.abc import Sequence

from alembic import op

from migrations.online import add_column, add_constraint, validate_constraints

revision: str = "0022c"
down_revision: str | None = "0022b"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OUTCOMES = """
    'approved', 'changes_requested', 'withdrawn', 'cancelled', 'upheld', 'overturned', 'conceded', 'cleared',
'flagged', 'superseded', 'adopted'
"""
OLD_OUTCOMES = "'approved', 'changes_requested', 'withdrawn', 'cancelled'"


def upgrade() -> None:
    add_column("review", "kind varchar(8) NOT NULL DEFAULT 'first'")
    add_column("review", "opened_version integer NOT NULL DEFAULT 0")
    add_column("review", "subject integer NOT NULL DEFAULT 0")
    add_column("review", "policy_version integer NOT NULL DEFAULT 1")
    add_column("review", "opened_by uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'")
    add_column("review", "decider uuid")
    add_column("review", "urgency smallint NOT NULL DEFAULT 1")
    add_column("review", "categories text[] NOT NULL DEFAULT '{}'")
    add_column("review", "needs_person boolean NOT NULL DEFAULT true")
    add_constraint("review", "review_outcome_check", f"CHECK (outcome IN ({OUTCOMES}))")


def downgrade() -> None:
    add_constraint("review", "review_outcome_check", f"CHECK (outcome IN ({OLD_OUTCOMES}))")
    validate_constraints("review", "review_outcome_check")
    for column in (
        "needs_person",
        "categories",
        "urgency",
        "decider",
        "opened_by",
        "policy_version",
        "subject",
        "opened_version",
        "kind",
    ):
        op.execute(f"ALTER TABLE review DROP COLUMN IF EXISTS {column}")
