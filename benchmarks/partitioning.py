"""The log split by App: the same columns, constraints, triggers and rights, in partitions by a hash of `app_id`."""

from sqlalchemy import Connection, Engine, text

_COLUMNS = text("""
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
     WHERE attrelid = 'transition'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
""")
_REFERRING = text("""
    SELECT conrelid::regclass::text AS table_name, conname AS name, pg_get_constraintdef(oid) AS definition
      FROM pg_constraint
     WHERE contype = 'f' AND conparentid = 0 AND ('transition'::regclass IN (conrelid, confrelid))
     ORDER BY conname
""")
_TRIGGERS = text("""
    SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = 'transition'::regclass AND NOT tgisinternal
""")
_GRANTS = text("""
    SELECT format('GRANT %s ON transition TO %I', privilege_type, grantee)
      FROM information_schema.role_table_grants WHERE table_name = 'transition' AND grantee <> grantor
""")


def partition_log(engine: Engine, parts: int) -> None:
    """Splits the table `transition` in one transaction, rows included. `engine` is a superuser's."""
    with engine.begin() as connection:
        columns = connection.scalar(_COLUMNS)
        keys = connection.execute(_REFERRING).all()
        after = [*connection.scalars(_TRIGGERS), *connection.scalars(_GRANTS)]
        for key in keys:
            _run(connection, f"ALTER TABLE {key.table_name} DROP CONSTRAINT {key.name}")
        _run(connection, "ALTER TABLE transition RENAME TO transition_whole")
        _run(connection, "CREATE TABLE transition (LIKE transition_whole INCLUDING ALL) PARTITION BY HASH (app_id)")
        for part in range(parts):
            of = f"PARTITION OF transition FOR VALUES WITH (MODULUS {parts}, REMAINDER {part})"
            _run(connection, f"CREATE TABLE transition_{part} {of}")
        _run(connection, f"INSERT INTO transition ({columns}) SELECT {columns} FROM transition_whole")
        _run(connection, "DROP TABLE transition_whole")
        for key in keys:
            _run(connection, f"ALTER TABLE {key.table_name} ADD CONSTRAINT {key.name} {key.definition}")
        for statement in after:
            _run(connection, statement)


def _run(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement.replace("%", "%%"))
