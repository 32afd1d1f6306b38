"""The migrations produce exactly the schema of the models, and run one at a time, up and down."""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from sqlalchemy import CheckConstraint, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import OperationalError

from migrations.run import MIGRATOR, downgrade, head_revision, known_revisions, revisions, upgrade
from models import Base, FailingLane
from models.guards import APPLICATION_ROLE, GUARDS, OLD_WRITERS, PRIVILEGES, TRACKING_PRIVILEGES, TRACKING_ROLE
from models.lifecycle import APP_EDGES
from models.sandbox import TRACKED_STREAM
from runtime.embedded.postgres import PostgresAddresses
from tests.databases import TestDatabase, create_empty, drop
from tests.storage.catalog import CATALOG, catalog_of
from tests.storage.cutting import STAMP
from workflow.lifecycle.rulebook import AppRulebook
from workflow.work.kinds import DueKind

GRANTED = """
    SELECT c.relname, acl.privilege_type
      FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) acl
     WHERE c.relnamespace = 'public'::regnamespace AND acl.grantee = CAST(:role AS regrole)
       AND c.relname <> 'alembic_version'
"""
NOT_VALIDATED = "SELECT conname FROM pg_constraint WHERE NOT convalidated ORDER BY conname"
EDGES_CHECK = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'transition_edge_check'"
EDGE = re.compile(r"'(\w+) (\w+) (\w+) (\w+) (\w+)'")


def _revision(url: str) -> str | None:
    engine = create_engine(url)
    with engine.connect() as connection:
        current = revisions(connection).current
    engine.dispose()
    return current


def _granted(database: TestDatabase, role: str) -> set[tuple[str, str]]:
    engine = create_engine(database.owner_url)
    with engine.connect() as connection:
        granted = {(row.relname, row.privilege_type) for row in connection.execute(text(GRANTED), {"role": role})}
    engine.dispose()
    return granted


def _listed(privileges: dict[str, tuple[str, ...]]) -> set[tuple[str, str]]:
    return {(table, one) for table, listed in privileges.items() for one in listed}


def _create_schema(connection: Connection) -> None:
    """Creates all tables, guards and grants of the models in an empty database."""
    connection.execute(text(OLD_WRITERS.statements[0]))
    Base.metadata.create_all(connection)
    for statement in (statement for guard in GUARDS for statement in guard.statements):
        connection.execute(text(statement))
    for table, privileges in PRIVILEGES.items():
        connection.execute(text(f"GRANT {', '.join(privileges)} ON {table} TO {APPLICATION_ROLE}"))
    connection.execute(text(TRACKED_STREAM))
    for table, privileges in TRACKING_PRIVILEGES.items():
        connection.execute(text(f"GRANT {', '.join(privileges)} ON {table} TO {TRACKING_ROLE}"))


@pytest.fixture(scope="module")
def modelled(
    superuser_connection: psycopg.Connection, postgres_server: PostgresAddresses
) -> Iterator[dict[str, set[tuple[Any, ...]]]]:
    """What a database consists of that the models made."""
    made = create_empty(superuser_connection, postgres_server)
    engine = create_engine(made.owner_url)
    with engine.begin() as connection:
        _create_schema(connection)
    engine.dispose()
    yield catalog_of(made.owner_url)
    drop(superuser_connection, made)


@pytest.mark.parametrize("what", CATALOG)
def test_models_and_migrations_produce_the_same_schema(
    module_database: TestDatabase, modelled: dict[str, set[tuple[Any, ...]]], what: str
) -> None:
    assert modelled[what] == catalog_of(module_database.owner_url)[what]


def test_migrations_go_down_to_nothing_and_up_again_and_two_migrators_at_once_take_turns(
    database: TestDatabase,
) -> None:
    before = catalog_of(database.owner_url)
    downgrade(database.owner_url, "base")
    assert all(not rows for rows in catalog_of(database.owner_url).values())
    with ThreadPoolExecutor(2) as migrators:
        for migrator in [migrators.submit(upgrade, database.owner_url) for _ in range(2)]:
            migrator.result(60)
    assert _revision(database.owner_url) == head_revision()
    assert catalog_of(database.owner_url) == before


def test_every_step_down_leaves_nothing_that_is_not_validated(database: TestDatabase) -> None:
    left: dict[str, Sequence[str]] = {}

    def look(connection: Connection) -> None:
        raw: Any = connection.connection.driver_connection
        if raw.info.parameter_status("application_name") == MIGRATOR:
            left[connection.scalar(text(STAMP)) or "base"] = connection.scalars(text(NOT_VALIDATED)).all()

    event.listen(Engine, "commit", look)
    try:
        downgrade(database.owner_url, "base")
    finally:
        event.remove(Engine, "commit", look)
    assert left == {revision: [] for revision in ("base", *known_revisions())}


def test_a_migration_that_cannot_lock_a_table_gives_up_and_changes_nothing(empty_database: TestDatabase) -> None:
    database = empty_database
    upgrade(database.owner_url, "0001")
    before = catalog_of(database.owner_url)
    engine = create_engine(database.owner_url)
    with engine.connect() as busy:
        busy.execute(text("SELECT count(*) FROM app"))
        with pytest.raises(OperationalError, match="lock timeout"):
            downgrade(database.owner_url, "base")
        busy.rollback()
    engine.dispose()
    assert catalog_of(database.owner_url) == before


def test_every_table_has_an_entry_for_what_the_application_may_do_to_it() -> None:
    assert set(PRIVILEGES) == set(Base.metadata.tables)


def test_the_application_may_do_what_is_listed_and_nothing_else(module_database: TestDatabase) -> None:
    assert _granted(module_database, APPLICATION_ROLE) == _listed(PRIVILEGES)


def test_tracking_may_do_what_is_listed_and_nothing_else(module_database: TestDatabase) -> None:
    assert _granted(module_database, TRACKING_ROLE) == _listed(TRACKING_PRIVILEGES)


def test_every_value_that_a_column_may_have_fits_into_it() -> None:
    checked = 0
    for table in Base.metadata.tables.values():
        for check in (one for one in table.constraints if isinstance(one, CheckConstraint)):
            listed = re.fullmatch(r"(\w+) IN \(('.*')\)", str(check.sqltext))
            if listed is None:
                continue
            length = getattr(table.columns[listed[1]].type, "length", None)
            values = re.findall(r"'(\w+)'", listed[2])
            assert [value for value in values if length and len(value) > length] == [], f"{table.name}.{listed[1]}"
            checked += len(values)
    assert checked > 60
    longest = FailingLane.__table__.columns["table_name"].type
    assert max(map(len, DueKind)) <= getattr(longest, "length", 0)


def test_the_database_knows_the_edges_of_the_machine(module_database: TestDatabase) -> None:
    engine = create_engine(module_database.owner_url)
    with engine.connect() as connection:
        check = connection.execute(text(EDGES_CHECK)).scalar_one()
    engine.dispose()
    assert set(EDGE.findall(check)) == {
        (edge.source, edge.review, edge.trigger, edge.target, edge.review_after) for edge in APP_EDGES
    }


def test_the_machine_has_the_edges_of_the_table() -> None:
    machine = AppRulebook().machine
    moves = {
        (transition.source, name, transition.dest)
        for name, event in machine.events.items()
        for transitions in event.transitions.values()
        for transition in transitions
    }
    assert moves == {(edge.source, edge.trigger, edge.target) for edge in APP_EDGES}
