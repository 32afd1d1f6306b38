"""The catalog as it is looked through and the Select Partner Program."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0006"
down_revision: str | None = "0006a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

GRANTS = {"catalog_entry": "SELECT, INSERT, UPDATE, DELETE", "membership": "SELECT, INSERT, UPDATE"}

LIST_WHAT_IS_LISTED = """
INSERT INTO catalog_entry (app_id, slug, badge, categories, kinds, submission_id, listed_at, name_search, search)
SELECT a.id, a.slug, a.state, shown.categories,
       ARRAY(SELECT DISTINCT c->>'kind' FROM jsonb_array_elements(s.snapshot->'components') c ORDER BY 1),
       s.id, t.at, to_tsvector('english', shown.name),
       setweight(to_tsvector('english', shown.name), 'A')
       || setweight(to_tsvector('english', array_to_string(shown.categories, ' ')), 'B')
       || setweight(to_tsvector('english', shown.description), 'C')
       || setweight(to_tsvector('english', shown.words), 'D')
  FROM app a
  JOIN transition t ON t.app_id = a.id AND t.version = a.version
  JOIN LATERAL (SELECT s.id, s.snapshot FROM submission s JOIN review r ON r.submission_id = s.id
                 WHERE s.app_id = a.id AND r.outcome = 'approved' ORDER BY s.app_version DESC LIMIT 1) s ON true
 CROSS JOIN LATERAL (
       SELECT coalesce(s.snapshot->'app'->>'name', a.name) AS name,
              coalesce(s.snapshot->'evidence'->'app_info'->>'description', '') AS description,
              coalesce(s.snapshot->'evidence'->'catalog_details'->>'text', '') AS words,
              ARRAY(SELECT jsonb_array_elements_text(
                               CASE jsonb_typeof(s.snapshot->'evidence'->'app_info'->'categories')
                               WHEN 'array' THEN s.snapshot->'evidence'->'app_info'->'categories' ELSE '[]' END)
              ) AS categories) shown
 WHERE a.state IN ('public_beta', 'public')
"""


def upgrade() -> None:
    op.create_table(
        "catalog_entry",
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("badge", sa.String(length=16), nullable=False),
        sa.Column("categories", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name_search", postgresql.TSVECTOR(), nullable=False),
        sa.Column("search", postgresql.TSVECTOR(), nullable=False),
        sa.CheckConstraint("badge IN ('public_beta', 'public')", name=op.f("catalog_entry_badge_check")),
        sa.ForeignKeyConstraint(["app_id"], ["app.id"], name=op.f("catalog_entry_app_id_fkey")),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.id"], name=op.f("catalog_entry_submission_id_fkey")),
        sa.PrimaryKeyConstraint("app_id", name=op.f("catalog_entry_pkey")),
        sa.UniqueConstraint("slug", name=op.f("catalog_entry_slug_key")),
        sa.Index(op.f("catalog_entry_submission_id_idx"), "submission_id"),
        sa.Index("catalog_entry_name_search_idx", "name_search", postgresql_using="gin"),
        sa.Index("catalog_entry_search_idx", "search", postgresql_using="gin"),
        sa.Index("catalog_entry_categories_kinds_idx", "categories", "kinds", postgresql_using="gin"),
        sa.Index(op.f("catalog_entry_badge_slug_idx"), "badge", "slug"),
    )
    op.create_table(
        "membership",
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_by", sa.Uuid(), nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("state IN ('applied', 'member', 'declined', 'left')", name=op.f("membership_state_check")),
        sa.CheckConstraint("state <> 'applied' OR decided_at IS NULL", name=op.f("membership_applied_check")),
        sa.CheckConstraint(
            "state NOT IN ('member', 'declined') OR decided_at IS NOT NULL", name=op.f("membership_decided_check")
        ),
        sa.CheckConstraint("(decided_at IS NULL) = (decided_by IS NULL)", name=op.f("membership_decided_by_check")),
        sa.CheckConstraint("state <> 'declined' OR reason IS NOT NULL", name=op.f("membership_declined_check")),
        sa.CheckConstraint("(state = 'left') = (left_at IS NOT NULL)", name=op.f("membership_left_check")),
        sa.CheckConstraint("(left_at IS NULL) = (left_by IS NULL)", name=op.f("membership_left_by_check")),
        sa.ForeignKeyConstraint(["app_id"], ["app.id"], name=op.f("membership_app_id_fkey")),
        sa.PrimaryKeyConstraint("app_id", name=op.f("membership_pkey")),
        sa.Index(op.f("membership_applied_at_app_id_idx"), "applied_at", "app_id"),
        sa.Index("membership_open_idx", "applied_at", "app_id", postgresql_where=sa.text("state = 'applied'")),
    )
    for table, privileges in GRANTS.items():
        op.execute(f"GRANT {privileges} ON {table} TO devcenter_app")
    op.execute(LIST_WHAT_IS_LISTED)


def downgrade() -> None:
    op.drop_table("membership")
    op.drop_table("catalog_entry")
