"""The review desk: saved reasons, messages and notes."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0005b"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = ("saved_reason", "review_message", "internal_note")


def _said() -> list[sa.schema.SchemaItem]:
    """Returns the columns and constraints that messages and notes share; each table needs items of its own."""
    return [
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    ]


def upgrade() -> None:
    op.create_table(
        "saved_reason",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("where_to_fix", sa.Text(), nullable=False),
        sa.Column("retired", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("written_by", sa.Uuid(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("saved_reason_version_check")),
        sa.CheckConstraint("code ~ '^[a-z0-9_.]+$' AND code <> 'other'", name=op.f("saved_reason_code_check")),
        sa.CheckConstraint("length(text) BETWEEN 1 AND 2000", name=op.f("saved_reason_text_check")),
        sa.CheckConstraint("length(where_to_fix) <= 500", name=op.f("saved_reason_where_to_fix_check")),
        sa.PrimaryKeyConstraint("code", "version", name=op.f("saved_reason_pkey")),
    )
    op.execute(
        "CREATE TRIGGER saved_reason_append_only_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON saved_reason "
        "FOR EACH STATEMENT EXECUTE FUNCTION append_only_guard()"
    )
    op.create_table(
        "review_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("side", sa.String(length=16), nullable=False),
        *_said(),
        sa.CheckConstraint("side IN ('partner', 'reviewer')", name=op.f("review_message_side_check")),
        sa.CheckConstraint("length(text) BETWEEN 1 AND 5000", name=op.f("review_message_text_check")),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("review_message_author_id_fkey")),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("review_message_review_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("review_message_pkey")),
        sa.Index(op.f("review_message_author_id_idx"), "author_id"),
        sa.Index(op.f("review_message_review_id_id_idx"), "review_id", "id"),
    )
    op.create_table(
        "internal_note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        *_said(),
        sa.CheckConstraint("length(text) BETWEEN 1 AND 5000", name=op.f("internal_note_text_check")),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("internal_note_author_id_fkey")),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("internal_note_review_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("internal_note_pkey")),
        sa.Index(op.f("internal_note_author_id_idx"), "author_id"),
        sa.Index(op.f("internal_note_review_id_id_idx"), "review_id", "id"),
    )
    for table in TABLES:
        op.execute(f"GRANT SELECT, INSERT ON {table} TO devcenter_app")


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
