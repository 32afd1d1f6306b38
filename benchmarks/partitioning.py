"""The cost to a drain of partitioning the log by a hash of `app_id`."""

from collections.abc import Iterator

from sqlalchemy import Connection, Engine, text

from benchmarks.drain import drain
from benchmarks.figure import Figure, Scale, in_turn
from benchmarks.stage import stage

PARTITIONS = 16


def measure(scale: Scale) -> Iterator[Figure]:
    """Returns transitions per second with a partitioned log, beside the log in one table."""
    apps = scale.of(10_000, 1_000)
    with stage(apps=apps) as whole, stage(apps=apps) as split:
        partition_log(split.engine, PARTITIONS)
        split.settle()
        rates = in_turn(
            {"whole": lambda: drain(whole, apps=apps)[0], "split": lambda: drain(split, apps=apps)[0]}, scale.rounds
        )
    name = f"partitioning: drain with the log in {PARTITIONS} partitions by App"
    yield Figure(name, rates["split"], "transitions/s", "with the log in one table", rates["whole"])


def partition_log(engine: Engine, partitions: int) -> None:
    """Partitions the table `transition` with its rows, in one transaction. `engine` must connect as a superuser.

    Columns, constraints, triggers and privileges are kept; the owner and the names of indexes change.
    """
    with engine.begin() as connection:
        columns = connection.scalar(_COLUMNS)
        keys = connection.execute(_FOREIGN_KEYS).all()
        after = [*connection.scalars(_TRIGGERS), *connection.scalars(_GRANTS)]
        for key in keys:
            _run(connection, f"ALTER TABLE {key.table_name} DROP CONSTRAINT {key.name}")
        _run(connection, "ALTER TABLE transition RENAME TO transition_whole")
        _run(connection, "CREATE TABLE transition (LIKE transition_whole INCLUDING ALL) PARTITION BY HASH (app_id)")
        for remainder in range(partitions):
            of = f"PARTITION OF transition FOR VALUES WITH (MODULUS {partitions}, REMAINDER {remainder})"
            _run(connection, f"CREATE TABLE transition_{remainder} {of}")
        _run(connection, f"INSERT INTO transition ({columns}) SELECT {columns} FROM transition_whole")
        _run(connection, "DROP TABLE transition_whole")
        for key in keys:
            _run(connection, f"ALTER TABLE {key.table_name} ADD CONSTRAINT {key.name} {key.definition}")
        for statement in after:
            _run(connection, statement)


_COLUMNS = text("""
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
     WHERE attrelid = 'transition'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
""")
_FOREIGN_KEYS = text("""
    SELECT conrelid::regclass::text AS table_name, conname AS name, pg_get_constraintdef(oid) AS definition
      FROM pg_constraint
     WHERE contype = 'f' AND conparentid = 0 AND ('transition'::regclass IN (conrelid, confrelid))
     ORDER BY conname
""")
"""The foreign keys of the log, and those that reference it."""
_TRIGGERS = text("""
    SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = 'transition'::regclass AND NOT tgisinternal
""")
_GRANTS = text("""
    SELECT format('GRANT %s ON transition TO %I', privilege_type, grantee)
      FROM information_schema.role_table_grants WHERE table_name = 'transition' AND grantee <> grantor
""")


def _run(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement.replace("%", "%%"))
