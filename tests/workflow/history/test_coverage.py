"""Every column of a table that is only added to, or that a decision rests on, is covered, or left out for a reason."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import ARRAY, Column, Connection, Engine, Uuid, create_engine, text
from sqlalchemy.orm import Session

from models import Asset, Base
from models.guards import PRIVILEGES
from models.lifecycle import AppTrigger, Role
from tests.databases import TestDatabase
from tests.journeys import BECAUSE, KEY, People, apps_in_public_beta, ask, judge, now_of, people_in
from tests.waiting import wait_until
from workflow.history.coverage import CHAINED, NOT_COVERED, SEALED
from workflow.history.finding import Finding
from workflow.history.key import record_history_key
from workflow.history.sealing import LATE_BY, seal_next, sealing_steps
from workflow.history.seals import SealHead
from workflow.history.verification import exported_seals, verify_history
from workflow.operating.publishing import find_policy, publish_policy
from workflow.reviewing.conversation import write_as_reviewer, write_note
from workflow.reviewing.saved_reasons import add_saved_reason
from workflow.sql.steps import work_off

WAITING = text("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
TABLES = Base.metadata.tables
LEFT_OUT = {table: one.left_out for table, one in SEALED.items()} | dict(CHAINED)
COVERED = [
    (table, column.name)
    for table, left_out in sorted(LEFT_OUT.items())
    for column in TABLES[table].columns
    if column.name not in left_out
]


def test_every_table_is_covered_or_has_a_reason_why_not() -> None:
    assert {*SEALED, *CHAINED, *NOT_COVERED} == set(TABLES)
    assert len(SEALED) + len(CHAINED) + len(NOT_COVERED) == len(TABLES)
    assert all(NOT_COVERED.values())


def test_every_column_that_is_left_out_exists_and_has_a_reason() -> None:
    for table, left_out in LEFT_OUT.items():
        assert set(left_out) <= set(TABLES[table].columns.keys()), table
        assert all(left_out.values()), table


def test_every_table_that_is_only_added_to_is_covered_in_all_its_columns() -> None:
    only_added_to = {table for table, allowed in PRIVILEGES.items() if set(allowed) == {"SELECT", "INSERT"}}
    assert only_added_to <= set(LEFT_OUT)
    assert {table for table in only_added_to if LEFT_OUT[table]} == {"transition"}


@pytest.fixture(scope="module")
def superuser(module_database: TestDatabase, module_engine: Engine) -> Iterator[Engine]:
    """A database with sealed rows in every covered table, as a superuser sees it."""
    _fill(module_engine, people_in(module_engine))
    _seal(module_engine)
    made = create_engine(module_database.superuser_url)
    yield made
    made.dispose()


def _fill(engine: Engine, people: People) -> None:
    (app_id,) = apps_in_public_beta(engine, people, ["acme"])
    ask(engine, people.admin, "acme", AppTrigger.SUSPEND, reasons=BECAUSE)
    judge(engine)
    with Session(engine) as session, session.begin():
        now = now_of(session)
        review = session.execute(text("SELECT id FROM review")).scalar_one()
        write_as_reviewer(session, review, "What do you mean?", people.reviewer, now)
        write_note(session, review, "A note.", people.reviewer, now)
        add_saved_reason(session, "mend", "Mend it.", "", people.reviewer)
        current = find_policy(session, None)
        publish_policy(session, current.document, base=current.version, note="the same", actor=people.admin)
        content = b"a picture"
        session.add(
            Asset(
                app_id=app_id,
                kind="logo",
                sha256=session.execute(text("SELECT sha256(:content)"), {"content": content}).scalar_one(),
                media_type="image/png",
                size=len(content),
                width=1,
                height=1,
                content=content,
                sanitised=True,
                uploaded_by=people.partner.id,
            )
        )
        record_history_key(session, KEY)


@contextmanager
def _unit_of_work(engine: Engine) -> Iterator[Session]:
    with Session(engine) as session, session.begin():
        yield session


def _seal(engine: Engine) -> int:
    ends_at = time.monotonic() + 60
    return sum(work_off(partial(_unit_of_work, engine), step, ends_at=ends_at) for step in sealing_steps(KEY))


def _found(connection: Connection, seals: tuple[SealHead, ...] = ()) -> list[Finding]:
    with Session(connection) as session:
        return list(verify_history(session, KEY, seals=seals))


@contextmanager
def _tampering(superuser: Engine) -> Iterator[Connection]:
    """A transaction of a superuser who has switched the triggers off. It is rolled back."""
    with superuser.connect() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        yield connection
        connection.rollback()


def _without_checks(connection: Connection, table: str) -> None:
    """Drops what would refuse a value that makes no sense: whoever rewrites history may do so too."""
    names = connection.scalars(
        text("SELECT conname FROM pg_constraint WHERE conrelid = CAST(:table AS regclass) AND contype = 'c'"),
        {"table": table},
    )
    for name in names.all():
        connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
    for column in (one.name for one in TABLES[table].columns if one.identity):
        connection.execute(text(f"ALTER TABLE {table} ALTER {column} DROP IDENTITY"))


OTHER: dict[str, str] = {
    "UUID": "uuidv7()",
    "TEXT": "'another'",
    "VARCHAR": "'another'",
    "INTEGER": "coalesce({column}, 0) + 1000",
    "SMALLINT": "coalesce({column}, 0) + 1000",
    "BIGINT": "coalesce({column}, 0) + 1000",
    "TIMESTAMP": "coalesce({column}, now()) - interval '1 second'",
    "BYTEA": "sha256(coalesce({column}, ''))",
    "JSONB": """'[{{"another": "value"}}]'""",
    "ARRAY": "'{{another}}'",
    "BOOLEAN": "NOT {column}",
}


def _other(column: Column[Any]) -> str:
    """Returns an SQL expression for another value of the column's type."""
    kind = type(column.type).__name__.upper()
    aliases = {
        "STRING": "VARCHAR",
        "LARGEBINARY": "BYTEA",
        "DATETIME": "TIMESTAMP",
        "BIGINTEGER": "BIGINT",
        "SMALLINTEGER": "SMALLINT",
    }
    kind = aliases.get(kind, kind)
    if isinstance(column.type, ARRAY) and isinstance(column.type.item_type, Uuid):
        return "ARRAY[uuidv7()]"
    return OTHER[kind].format(column=f'"{column.name}"')


def test_the_filled_database_has_sealed_rows_of_every_sealed_table_and_verifies(superuser: Engine) -> None:
    with superuser.connect() as connection:
        assert set(connection.scalars(text("SELECT table_name FROM history_segment"))) == set(SEALED)
        assert _found(connection) == []


@pytest.mark.parametrize("table", sorted(LEFT_OUT))
def test_another_value_in_any_covered_column_is_found_in_its_table(superuser: Engine, table: str) -> None:
    unnoticed = []
    for column in (TABLES[table].columns[name] for of, name in COVERED if of == table):
        with _tampering(superuser) as connection:
            _without_checks(connection, table)
            place = f"ctid = (SELECT ctid FROM {table} ORDER BY {_newest(table)} LIMIT 1)"
            changed = connection.execute(text(f'UPDATE {table} SET "{column.name}" = {_other(column)} WHERE {place}'))
            assert changed.rowcount == 1
            if table not in {finding.table for finding in _found(connection)}:
                unnoticed.append(column.name)
    assert unnoticed == []


def _newest(table: str) -> str:
    """Returns the order in which the row that a test rewrites comes first."""
    applied = {"transition_request": "version IS NULL, ", "policy_version": "version DESC, "}
    return applied.get(table, "") + "ctid DESC"


@pytest.mark.parametrize("table", sorted(one.table for one in SEALED.values() if not one.is_draft))
def test_a_sealed_row_that_is_missing_is_found(superuser: Engine, table: str) -> None:
    with _tampering(superuser) as connection:
        connection.execute(text(f"DELETE FROM {table}"))
        assert (table, "this row was sealed, and is missing") in {
            (finding.table, finding.detail) for finding in _found(connection)
        }


def test_a_row_that_was_added_afterwards_among_sealed_ones_is_found(superuser: Engine) -> None:
    with _tampering(superuser) as connection:
        connection.execute(
            text("""
                INSERT INTO audit_entry (at, actor_id, actor_role, action, target, detail)
                SELECT at - CAST(:late AS interval), actor_id, actor_role, 'token.create', target, detail
                  FROM audit_entry ORDER BY at LIMIT 1
            """),
            {"late": LATE_BY + timedelta(seconds=1)},
        )
        assert {finding.table for finding in _found(connection)} == {"audit_entry"}


def test_a_forged_digest_does_not_hide_a_rewritten_submission_or_policy(superuser: Engine) -> None:
    for statement in (
        "UPDATE submission SET snapshot = '{}', digest = NULL",
        "UPDATE policy_version SET document = document || '{\"customers_to_promote\": 0}', digest = NULL",
    ):
        with _tampering(superuser) as connection:
            connection.execute(text(statement))
            connection.execute(text("DELETE FROM history_segment"))
            assert "transition" in {finding.table for finding in _found(connection)}, "the log's rows cover it too"


def test_exported_seals_reveal_segments_that_were_cut_off_with_their_rows(superuser: Engine) -> None:
    with superuser.connect() as connection, Session(connection) as session:
        heads = exported_seals(session, now_of(session) - timedelta(days=1))
    seals = tuple(SealHead(head["table"], head["number"], bytes.fromhex(head["seal"])) for head in heads)
    assert {head.table for head in seals} == set(SEALED)
    with _tampering(superuser) as connection:
        connection.execute(text("DELETE FROM internal_note"))
        connection.execute(text("DELETE FROM history_segment WHERE table_name = 'internal_note'"))
        assert _found(connection) == []
        assert [finding.row for finding in _found(connection, seals)] == ["internal_note 1"]


def test_a_picture_may_be_deleted_and_may_not_be_rewritten(superuser: Engine) -> None:
    with _tampering(superuser) as connection:
        connection.execute(text("DELETE FROM asset"))
        assert _found(connection) == []


def test_a_row_that_is_committed_late_goes_into_a_later_segment(engine: Engine, people: People) -> None:
    entry = """
        INSERT INTO audit_entry (at, actor_id, actor_role, action, target, detail)
        VALUES (now() - CAST(:ago AS interval), :actor, :role, 'test', 'late', '{}')
    """
    values = {"actor": people.admin.id, "role": Role.ADMIN.value}
    sealed = _seal(engine)
    for ago in (timedelta(0), LATE_BY / 2):
        with Session(engine) as session, session.begin():
            session.execute(text(entry), values | {"ago": ago})
        assert _seal(engine) == 1
    assert sealed > 0
    assert _seal(engine) == 0
    with Session(engine) as session:
        assert list(verify_history(session, KEY)) == []


def test_two_processes_that_seal_at_once_seal_each_row_once(engine: Engine, people: People) -> None:
    apps_in_public_beta(engine, people, ["acme"])
    table = SEALED["submission"]

    def seal() -> int:
        with _unit_of_work(engine) as session:
            return seal_next(table, KEY, session, 100)

    looking = engine.execution_options(isolation_level="AUTOCOMMIT")
    with ThreadPoolExecutor(1) as another, looking.connect() as connection:
        with _unit_of_work(engine) as session:
            assert seal_next(table, KEY, session, 100) == 1
            other = another.submit(seal)
            wait_until(lambda: connection.execute(WAITING).all(), what="the other process at the same segment")
        assert other.result(30) == 0
    with Session(engine) as session:
        assert session.execute(text("SELECT number, cardinality(keys) FROM history_segment")).all() == [(1, 1)]
