"""Measures the time that the statements of a function take in the database, independent of the client's load."""

from collections.abc import Callable
from statistics import median
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

_EXPLAIN = "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON)"


def milliseconds_in_database(engine: Engine, session: Session, work: Callable[[Session], Any], *, looks: int) -> float:
    """Runs `work` `looks` times. Returns the median of the total time of its statements. Rolls the session back."""
    statements: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        statements.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    work(session)
    event.remove(engine, "before_cursor_execute", note)
    took = []
    for _ in range(looks):
        session.rollback()
        driver: Any = session.connection().connection.driver_connection
        plans = [driver.execute(f"{_EXPLAIN} {one}", given).fetchone()[0][0] for one, given in statements]
        took.append(sum(plan["Planning Time"] + plan["Execution Time"] for plan in plans))
    session.rollback()
    return float(median(took))
