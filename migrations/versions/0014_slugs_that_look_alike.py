"""Slugs that look alike are unique among those that were not allowed to."""

from collections.abc import Sequence

from migrations.indexes import Index
from migrations.online import change_indexes, change_indexes_back

revision: str = "0014"
down_revision: str | None = "0014a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SKELETON = "replace(replace(translate(replace(replace(slug, 'rn', 'm'), 'vv', 'w'), '01i', 'oll'), '-', ''), 'rn', 'm')"
BUILDS = (Index("app_slug_once_key", "app", f"(({SKELETON})) WHERE NOT look_alike", unique=True),)
DROPS = (Index("app_slug_skeleton_key", "app", f"(({SKELETON}))", unique=True),)


def upgrade() -> None:
    change_indexes(BUILDS, DROPS)


def downgrade() -> None:
    change_indexes_back(BUILDS, DROPS)
