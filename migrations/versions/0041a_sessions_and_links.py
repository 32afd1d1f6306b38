"""Sessions, which are tokens of a kind of their own, and the links that begin them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.online import add_column, add_constraint, create_table

revision: str = "0041a"
down_revision: str | None = "0040"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    add_column("api_token", "kind varchar(16) NOT NULL DEFAULT 'bearer'")
    add_column("api_token", "authenticated_at timestamptz")
    add_column("api_token", "idle_ends_at timestamptz")
    add_constraint("api_token", "api_token_kind_check", "CHECK (kind IN ('bearer', 'session'))")
    began = (
        "(kind = 'session') = (authenticated_at IS NOT NULL) AND (authenticated_at IS NULL) = (idle_ends_at IS NULL)"
    )
    add_constraint("api_token", "api_token_session_check", f"CHECK ({began})")
    _create_sign_in_link()


def downgrade() -> None:
    """Ends all sessions: the older code would take them for bearer tokens."""
    op.execute("DROP TABLE IF EXISTS sign_in_link")
    op.execute("UPDATE api_token SET revoked_at = coalesce(revoked_at, now()) WHERE kind = 'session'")
    op.execute(
        "ALTER TABLE api_token DROP COLUMN IF EXISTS kind, DROP COLUMN IF EXISTS authenticated_at, "
        "DROP COLUMN IF EXISTS idle_ends_at"
    )


def _create_sign_in_link() -> None:
    create_table(
        "sign_in_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("link_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("browser_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("tries", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_path", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "length(link_hash) = 32 AND length(browser_hash) = 32 AND length(code_hash) = 32",
            name=op.f("sign_in_link_hashes_check"),
        ),
        sa.CheckConstraint("(browser_hash IS NULL) = (code_hash IS NULL)", name=op.f("sign_in_link_browser_check")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("sign_in_link_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("sign_in_link_pkey")),
        sa.UniqueConstraint("link_hash", name=op.f("sign_in_link_link_hash_key")),
        sa.Index("sign_in_link_person_id_idx", "person_id", "created_at"),
        sa.Index("sign_in_link_expires_at_idx", "expires_at"),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_link TO devcenter_app")
