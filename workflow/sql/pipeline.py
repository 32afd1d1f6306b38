"""Pipelined statements and savepoints with psycopg directly, for the transaction that judges a batch.

SQLAlchemy's overhead per statement is larger than the cost of executing a statement of a small batch.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import generators
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection, Dialect, Engine, Executable, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models.sqlstates import ends_connection


@contextmanager
def direct_connection(engine: Engine) -> Iterator[Connection]:
    """Yields a connection for any number of `direct_transaction`s, one after another.

    If the block raises an error after which the connection must not be used again, the pool discards it.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        try:
            yield connection  # AUTOCOMMIT for SQLAlchemy: psycopg begins and ends the transactions
        except DBAPIError as error:
            if not connection.invalidated and ends_connection(error):
                connection.invalidate(error)
            raise


@contextmanager
def direct_transaction(connection: Connection) -> "Iterator[DirectSession]":
    """Runs one transaction on a `direct_connection`: commits when the block ends, rolls back when it raises.

    The session passes Core statements to psycopg in pipeline mode, BEGIN and COMMIT included. Sending a statement does
    not block; reading a result blocks until it and every earlier statement has completed. An error from Postgres is
    raised (sqlalchemy.exc.DBAPIError) at the next point that waits: a read, the end of a `savepoint` block, or the end
    of this block.
    """
    driver: Any = connection.connection.driver_connection
    try:
        with _errors_of(driver), driver.pipeline() as pipeline, _transaction_of(driver):
            yield DirectSession(connection, pipeline)
    except BaseException:
        with suppress(psycopg.Error):
            driver.rollback()  # an error in the last statements kept COMMIT from being executed
        raise


@contextmanager
def implicit_transaction(connection: Connection) -> "Iterator[DirectSession]":
    """Runs one transaction on a `direct_connection` without BEGIN and COMMIT: the server commits it at the Sync.

    Its statements are sent in a pipeline without BEGIN, up to one Sync. A process that is stopped between two of them
    holds their locks for IMPLICIT_SECONDS at most: then the server ends the transaction, and the connection with it.
    Raises sqlalchemy.exc.DBAPIError where an answer is waited for.
    """
    driver: Any = connection.connection.driver_connection
    with _errors_of(driver), driver.pipeline() as pipeline:
        session = DirectSession(connection, pipeline)
        session.execute(_BOUND, {"limit": f"{IMPLICIT_SECONDS}s"})
        yield session


class DirectSession(Session):
    """A session that supports only `execute`, whose results offer only what `_Rows` does.

    Meant for statements built once, at import: the compiled form of each is cached by the statement's identity. Without
    a pipeline each statement is waited for, and is a transaction of its own.
    """

    def __init__(self, connection: Connection, pipeline: psycopg.Pipeline | None = None) -> None:
        super().__init__(connection)
        self._driver: Any = connection.connection.driver_connection
        self._dialect = connection.dialect
        self._pipeline = pipeline

    def execute(self, statement: Any, params: Any = None, **_: Any) -> Any:
        form = _direct_form(statement, self._dialect)
        cursor = self._driver.cursor(row_factory=namedtuple_row)
        with _errors_of(self._driver):
            if isinstance(params, Sequence):
                cursor.executemany(form.sql, [form.dumped(one) for one in params])
            else:
                cursor.execute(form.sql, form.dumped(params or {}))
        return _Rows(cursor, self)

    def wait(self) -> None:
        """Blocks until every statement sent has completed. Raises the first error (sqlalchemy.exc.DBAPIError)."""
        if self._pipeline is None:
            return
        with _errors_of(self._driver):
            self._pipeline.sync()  # fetching alone would not update the transaction status that psycopg knows

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Runs the block within a savepoint, and rolls back to it when the block raises.

        The end of the block waits for every statement sent in it, and raises the first error
        (sqlalchemy.exc.DBAPIError); the statements after the failed one are not executed. The transaction must have
        begun with a statement that was waited for, because psycopg would otherwise begin a transaction of its own
        for the block. Raises RuntimeError if it has not.
        """
        if self._driver.info.transaction_status == TransactionStatus.IDLE:
            raise RuntimeError("a savepoint needs a transaction: execute a statement first, and wait for it")
        with _errors_of(self._driver), _transaction_of(self._driver):
            yield
            self.wait()


@contextmanager
def _transaction_of(driver: Any) -> Iterator[None]:
    """Runs a transaction, or a savepoint inside one. Clears what a failed block left in the pipeline."""
    with psycopg.Transaction(driver):  # driver.transaction() would wait for each of its commands
        try:
            yield
        except BaseException:
            # After an error a pipeline ignores every command until it is synchronised, a rollback included.
            with suppress(psycopg.Error), driver.pipeline():
                pass
            raise


class _Rows:
    """The rows of a statement, as named tuples. Reading them blocks until they have arrived."""

    def __init__(self, cursor: psycopg.Cursor[Any], session: DirectSession) -> None:
        self._cursor = cursor
        self._session = session

    def all(self) -> list[Any]:
        if self._cursor.pgresult is None:
            self._session.wait()
        return self._cursor.fetchall()

    def one_or_none(self) -> Any:
        """Returns the only row, or None if there is none. Raises ValueError if there are several."""
        rows = self.all()
        if len(rows) > 1:
            raise ValueError("several rows where one was expected")
        return rows[0] if rows else None

    def __iter__(self) -> Iterator[Any]:
        yield from self.all()


def send_alone(connection: Connection, query: bytes, parameters: Sequence[str]) -> Callable[[], None]:
    """Sends a statement with the parameters `$1`, `$2`, ... as a transaction of its own, without waiting for it.

    The returned function blocks until the statement has completed and raises its error (sqlalchemy.exc.DBAPIError);
    further calls do nothing. Until it has been called the connection cannot be used for anything else. Once sent, the
    statement is executed even if this process dies in the meantime.
    """
    driver: Any = connection.connection.driver_connection
    with _errors_of(driver):
        driver.pgconn.send_query_params(query, [value.encode() for value in parameters])
        driver.wait(generators.send(driver.pgconn))
    waiting = True

    def wait() -> None:
        nonlocal waiting
        if not waiting:
            return
        waiting = False
        with _errors_of(driver):
            for result in driver.wait(generators.execute(driver.pgconn)):
                if result.status not in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
                    raise psycopg.errors.error_from_result(result)

    return wait


class _DirectForm:
    """A statement compiled for psycopg."""

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        self.sql = str(compiled)
        self._processors: dict[str, Callable[[Any], Any]] = {
            name: processor
            for name, bind in compiled.binds.items()
            if (processor := bind.type.dialect_impl(dialect).bind_processor(dialect))
        }

    def dumped(self, params: Mapping[str, Any]) -> dict[str, Any]:
        processors = self._processors
        return {name: processors[name](value) if name in processors else value for name, value in params.items()}


_direct_form = lru_cache(maxsize=500)(_DirectForm)
"""Cached by the statement's identity: each is built once, at import."""


@contextmanager
def _errors_of(driver: Any) -> Iterator[None]:
    """Turns psycopg's errors into SQLAlchemy's, as SQLAlchemy would if it executed the statements itself."""
    try:
        yield
    except psycopg.Error as error:
        raise DBAPIError.instance(
            "one of several statements", None, error, psycopg.Error, connection_invalidated=driver.broken
        ) from error


IMPLICIT_SECONDS = 5
"""How long an implicit transaction may last."""
_BOUND = text("""
    SELECT set_config('transaction_timeout', '0', true) AS stopped,
           set_config('transaction_timeout', :limit, true) AS started
""")
"""Postgres does not start the clock anew when the limit changes, but does when it is switched on again."""
