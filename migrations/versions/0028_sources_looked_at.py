"""Sources and scopes of tests, and scopes of tokens, looked at in the rows that there are."""

from collections.abc import Sequence

from alembic import op

from migrations.online import add_constraint, validate_constraints

revision: str = "0028"
down_revision: str | None = "0028b"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SCOPES = (
    "'apps:read', 'apps:write', 'transitions:request', 'usage:report', 'people:manage', 'access:decide', "
    "'reviews:read', 'reviews:decide', 'admin'"
)


def upgrade() -> None:
    validate_constraints(
        "component_test",
        "component_test_source_check",
        "component_test_scope_check",
        "component_test_reporter_check",
        "component_test_suite_version_check",
    )
    validate_constraints("api_token", "api_token_scopes_check")


def downgrade() -> None:
    """Tokens lose a scope that the older code does not know."""
    op.execute("UPDATE api_token SET scopes = array_remove(scopes, 'tests:report') WHERE 'tests:report' = ANY (scopes)")
    add_constraint("api_token", "api_token_scopes_check", f"CHECK (scopes <@ ARRAY[{SCOPES}])")
