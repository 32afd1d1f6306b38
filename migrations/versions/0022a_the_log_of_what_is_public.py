"""What is public is a version: columns of the log for the open review and for what is published.

From here on until its restart, a release that does not know these columns waits, as for a database that is read-only:
the default of `open_kind` refuses its rows. Each table has a revision of its own, so that no lock of one is held while
another is waited for.
"""

from collections.abc import Sequence

from alembic import op

from migrations.online import add_column

revision: str = "0022a"
down_revision: str | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

REFUSE_OLD_WRITER = """
CREATE FUNCTION refuse_old_writer() RETURNS text LANGUAGE plpgsql SET search_path = public, pg_temp AS $guard$
BEGIN
    RAISE EXCEPTION 'this release is older than the schema, and its rows would lack columns: start the present one'
        USING ERRCODE = 'read_only_sql_transaction';
END
$guard$
"""


def upgrade() -> None:
    op.execute(REFUSE_OLD_WRITER)
    for column in ("from_open_kind", "open_kind"):
        add_column("transition", f"{column} varchar(8) NOT NULL DEFAULT 'none'")
    for column in ("from_open_review", "open_review", "from_published", "published"):
        add_column("transition", f"{column} integer NOT NULL DEFAULT 0")
    for column in ("submits", "opens", "subject"):
        add_column("transition", f"{column} integer")
    op.execute("ALTER TABLE transition ALTER COLUMN open_kind SET DEFAULT refuse_old_writer()")


def downgrade() -> None:
    for column in (
        "subject",
        "opens",
        "submits",
        "published",
        "from_published",
        "open_review",
        "from_open_review",
        "open_kind",
        "from_open_kind",
    ):
        op.execute(f"ALTER TABLE transition DROP COLUMN IF EXISTS {column}")
    op.execute("DROP FUNCTION IF EXISTS refuse_old_writer()")
