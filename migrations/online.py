"""Changes to tables in use that never hold a lock for longer than a moment. Each can be run again after a break.

A constraint or an index commits what came before it. A new table needs none of this: give `op.create_table` its
constraints and indexes.
"""

from alembic import op


def add_column(table: str, definition: str) -> None:
    """Adds a column: nullable, or with a constant default."""
    op.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {definition}")


def add_constraint(table: str, name: str, definition: str) -> None:
    """Adds a CHECK or FOREIGN KEY at once for new rows, then reads the old ones without blocking anybody."""
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition} NOT VALID")
    with op.get_context().autocommit_block():
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def create_index(name: str, definition: str, *, unique: bool = False) -> None:
    """Creates an index while others write. `definition` is what follows the name: `ON table (columns) ...`.

    One that an interrupted run left half made is made anew.
    """
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.execute(f"CREATE {'UNIQUE ' if unique else ''}INDEX CONCURRENTLY IF NOT EXISTS {name} {definition}")


def drop_index(name: str) -> None:
    """Drops an index while others write."""
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
