"""What the path of a batch asks of psycopg itself: statements that do not wait for each other, and savepoints.

SQLAlchemy's way to a statement costs more than a statement of a small batch does.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import generators
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection, Dialect, Engine, Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session


@contextmanager
def direct_connection(engine: Engine) -> Iterator[Connection]:
    """A connection for `direct_transaction`, one after another."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection  # the transactions are the driver's


@contextmanager
def direct_transaction(connection: Connection) -> "Iterator[DirectSession]":
    """One transaction on a `direct_connection`: commits when the block ends, rolls back when it raises.

    Its session hands Core statements to psycopg, in a pipeline, BEGIN and COMMIT too: they are sent at once, and who
    reads rows waits for them and for all that was sent before. What Postgres refuses is raised
    (sqlalchemy.exc.DBAPIError) where somebody waits next: a reader, the end of a `together` block or of this one.
    """
    driver: Any = connection.connection.driver_connection
    try:
        with _errors_of(driver), driver.pipeline() as pipeline, _transaction_of(driver):
            yield DirectSession(connection, pipeline)
    except BaseException:
        with suppress(psycopg.Error):
            driver.rollback()  # what was refused at the end kept COMMIT from being carried out
        raise


@contextmanager
def implicit_transaction(connection: Connection) -> "Iterator[DirectSession]":
    """One transaction on a `direct_connection` that the server itself commits, with the first answer that is read.

    Its statements are sent in a pipeline without BEGIN, up to one Sync: a process that is stopped in between holds no
    lock. Raises sqlalchemy.exc.DBAPIError where an answer is waited for.
    """
    driver: Any = connection.connection.driver_connection
    with _errors_of(driver), driver.pipeline() as pipeline:
        yield DirectSession(connection, pipeline)


class DirectSession(Session):
    """A session for `execute` alone, which has no more of a Result than what `_Rows` gives.

    For statements made once, with their modules: each is remembered as psycopg takes it.
    """

    def __init__(self, connection: Connection, pipeline: psycopg.Pipeline) -> None:
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
        """Waits for the answers to all that was sent. Raises what was refused first (sqlalchemy.exc.DBAPIError)."""
        with _errors_of(self._driver):
            self._pipeline.sync()  # fetching alone would not have psycopg know of the transaction

    @contextmanager
    def together(self) -> Iterator[None]:
        """Rolls back to here when the block raises. What is sent in it is waited for at its end, and its first
        statement that Postgres refuses raised (sqlalchemy.exc.DBAPIError); those behind it are not executed.

        The transaction must have begun, by a statement that was waited for: psycopg would take the block for the whole
        transaction.
        """
        if self._driver.info.transaction_status == TransactionStatus.IDLE:
            raise RuntimeError("a savepoint needs a transaction: execute a statement before, and wait for it")
        with _errors_of(self._driver), _transaction_of(self._driver):
            yield
            self.wait()


@contextmanager
def _transaction_of(driver: Any) -> Iterator[None]:
    """BEGIN to COMMIT, or a savepoint within. Has psycopg forget the statements that a broken block was to prepare."""
    with psycopg.Transaction(driver):  # driver.transaction() would wait for each of its commands
        try:
            yield
        except BaseException:
            # A pipeline in which a statement was refused is deaf until it is synchronised, for the rollback too.
            with suppress(psycopg.Error), driver.pipeline():
                pass
            raise


class _Rows:
    """The rows of a statement, as named tuples. Reading them waits for them."""

    def __init__(self, cursor: psycopg.Cursor[Any], session: DirectSession) -> None:
        self._cursor = cursor
        self._session = session

    def all(self) -> list[Any]:
        if self._cursor.pgresult is None:
            self._session.wait()
        return self._cursor.fetchall()

    def __iter__(self) -> Iterator[Any]:
        yield from self.all()


def send_alone(connection: Connection, query: bytes, parameters: Sequence[str]) -> Callable[[], None]:
    """Sends a statement with `$1`, `$2`, ... as a transaction of its own; what it gives waits for the answer.

    Waiting raises what was refused (sqlalchemy.exc.DBAPIError); a second time it does nothing. Until then the
    connection is good for nothing else. Once sent it is carried out, even when this process dies meanwhile.
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
    """A statement as psycopg takes it."""

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
"""By the statement's identity: each is made once, with its module."""


@contextmanager
def _errors_of(driver: Any) -> Iterator[None]:
    """Raises psycopg's errors as SQLAlchemy does, which knows nothing of them."""
    try:
        yield
    except psycopg.Error as error:
        raise DBAPIError.instance(
            "one of several statements", None, error, psycopg.Error, connection_invalidated=driver.broken
        ) from error
