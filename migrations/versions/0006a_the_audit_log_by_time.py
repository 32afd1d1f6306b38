"""The audit log by time, for each of the ways to look it up."""

from collections.abc import Sequence

from migrations.indexes import Index
from migrations.online import change_indexes, change_indexes_back

revision: str = "0006a"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BUILDS = (
    Index("audit_entry_at_id_idx", "audit_entry", "(at, id)"),
    Index("audit_entry_actor_id_at_id_idx", "audit_entry", "(actor_id, at, id)"),
    Index("audit_entry_action_at_id_idx", "audit_entry", "(action, at, id)"),
    Index("audit_entry_target_at_id_idx", "audit_entry", "(target, at, id)"),
)
DROPS = (Index("audit_entry_target_id_idx", "audit_entry", "(target, id)", since="0001"),)


def upgrade() -> None:
    change_indexes(BUILDS, DROPS)


def downgrade() -> None:
    change_indexes_back(BUILDS, DROPS)
