"""Building an App: revisions, look-alike slugs, write keys, findings, pictures, preview links, and more review steps."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.online import add_column, add_constraint, create_index, drop_index

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SKELETON = "replace(replace(translate(replace(replace(slug, 'rn', 'm'), 'vv', 'w'), '01i', 'oll'), '-', ''), 'rn', 'm')"
STEPS = """'["partners_page", "launch_announcement", "catalog_details"]'::jsonb"""
PUBLISH = """
INSERT INTO policy_version (version, document, note, published_by)
SELECT version + 1, jsonb_set(document, '{{review_steps}}', {steps}), '{note}', '00000000-0000-7000-8000-000000000001'
  FROM policy_version WHERE version = (SELECT max(version) FROM policy_version)
"""
MORE_STEPS = f"""(
    SELECT jsonb_agg(DISTINCT step) FROM jsonb_array_elements(document -> 'review_steps' || {STEPS}) AS steps (step)
)"""
FEWER_STEPS = f"""(
    SELECT coalesce(jsonb_agg(step), '[]') FROM jsonb_array_elements(document -> 'review_steps') AS steps (step)
     WHERE NOT {STEPS} @> step
)"""


def upgrade() -> None:
    op.create_table(
        "asset",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("uploaded_by", sa.Uuid(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('logo', 'mark', 'screenshot')", name=op.f("asset_kind_check")),
        sa.CheckConstraint(
            "media_type IN ('image/svg+xml', 'image/png', 'image/jpeg', 'image/webp')",
            name=op.f("asset_media_type_check"),
        ),
        sa.CheckConstraint("sha256 = sha256(content) AND size = length(content)", name=op.f("asset_content_check")),
        sa.CheckConstraint("width > 0 AND height > 0", name=op.f("asset_measure_check")),
        sa.ForeignKeyConstraint(["app_id"], ["app.id"], name=op.f("asset_app_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("asset_pkey")),
        sa.UniqueConstraint("app_id", "kind", "sha256", name="asset_content_key"),
    )
    op.execute("GRANT SELECT, INSERT, DELETE ON asset TO devcenter_app")
    op.create_table(
        "preview_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("length(token_hash) = 32", name=op.f("preview_link_token_hash_check")),
        sa.ForeignKeyConstraint(["app_id"], ["app.id"], name=op.f("preview_link_app_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("preview_link_pkey")),
        sa.UniqueConstraint("token_hash", name=op.f("preview_link_token_hash_key")),
        sa.Index(op.f("preview_link_app_id_idx"), "app_id"),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON preview_link TO devcenter_app")
    op.execute(PUBLISH.format(steps=MORE_STEPS, note="Machines also look at pages, announcements and catalog details."))
    add_column("app", "revision integer NOT NULL DEFAULT 1")
    add_column("checklist_item", "findings jsonb NOT NULL DEFAULT '[]'")
    add_column("component", "write_key_hash bytea")
    add_constraint("app", "app_revision_check", "CHECK (revision >= 1)")
    add_constraint("component", "component_write_key_check", "CHECK (write_key_hash IS NULL OR kind = 'stream')")
    add_constraint("component", "component_write_key_hash_check", "CHECK (length(write_key_hash) = 32)")
    create_index("component_write_key_hash_key", "ON component (write_key_hash)", unique=True)
    create_index("app_slug_skeleton_key", f"ON app (({SKELETON}))", unique=True)


def downgrade() -> None:
    drop_index("app_slug_skeleton_key")
    drop_index("component_write_key_hash_key")
    op.execute("ALTER TABLE component DROP COLUMN write_key_hash")
    op.execute("ALTER TABLE checklist_item DROP COLUMN findings")
    op.execute("ALTER TABLE app DROP COLUMN revision")
    op.execute(PUBLISH.format(steps=FEWER_STEPS, note="The code knows fewer review steps again."))
    op.drop_table("preview_link")
    op.drop_table("asset")
