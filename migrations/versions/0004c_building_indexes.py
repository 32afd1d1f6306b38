"""Write keys are unique, and so are slugs that look alike."""

from collections.abc import Sequence

from migrations.indexes import Index
from migrations.online import change_indexes, change_indexes_back

revision: str = "0004c"
down_revision: str | None = "0004b"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BUILDS = (
    Index("component_write_key_hash_key", "component", "(write_key_hash)", unique=True),
    Index(
        "app_slug_skeleton_key",
        "app",
        "((replace(replace(translate(replace(replace(slug, 'rn', 'm'), 'vv', 'w'), '01i', 'oll'), '-', ''), 'rn', 'm')))",
        unique=True,
    ),
)
DROPS: tuple[Index, ...] = ()


def upgrade() -> None:
    change_indexes(BUILDS, DROPS)


def downgrade() -> None:
    change_indexes_back(BUILDS, DROPS)
