"""Changes to tables in use that never hold a lock for longer than a moment, and that go on after they were cut.

A revision is one of three kinds. Most are one transaction, stamp included: whatever cuts it, nothing of it is left.
One that builds or drops indexes beside those who write cannot be in a transaction, so it does nothing else: it names
them as BUILDS and DROPS, and its functions are `change_indexes` and `change_indexes_back`. One that fills in many rows
commits after each step, so that nobody waits for long: it does nothing but `fill_in_steps`.

A constraint is added for new rows in one revision and validated in a later one, which reads the old rows without
blocking anybody. A new table needs none of this: give `create_table` its constraints and indexes.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.indexes import Index, build, drop


def add_column(table: str, definition: str) -> None:
    """Adds a column: nullable, or with a constant default."""
    op.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {definition}")


def add_constraint(table: str, name: str, definition: str) -> None:
    """Adds a CHECK or FOREIGN KEY for new rows; a later revision calls `validate_constraints`."""
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition} NOT VALID")


def validate_constraints(table: str, *names: str) -> None:
    """Reads the table's old rows against constraints that an earlier revision added."""
    for name in names:
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def create_table(name: str, *items: sa.schema.SchemaItem) -> None:
    """Creates a table unless it is there: releases before 0010 could leave one of a revision that was cut."""
    if op.get_context().as_sql or not sa.inspect(op.get_bind()).has_table(name):
        op.create_table(name, *items)


def fill_in_steps(table: str, step: str, *, rows: int = 500) -> None:
    """Fills in what follows from other columns, `rows` rows of `table` at a time. Commits after each step.

    `step` is SQL: statements that each end with a semicolon and read its ids from the array `ids`. A run that was
    cut begins from the first row again, so they must do no harm to rows that are filled in already.
    """
    with op.get_context().autocommit_block():
        op.execute(f"""
            DO $fill$
            DECLARE
                ids uuid[];
                last_id uuid := '00000000-0000-0000-0000-000000000000';
            BEGIN
                LOOP
                    ids := ARRAY(SELECT id FROM {table} WHERE id > last_id ORDER BY id LIMIT {rows});
                    EXIT WHEN cardinality(ids) = 0;
                    last_id := ids[cardinality(ids)];
                    {step}
                    COMMIT;
                END LOOP;
            END
            $fill$
        """)


def change_indexes(builds: Sequence[Index], drops: Sequence[Index]) -> None:
    """Builds and drops indexes while others write. Commits before, after and in between."""
    context = op.get_context()
    with context.autocommit_block():
        for index in builds:
            if context.as_sql:
                op.execute(index.creation)
            else:
                build(op.get_bind(), index)
        for index in drops:
            if context.as_sql:
                op.execute(index.removal)
            else:
                drop(op.get_bind(), index)


def change_indexes_back(builds: Sequence[Index], drops: Sequence[Index]) -> None:
    """Takes back what `change_indexes` did with the same indexes."""
    change_indexes(drops, builds)
