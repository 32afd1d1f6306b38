"""The fingerprint of the history's key, which the first process that has the key records."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "history_key",
        sa.Column("id", sa.SmallInteger(), server_default="1", autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(length=32), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("history_key_id_check")),
        sa.CheckConstraint("length(fingerprint) = 32", name=op.f("history_key_fingerprint_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("history_key_pkey")),
    )
    op.execute(
        "CREATE TRIGGER history_key_append_only_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON history_key "
        "FOR EACH STATEMENT EXECUTE FUNCTION append_only_guard()"
    )
    op.execute("GRANT SELECT, INSERT ON history_key TO devcenter_app")


def downgrade() -> None:
    op.drop_table("history_key")
