"""Requests for what is new, and tables of suspensions and of the time to mend what a look found."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.online import add_column, add_constraint, create_table, validate_constraints

revision: str = "0022d"
down_revision: str | None = "0022c"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TRIGGERS = """
    'submit', 'withdraw', 'request_changes', 'approve', 'promote', 'suspend', 'reinstate', 'remove', 'recheck',
'clear', 'flag', 'appeal', 'unlist', 'relist', 'propose_approve', 'propose_remove'
"""
OLD_TRIGGERS = """
    'submit', 'withdraw', 'request_changes', 'approve', 'promote', 'suspend', 'reinstate', 'remove'
"""
STATES = "'building', 'submitted', 'public_beta', 'public', 'suspended', 'unlisted', 'removed'"
OLD_STATES = "'building', 'submitted', 'public_beta', 'public', 'suspended', 'removed'"


def upgrade() -> None:
    add_column("transition_request", "expected_review integer")
    add_constraint("transition_request", "transition_request_expected_review_check", "CHECK (expected_review >= 0)")
    add_constraint("transition_request", "transition_request_trigger_check", f"CHECK (trigger IN ({TRIGGERS}))")
    add_constraint(
        "transition_request", "transition_request_expected_state_check", f"CHECK (expected_state IN ({STATES}))"
    )
    create_table(
        "suspension",
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("only_reinstated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("suspended_by", sa.Uuid(), nullable=False),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirm_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name=op.f("suspension_confirmed_check")),
        sa.CheckConstraint("confirmed_by <> suspended_by", name=op.f("suspension_two_people_check")),
        sa.ForeignKeyConstraint(
            ["app_id", "version"],
            ["transition.app_id", "transition.version"],
            name=op.f("suspension_app_id_version_fkey"),
        ),
        sa.ForeignKeyConstraint(["confirmed_by"], ["person.id"], name=op.f("suspension_confirmed_by_fkey")),
        sa.PrimaryKeyConstraint("app_id", "version", name=op.f("suspension_pkey")),
        sa.Index("suspension_open_key", "app_id", unique=True, postgresql_where=sa.text("ended_at IS NULL")),
        sa.Index(
            "suspension_unconfirmed_idx",
            "confirm_by",
            "app_id",
            postgresql_where=sa.text("confirmed_at IS NULL AND ended_at IS NULL"),
        ),
    )
    create_table(
        "grace_period",
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("flagged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("notice_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("look_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(began_at IS NULL) = (ends_at IS NULL)", name=op.f("grace_period_began_check")),
        sa.CheckConstraint("days >= 1", name=op.f("grace_period_days_check")),
        sa.ForeignKeyConstraint(
            ["app_id", "version"],
            ["transition.app_id", "transition.version"],
            name=op.f("grace_period_app_id_version_fkey"),
        ),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("grace_period_review_id_fkey")),
        sa.PrimaryKeyConstraint("app_id", "version", name=op.f("grace_period_pkey")),
        sa.Index("grace_period_open_key", "app_id", unique=True, postgresql_where=sa.text("ended_at IS NULL")),
        sa.Index("grace_period_notice_idx", "notice_due_at", "app_id", postgresql_where=sa.text("ended_at IS NULL")),
        sa.Index("grace_period_look_idx", "look_due_at", "app_id", postgresql_where=sa.text("ended_at IS NULL")),
    )
    for table in ("suspension", "grace_period"):
        op.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO devcenter_app")


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS grace_period")
    op.execute("DROP TABLE IF EXISTS suspension")
    op.execute(f"""
        DELETE FROM transition_request
         WHERE trigger NOT IN ({OLD_TRIGGERS}) OR expected_state NOT IN ({OLD_STATES})
    """)
    add_constraint(
        "transition_request", "transition_request_expected_state_check", f"CHECK (expected_state IN ({OLD_STATES}))"
    )
    add_constraint("transition_request", "transition_request_trigger_check", f"CHECK (trigger IN ({OLD_TRIGGERS}))")
    validate_constraints(
        "transition_request", "transition_request_expected_state_check", "transition_request_trigger_check"
    )
    op.execute("ALTER TABLE transition_request DROP COLUMN IF EXISTS expected_review")
