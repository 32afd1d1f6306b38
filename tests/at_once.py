"""Does several things at the same moment, each in a thread of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from tests.waiting import wait_until
from workflow.errors import WorkflowError


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Runs each in a thread of its own, all from the same moment. Returns their results in order.

    Raises what the first of them raised that failed.
    """
    barrier = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        barrier.wait(30)
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result(120) for future in [pool.submit(run, act) for act in acts]]


def while_under_way(
    engine: Engine, first: Callable[[Session], object], second: Callable[[Session], object]
) -> str | None:
    """Does `second` while the transaction of `first` has not committed yet, each in a session of its own.

    `first` commits when `second` waits for it, or has ended. Returns the code of the error of `second`, None without.
    """

    def do() -> str | None:
        try:
            with Session(engine) as session, session.begin():
                second(session)
        except WorkflowError as error:
            return error.code
        return None

    with ThreadPoolExecutor(1) as threads, Session(engine) as session:
        first(session)
        session.flush()
        done = threads.submit(do)
        wait_until(lambda: done.done() or _is_one_waiting(engine), what="the second to wait or to end")
        session.commit()
        return done.result(30)


def _is_one_waiting(engine: Engine) -> bool:
    with engine.connect() as connection:
        return bool(connection.scalar(_WAITING))


_WAITING = text("""
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
""")
