"""A Component's latest suite is found whatever else was run."""

from collections.abc import Sequence

from migrations.indexes import Index
from migrations.online import change_indexes, change_indexes_back

revision: str = "0028b"
down_revision: str | None = "0028a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BUILDS = (
    Index(
        "component_test_suite_idx",
        "component_test",
        "(component_id, component_revision, position) WHERE scope = 'suite' AND status = 'done'",
    ),
    Index("component_test_dead_idx", "component_test", "(id) WHERE status = 'dead'"),
)
DROPS = (Index("component_test_component_id_position_idx", "component_test", "(component_id, position)"),)


def upgrade() -> None:
    change_indexes(BUILDS, DROPS)


def downgrade() -> None:
    change_indexes_back(BUILDS, DROPS)
