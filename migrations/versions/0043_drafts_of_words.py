"""Drafts of what reviewers are about to say."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.online import create_table

revision: str = "0043"
down_revision: str | None = "0042b"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    create_table(
        "review_draft",
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("saved", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(text) <= 20000", name=op.f("review_draft_text_check")),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("review_draft_review_id_fkey")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("review_draft_person_id_fkey")),
        sa.PrimaryKeyConstraint("review_id", "person_id", name=op.f("review_draft_pkey")),
        sa.Index("review_draft_person_id_idx", "person_id"),
        sa.Index("review_draft_written_at_idx", "written_at"),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON review_draft TO devcenter_app")


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS review_draft")
