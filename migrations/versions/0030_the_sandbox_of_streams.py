"""The sandbox of streams: the events that came, what came of each declared event, and the role that writes them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.online import create_table

revision: str = "0030"
down_revision: str | None = "0029"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TRACKING_ROLE = """
DO $role$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'devcenter_tracking') THEN
        CREATE ROLE devcenter_tracking NOLOGIN;
        GRANT devcenter_tracking TO CURRENT_USER;
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN
        NULL;
    WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'the role devcenter_tracking does not exist, and this user may not create it'
            USING ERRCODE = 'insufficient_privilege',
                  HINT = 'As a superuser, run deploy/roles.sh again or CREATE ROLE devcenter_tracking; then migrate.';
END
$role$
"""

TRACKED_STREAM = """
CREATE VIEW tracked_stream WITH (security_barrier = true) AS
    SELECT c.id AS component_id, a.slug AS app_slug, c.write_key_hash, c.revision, c.settings -> 'events' AS events
      FROM component c JOIN app a ON a.id = c.app_id
     WHERE c.kind = 'stream' AND c.write_key_hash IS NOT NULL AND c.removed_at IS NULL AND a.state <> 'removed'
"""


def upgrade() -> None:
    op.execute(TRACKING_ROLE)
    create_table(
        "sandbox_event",
        sa.Column("component_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("component_revision", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(length=100), nullable=False),
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("event", sa.String(length=200), nullable=True),
        sa.Column("declared", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("valid", sa.Boolean(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "type IN ('identify', 'track', 'page', 'screen', 'group', 'alias', 'delete', 'other')",
            name=op.f("sandbox_event_type_check"),
        ),
        sa.PrimaryKeyConstraint("component_id", "position", name=op.f("sandbox_event_pkey")),
        sa.Index("sandbox_event_message_key", "component_id", "message_id", unique=True),
        sa.Index("sandbox_event_received_at_idx", "received_at"),
    )
    create_table(
        "sandbox_declared",
        sa.Column("component_id", sa.Uuid(), nullable=False),
        sa.Column("component_revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("valid", sa.BigInteger(), nullable=False),
        sa.Column("invalid", sa.BigInteger(), nullable=False),
        sa.Column("warned", sa.Boolean(), nullable=False),
        sa.Column("latest_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("latest_valid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("latest_findings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("valid >= 0 AND invalid >= 0", name=op.f("sandbox_declared_counts_check")),
        sa.CheckConstraint("(valid = 0) = (latest_valid_at IS NULL)", name=op.f("sandbox_declared_latest_valid_check")),
        sa.ForeignKeyConstraint(["component_id"], ["component.id"], name=op.f("sandbox_declared_component_id_fkey")),
        sa.PrimaryKeyConstraint("component_id", "component_revision", "event", name=op.f("sandbox_declared_pkey")),
    )
    op.execute(TRACKED_STREAM)
    op.execute("GRANT SELECT, DELETE ON sandbox_event TO devcenter_app")
    op.execute("GRANT SELECT, UPDATE ON sandbox_declared TO devcenter_app")
    op.execute("GRANT SELECT, INSERT, DELETE ON sandbox_event TO devcenter_tracking")
    op.execute("GRANT SELECT, INSERT, UPDATE ON sandbox_declared TO devcenter_tracking")
    op.execute("GRANT SELECT ON tracked_stream TO devcenter_tracking")


def downgrade() -> None:
    op.execute("DROP VIEW IF EXISTS tracked_stream")
    op.execute("DROP TABLE IF EXISTS sandbox_declared")
    op.execute("DROP TABLE IF EXISTS sandbox_event")
