"""Lanes and urgency of leased work, and the lanes that fail."""

from collections.abc import Sequence

from alembic import op

from migrations.online import add_column, add_constraint

revision: str = "0011a"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = ("component_test", "job_tick", "notification", "review_step", "website_check")


def upgrade() -> None:
    op.execute("""
        CREATE TABLE IF NOT EXISTS failing_lane (
            table_name varchar(32) NOT NULL,
            lane text COLLATE "C" NOT NULL,
            failures integer NOT NULL,
            failing_since timestamptz NOT NULL,
            rests_until timestamptz NOT NULL,
            last_error text NOT NULL,
            died_at timestamptz,
            CONSTRAINT failing_lane_pkey PRIMARY KEY (table_name, lane),
            CONSTRAINT failing_lane_failures_check CHECK (failures >= 1)
        )
    """)
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON failing_lane TO devcenter_app")
    for table in TABLES:
        add_column(table, "lane text COLLATE \"C\" NOT NULL DEFAULT '-'")
        add_column(table, "urgency smallint NOT NULL DEFAULT 1")
    add_column("checklist_item", "lane text COLLATE \"C\" NOT NULL DEFAULT '-'")
    add_constraint("checklist_item", "checklist_item_lane_check", "CHECK (lane <> '')")
    for table in TABLES:
        add_constraint(table, f"{table}_lane_check", "CHECK (lane <> '')")
        add_constraint(table, f"{table}_urgency_check", "CHECK (urgency IN (0, 1))")


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS failing_lane")
    op.execute("ALTER TABLE checklist_item DROP COLUMN IF EXISTS lane")
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} DROP COLUMN IF EXISTS urgency, DROP COLUMN IF EXISTS lane")
