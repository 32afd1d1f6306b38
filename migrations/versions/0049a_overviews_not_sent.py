"""Daily overviews that were not sent may be deleted, and no other notification ever."""

from collections.abc import Sequence

from alembic import op

revision: str = "0049a"
down_revision: str | None = "0048"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

GUARD = """
CREATE FUNCTION mail_record_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $guard$
BEGIN
    IF OLD.status <> 'void' OR OLD.kind <> 'reviewer_digest' THEN
        RAISE EXCEPTION 'notification % stays: only a daily overview that was not sent is deleted', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'mail_record_guard';
    END IF;
    RETURN OLD;
END
$guard$
"""


def upgrade() -> None:
    op.execute(GUARD)
    op.execute(
        "CREATE TRIGGER mail_record_guard BEFORE DELETE ON notification FOR EACH ROW EXECUTE FUNCTION mail_record_guard()"
    )
    op.execute("GRANT DELETE ON notification TO devcenter_app")


def downgrade() -> None:
    op.execute("REVOKE DELETE ON notification FROM devcenter_app")
    op.execute("DROP TRIGGER IF EXISTS mail_record_guard ON notification")
    op.execute("DROP FUNCTION IF EXISTS mail_record_guard()")
