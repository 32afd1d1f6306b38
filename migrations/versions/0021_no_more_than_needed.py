"""Takes from everybody what nobody needs: temporary tables, and functions that leave something behind.

The functions are Postgres's, so that only a superuser can take them away. `devcenter up` and deploy/roles.sh do, and
`devcenter doctor` says where nobody has.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("""
        DO $do$
        DECLARE
            unneeded regprocedure;
        BEGIN
            EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
            IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
                FOR unneeded IN
                    SELECT oid FROM pg_proc
                     WHERE pronamespace = 'pg_catalog'::regnamespace
                       AND (proname LIKE 'lo\\_%' OR proname IN ('loread', 'lowrite', 'pg_export_snapshot',
                                                                'pg_logical_emit_message'))
                LOOP
                    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', unneeded);
                END LOOP;
            END IF;
        END
        $do$
    """)


def downgrade() -> None:
    """Nothing: what nobody needs is not given back."""
