"""What is public is a version: columns for the open review and for what is published, and tables for what comes then.

From here on until its restart, a release that does not know these columns waits, as for a database that is read-only:
the default of `transition.open_kind` refuses its rows.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.online import add_column, add_constraint, create_table, validate_constraints

revision: str = "0022a"
down_revision: str | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

REFUSE_OLD_WRITER = """
CREATE FUNCTION refuse_old_writer() RETURNS text LANGUAGE plpgsql SET search_path = public, pg_temp AS $guard$
BEGIN
    RAISE EXCEPTION 'this release is older than the schema, and its rows would lack columns: start the present one'
        USING ERRCODE = 'read_only_sql_transaction';
END
$guard$
"""

TRIGGERS = """
    'submit', 'withdraw', 'request_changes', 'approve', 'promote', 'suspend', 'reinstate', 'remove', 'recheck',
'clear', 'flag', 'appeal', 'unlist', 'relist', 'propose_approve', 'propose_remove'
"""
OLD_TRIGGERS = """
    'submit', 'withdraw', 'request_changes', 'approve', 'promote', 'suspend', 'reinstate', 'remove'
"""
STATES = "'building', 'submitted', 'public_beta', 'public', 'suspended', 'unlisted', 'removed'"
OLD_STATES = "'building', 'submitted', 'public_beta', 'public', 'suspended', 'removed'"
OUTCOMES = """
    'approved', 'changes_requested', 'withdrawn', 'cancelled', 'upheld', 'overturned', 'conceded', 'cleared',
'flagged', 'superseded', 'adopted'
"""
OLD_OUTCOMES = "'approved', 'changes_requested', 'withdrawn', 'cancelled'"


def upgrade() -> None:
    op.execute(REFUSE_OLD_WRITER)
    for column in ("from_open_kind", "open_kind"):
        add_column("transition", f"{column} varchar(8) NOT NULL DEFAULT 'none'")
    for column in ("from_open_review", "open_review", "from_published", "published"):
        add_column("transition", f"{column} integer NOT NULL DEFAULT 0")
    for column in ("submits", "opens", "subject"):
        add_column("transition", f"{column} integer")
    op.execute("ALTER TABLE transition ALTER COLUMN open_kind SET DEFAULT refuse_old_writer()")
    add_column("app", "open_kind varchar(8) NOT NULL DEFAULT 'none'")
    add_column("app", "open_review integer NOT NULL DEFAULT 0")
    add_column("app", "published integer NOT NULL DEFAULT 0")
    add_column("app", "proposal integer NOT NULL DEFAULT 0")
    add_column("app", "touched text[] NOT NULL DEFAULT '{}'")
    add_column("app", "looked_at timestamptz")
    add_column("review", "kind varchar(8) NOT NULL DEFAULT 'first'")
    add_column("review", "opened_version integer NOT NULL DEFAULT 0")
    add_column("review", "subject integer NOT NULL DEFAULT 0")
    add_column("review", "policy_version integer NOT NULL DEFAULT 1")
    add_column("review", "opened_by uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'")
    add_column("review", "decider uuid")
    add_column("review", "urgency smallint NOT NULL DEFAULT 1")
    add_column("review", "categories text[] NOT NULL DEFAULT '{}'")
    add_column("review", "needs_person boolean NOT NULL DEFAULT true")
    add_column("transition_request", "expected_review integer")
    add_constraint("transition_request", "transition_request_expected_review_check", "CHECK (expected_review >= 0)")
    add_constraint("transition_request", "transition_request_trigger_check", f"CHECK (trigger IN ({TRIGGERS}))")
    add_constraint(
        "transition_request", "transition_request_expected_state_check", f"CHECK (expected_state IN ({STATES}))"
    )
    add_constraint("app", "app_state_check", f"CHECK (state IN ({STATES}))")
    add_constraint("review", "review_outcome_check", f"CHECK (outcome IN ({OUTCOMES}))")
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
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(began_at IS NULL) = (ends_at IS NULL)", name=op.f("grace_period_began_check")),
        sa.ForeignKeyConstraint(
            ["app_id", "version"],
            ["transition.app_id", "transition.version"],
            name=op.f("grace_period_app_id_version_fkey"),
        ),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("grace_period_review_id_fkey")),
        sa.PrimaryKeyConstraint("app_id", "version", name=op.f("grace_period_pkey")),
        sa.Index("grace_period_open_key", "app_id", unique=True, postgresql_where=sa.text("ended_at IS NULL")),
        sa.Index("grace_period_running_idx", "flagged_at", "app_id", postgresql_where=sa.text("ended_at IS NULL")),
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
    add_constraint("review", "review_outcome_check", f"CHECK (outcome IN ({OLD_OUTCOMES}))")
    add_constraint("app", "app_state_check", f"CHECK (state IN ({OLD_STATES}))")
    add_constraint(
        "transition_request", "transition_request_expected_state_check", f"CHECK (expected_state IN ({OLD_STATES}))"
    )
    add_constraint("transition_request", "transition_request_trigger_check", f"CHECK (trigger IN ({OLD_TRIGGERS}))")
    validate_constraints("review", "review_outcome_check")
    validate_constraints("app", "app_state_check")
    validate_constraints(
        "transition_request", "transition_request_expected_state_check", "transition_request_trigger_check"
    )
    op.execute("ALTER TABLE transition_request DROP COLUMN IF EXISTS expected_review")
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
    for column in ("looked_at", "touched", "proposal", "published", "open_review", "open_kind"):
        op.execute(f"ALTER TABLE app DROP COLUMN IF EXISTS {column}")
    for column in (
        "subject",
        "opens",
        "submits",
        "published",
        "from_published",
        "open_review",
        "from_open_review",
        "open_kind",
        "from_open_kind",
    ):
        op.execute(f"ALTER TABLE transition DROP COLUMN IF EXISTS {column}")
    op.execute("DROP FUNCTION IF EXISTS refuse_old_writer()")
