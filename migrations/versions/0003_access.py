"""Access: until now a company had no owner, so the first of its people becomes it; constraints are validated."""

from collections.abc import Sequence

from alembic import op

from migrations.online import validate_constraints

revision: str = "0003"
down_revision: str | None = "0003f"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("""
        UPDATE person SET owner = true WHERE id IN (
            SELECT DISTINCT ON (organization_id) id FROM person
             WHERE organization_id IS NOT NULL AND removed_at IS NULL ORDER BY organization_id, id)
           AND NOT EXISTS (SELECT FROM person o WHERE o.organization_id = person.organization_id AND o.owner)
    """)
    validate_constraints("notification", "notification_recipient_check", "notification_app_check")
    validate_constraints("person", "person_owner_check")
    validate_constraints("invitation", "invitation_ended_check")


def downgrade() -> None:
    """Nothing: the owners go with their column, and the constraints with theirs."""
