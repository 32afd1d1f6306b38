"""Sessions may be deleted once they have ended, and no other token ever."""

from collections.abc import Sequence

from alembic import op

revision: str = "0047a"
down_revision: str | None = "0046"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

GUARD = """
CREATE FUNCTION token_record_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $guard$
BEGIN
    IF OLD.kind <> 'session' OR OLD.expires_at > now() THEN
        RAISE EXCEPTION 'token % stays: only a session that has ended is deleted', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'token_record_guard';
    END IF;
    RETURN OLD;
END
$guard$
"""


def upgrade() -> None:
    op.execute(GUARD)
    op.execute(
        "CREATE TRIGGER token_record_guard BEFORE DELETE ON api_token FOR EACH ROW EXECUTE FUNCTION token_record_guard()"
    )
    op.execute("GRANT DELETE ON api_token TO devcenter_app")


def downgrade() -> None:
    op.execute("REVOKE DELETE ON api_token FROM devcenter_app")
    op.execute("DROP TRIGGER IF EXISTS token_record_guard ON api_token")
    op.execute("DROP FUNCTION IF EXISTS token_record_guard()")
