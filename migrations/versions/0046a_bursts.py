"""Bursts, and which hosts, addresses and companies were lately used for them and for try-outs."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.online import add_constraint, create_table, validate_constraints

revision: str = "0046a"
down_revision: str | None = "0045"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SCOPES = "'suite', 'event', 'try_out', 'look'"


def upgrade() -> None:
    add_constraint("component_test", "component_test_scope_check", f"CHECK (scope IN ({SCOPES}, 'burst'))")
    create_table(
        "used_host",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("use", sa.String(length=8), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("use IN ('burst', 'try_out')", name=op.f("used_host_use_check")),
        sa.ForeignKeyConstraint(["run_id"], ["component_test.id"], name=op.f("used_host_run_id_fkey")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("used_host_organization_id_fkey")),
        sa.PrimaryKeyConstraint("run_id", "address", name=op.f("used_host_pkey")),
        sa.Index("used_host_use_host_used_at_idx", "use", "host", "used_at"),
        sa.Index("used_host_use_address_used_at_idx", "use", "address", "used_at"),
        sa.Index("used_host_use_organization_id_used_at_idx", "use", "organization_id", "used_at"),
        sa.Index("used_host_used_at_idx", "used_at"),
    )
    op.execute("GRANT SELECT, INSERT, DELETE ON used_host TO devcenter_app")


def downgrade() -> None:
    """Bursts become runs of events, which make no Component tested: the older code knows no bursts."""
    op.execute("DROP TABLE IF EXISTS used_host")
    op.execute("UPDATE component_test SET scope = 'event' WHERE scope = 'burst'")
    add_constraint("component_test", "component_test_scope_check", f"CHECK (scope IN ({SCOPES}))")
    validate_constraints("component_test", "component_test_scope_check")
