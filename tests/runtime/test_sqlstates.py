"""Every SQLSTATE that the driver knows has a decision, and a spoiled connection is never used twice."""

import asyncio

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from models.sqlstates import ENDS_CONNECTION, FAULT_OF_CLASS, FAULT_OF_STATE, OWN_FAULTS, Fault, fault_of_state
from runtime.database import make_async_engine, make_engine
from tests.databases import TestDatabase
from tests.runtime.test_database import settings_for
from web.problems import STATUS_OF_FAULT
from workflow.sql.pipeline import direct_connection, direct_transaction

KNOWN = sorted(
    {
        kind.sqlstate
        for kind in vars(psycopg.errors).values()
        if isinstance(kind, type) and issubclass(kind, psycopg.Error) and isinstance(kind.sqlstate, str)
    }
)


def test_every_class_that_the_driver_knows_has_a_decision() -> None:
    assert len(KNOWN) > 200
    assert {state[:2] for state in KNOWN} <= set(FAULT_OF_CLASS) | {"00", "01"}  # success and warnings are no errors
    assert set(FAULT_OF_STATE) <= set(KNOWN)


def test_every_fault_has_an_answer_and_only_a_defect_of_the_code_is_a_500() -> None:
    assert set(STATUS_OF_FAULT) == set(Fault)
    assert [fault for fault, (status, *_) in STATUS_OF_FAULT.items() if status == 500] == [Fault.DEFECT]


@pytest.mark.parametrize(
    ("state", "said", "fault"),
    [
        ("0A000", "cached plan must not change result type", Fault.UNFIT),
        ("0A000", "cannot do that", Fault.DEFECT),
        ("26000", "prepared statement does not exist", Fault.UNFIT),
        ("42P05", "prepared statement already exists", Fault.UNFIT),
        ("57014", "canceling statement due to statement timeout", Fault.SLOW),
        ("57014", "canceling statement due to user request", Fault.CANCELLED),
        ("55P03", "canceling statement due to lock timeout", Fault.LOCKED),
        ("XX000", "tsquery stack too small", Fault.VALUE),
        ("XX000", "cache lookup failed for relation 1", Fault.UNFIT),
        ("XX001", "invalid page", Fault.BROKEN),
        ("54001", "stack depth limit exceeded", Fault.VALUE),
        ("25006", "cannot execute INSERT in a read-only transaction", Fault.READ_ONLY),
    ],
)
def test_a_state_that_stands_for_several_faults_is_told_apart(state: str, said: str, fault: Fault) -> None:
    assert fault_of_state(state, said) is fault


def test_a_plan_that_no_longer_fits_is_known_in_every_language(database: TestDatabase) -> None:
    """What the German message says is not what is gone by, and where it comes from is what Postgres sends."""
    assert fault_of_state("0A000", "gecachter Plan darf den Ergebnistyp nicht ändern", "RevalidateCachedQuery") is (
        Fault.UNFIT
    )
    with psycopg.connect(database.owner_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE TABLE planned (a int)")
        connection.execute("PREPARE reading AS SELECT * FROM planned")
        connection.execute("EXECUTE reading")
        connection.execute("ALTER TABLE planned ADD b int")
        with pytest.raises(psycopg.errors.FeatureNotSupported) as refused:
            connection.execute("EXECUTE reading")
    assert refused.value.diag.source_function == "RevalidateCachedQuery"


def test_the_same_statement_would_not_succeed_after_an_own_fault_alone() -> None:
    assert not OWN_FAULTS & ENDS_CONNECTION


SPOILED = {
    "a prepared statement is gone": ("DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$", "SELECT count(*) FROM app"),
    "the search path is another": ("SET search_path = pg_catalog", "SELECT count(*) FROM app"),
    "it takes no writes": ("SET default_transaction_read_only = on", "DELETE FROM apply_batch WHERE false"),
}


@pytest.mark.parametrize("spoiling", SPOILED)
def test_a_spoiled_connection_is_replaced_after_its_first_error(spoiling: str, database: TestDatabase) -> None:
    spoil, use = SPOILED[spoiling]
    engine = make_engine(settings_for(database.application_url))
    for _ in range(10):  # more than the executions after which the driver prepares a statement
        with engine.begin() as connection:
            connection.execute(text(use))
    with engine.begin() as connection:
        connection.connection.driver_connection.execute(spoil, prepare=False)  # type: ignore[union-attr]
    with pytest.raises(DBAPIError), engine.begin() as connection:
        connection.execute(text(use))
    with engine.begin() as connection:
        connection.execute(text(use))
    engine.dispose()


@pytest.mark.parametrize("spoiling", [one for one in SPOILED if one != "a prepared statement is gone"])
def test_a_spoiled_connection_of_a_pipeline_is_replaced_after_its_first_error(
    spoiling: str, database: TestDatabase
) -> None:
    spoil, use = SPOILED[spoiling]
    engine = make_engine(settings_for(database.application_url))

    def use_it(*first: str) -> None:
        with direct_connection(engine) as connection:
            for statement in first:
                connection.connection.driver_connection.execute(statement)  # type: ignore[union-attr]
            with direct_transaction(connection) as session:
                session.execute(text(use))

    with pytest.raises(DBAPIError):
        use_it(spoil)
    use_it()
    engine.dispose()


def test_a_spoiled_connection_of_an_event_loop_is_replaced_after_its_first_error(database: TestDatabase) -> None:
    async def use_twice() -> None:
        engine = make_async_engine(settings_for(database.application_url))
        async with engine.begin() as connection:
            await connection.execute(text("SET search_path = pg_catalog"))
        with pytest.raises(DBAPIError):
            async with engine.begin() as connection:
                await connection.execute(text("SELECT count(*) FROM app"))
        async with engine.begin() as connection:
            await connection.execute(text("SELECT count(*) FROM app"))
        await engine.dispose()

    asyncio.run(use_twice())
