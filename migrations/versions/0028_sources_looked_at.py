"""Sources and scopes of tests, and scopes of tokens, looked at in the rows that there are."""

from collections.abc import Sequence

from migrations.online import validate_constraints

revision: str = "0028"
down_revision: str | None = "0028b"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


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
    """Nothing: the constraints go with the revision that brought them."""
