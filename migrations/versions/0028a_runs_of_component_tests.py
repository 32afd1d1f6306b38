"""Runs of Components' tests by the service: where results come from, each result in full, and the test settings."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.online import add_column, add_constraint, create_table, validate_constraints

revision: str = "0028a"
down_revision: str | None = "0027"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SCOPES = (
    "'apps:read', 'apps:write', 'transitions:request', 'usage:report', 'people:manage', 'access:decide', "
    "'reviews:read', 'reviews:decide', 'admin'"
)
SCOPES_WITH_TESTS = SCOPES.replace("'usage:report'", "'usage:report', 'tests:report'")


def upgrade() -> None:
    add_column("component_test", "source varchar(16) NOT NULL DEFAULT 'reported'")
    add_column("component_test", "reporter text")
    add_column("component_test", "scope varchar(16) NOT NULL DEFAULT 'suite'")
    add_column("component_test", "suite_version integer")
    add_column("component_test", "subject jsonb")
    add_column("component_test", "wanted jsonb")
    add_constraint("component_test", "component_test_source_check", "CHECK (source IN ('reported', 'service', 'rig'))")
    add_constraint("component_test", "component_test_scope_check", "CHECK (scope IN ('suite', 'event', 'try_out'))")
    add_constraint(
        "component_test", "component_test_reporter_check", "CHECK ((source = 'rig') = (reporter IS NOT NULL))"
    )
    add_constraint("component_test", "component_test_suite_version_check", "CHECK (suite_version >= 1)")
    add_constraint("api_token", "api_token_scopes_check", f"CHECK (scopes <@ ARRAY[{SCOPES_WITH_TESTS}])")
    _create_result()
    create_table(
        "component_test_settings",
        sa.Column("component_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("names", postgresql.JSONB(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("given_by", sa.Uuid(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["component_id"], ["component.id"], name=op.f("component_test_settings_component_id_fkey")
        ),
        sa.PrimaryKeyConstraint("component_id", name=op.f("component_test_settings_pkey")),
        sa.Index("component_test_settings_ends_at_idx", "ends_at", postgresql_where=sa.text("reminded_at IS NULL")),
    )
    op.execute(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON component_test_result, component_test_settings TO devcenter_app"
    )


def downgrade() -> None:
    """Tokens lose a scope that the older code does not know."""
    op.execute("UPDATE api_token SET scopes = array_remove(scopes, 'tests:report') WHERE 'tests:report' = ANY (scopes)")
    add_constraint("api_token", "api_token_scopes_check", f"CHECK (scopes <@ ARRAY[{SCOPES}])")
    validate_constraints("api_token", "api_token_scopes_check")
    op.execute("DROP TABLE IF EXISTS component_test_settings")
    op.execute("DROP TABLE IF EXISTS component_test_result")
    op.execute(
        "ALTER TABLE component_test DROP COLUMN IF EXISTS wanted, DROP COLUMN IF EXISTS subject, "
        "DROP COLUMN IF EXISTS suite_version, DROP COLUMN IF EXISTS scope, DROP COLUMN IF EXISTS reporter, "
        "DROP COLUMN IF EXISTS source"
    )


def _create_result() -> None:
    create_table(
        "component_test_result",
        sa.Column("test_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("event", sa.Text(), nullable=True),
        sa.Column("method", sa.String(length=16), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("headers", postgresql.JSONB(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("is_json", sa.Boolean(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("latency_ms", sa.Integer(), nullable=True),
        sa.Column("colour", sa.String(length=8), nullable=False),
        sa.Column("observed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("findings", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("colour IN ('green', 'yellow', 'red')", name=op.f("component_test_result_colour_check")),
        sa.CheckConstraint("position >= 1", name=op.f("component_test_result_position_check")),
        sa.CheckConstraint("status BETWEEN 100 AND 999", name=op.f("component_test_result_status_check")),
        sa.CheckConstraint("length(answer) <= 4096", name=op.f("component_test_result_answer_check")),
        sa.CheckConstraint("length(body) <= 65536", name=op.f("component_test_result_body_check")),
        sa.ForeignKeyConstraint(["test_id"], ["component_test.id"], name=op.f("component_test_result_test_id_fkey")),
        sa.PrimaryKeyConstraint("test_id", "position", name=op.f("component_test_result_pkey")),
        sa.Index("component_test_result_recorded_at_idx", "recorded_at"),
    )
