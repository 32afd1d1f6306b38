"""What the log's chain holds, looked at in the rows that there are."""

from collections.abc import Sequence

from migrations.online import validate_constraints

revision: str = "0023"
down_revision: str | None = "0023b"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NAMES = {
    "transition": (
        *(
            f"transition_{name}_check"
            for name in ("birth", "edge", "open_review", "published", "submits", "opens", "subject")
        ),
        "transition_chain_fkey",
        "transition_submits_fkey",
        "transition_opens_fkey",
    ),
    "app": ("app_state_check", "app_head_fkey"),
    "review": (
        *(f"review_{name}_check" for name in ("kind", "subject", "order", "urgency", "outcome")),
        "review_app_id_opened_version_fkey",
        "review_subject_fkey",
        "review_policy_version_fkey",
    ),
    "transition_request": (
        "transition_request_expected_review_check",
        "transition_request_trigger_check",
        "transition_request_expected_state_check",
    ),
}


def upgrade() -> None:
    for table, names in NAMES.items():
        validate_constraints(table, *names)


def downgrade() -> None:
    """Nothing: the constraints go with the revision that brought them."""
