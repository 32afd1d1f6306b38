"""Building an App: pictures, preview links, and more review steps."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.online import create_table

revision: str = "0004a"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

STEPS = """'["partners_page", "launch_announcement", "catalog_details"]'::jsonb"""
PUBLISH = """
INSERT INTO policy_version (version, document, note, published_by)
SELECT version + 1, jsonb_set(document, '{{review_steps}}', {steps}), '{note}', '00000000-0000-7000-8000-000000000001'
  FROM policy_version WHERE version = (SELECT max(version) FROM policy_version) AND document -> 'review_steps' IS DISTINCT FROM {steps}
"""
MORE_STEPS = f"""(
    SELECT jsonb_agg(DISTINCT step) FROM jsonb_array_elements(document -> 'review_steps' || {STEPS}) AS steps (step)
)"""
FEWER_STEPS = f"""(
    SELECT coalesce(jsonb_agg(step), '[]') FROM jsonb_array_elements(document -> 'review_steps') AS steps (step)
     WHERE NOT {STEPS} @> step
)"""


def upgrade() -> None:
    _create_asset()
    _create_preview_link()
    op.execute(PUBLISH.format(steps=MORE_STEPS, note="Machines also look at pages, announcements and catalog details."))


def downgrade() -> None:
    op.execute(PUBLISH.format(steps=FEWER_STEPS, note="The code knows fewer review steps again."))
    op.execute("DROP TABLE IF EXISTS preview_link")
    op.execute("DROP TABLE IF EXISTS asset")


def _create_asset() -> None:
    create_table(
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


def _create_preview_link() -> None:
    create_table(
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
