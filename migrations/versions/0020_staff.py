"""An index of the platform's own people, who are few among all."""

from collections.abc import Sequence

from migrations.indexes import Index
from migrations.online import change_indexes, change_indexes_back

revision: str = "0020"
down_revision: str | None = "0020a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BUILDS = (Index("person_staff_idx", "person", "(id) WHERE organization_id IS NULL"),)


def upgrade() -> None:
    change_indexes(BUILDS, ())


def downgrade() -> None:
    change_indexes_back(BUILDS, ())
