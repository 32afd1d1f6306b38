"""What an installation says of itself while it stops, and a second Ctrl-C, which stops it at once."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from cli.supervisor import STOP_SECONDS, Supervisor
from workflow.operating.backlog import measure_backlog

ANSWER_SECONDS = 2
"""How long the database may take to say what is under way."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Work:
    """How many rows are due, and how many of them workers have begun."""

    due: int
    begun: int


def stop_telling(supervisor: Supervisor, database_url: str, say: Say) -> None:
    """Stops everything in order, and says what it waits for and what is left. A second Ctrl-C stops all at once."""
    with _second_signal(supervisor.hurry) as is_hurried:
        work = _measure(database_url)
        awaited = "what has been begun" if work is None else _count(work.begun, "attempt")
        say(
            f"Stopping: waiting for {awaited}, at most {STOP_SECONDS:.0f} s; press Ctrl-C again to stop now, "
            "which loses nothing."
        )
        supervisor.stop_programs()
        left = None if is_hurried.is_set() else _measure(database_url)
        supervisor.stop()
    if is_hurried.is_set():
        say("Stopped at once. What was begun is done again after the next start.")
    elif left is not None:
        say(f"Left for the next start: {_count(left.due, 'due row')}; {_count(left.begun, 'attempt')} cut off.")


@contextmanager
def _second_signal(hurry: Callable[[], None]) -> Iterator[threading.Event]:
    """Has SIGINT and SIGTERM call `hurry` in a thread, and set the event. Ignores them afterwards, as before."""
    is_hurried = threading.Event()

    def run() -> None:
        is_hurried.set()
        hurry()

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: threading.Thread(target=run, name="hurry").start())
    try:
        yield is_hurried
    finally:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)


def _measure(database_url: str) -> _Work | None:
    """Returns what the database says of work, None if it does not say it soon."""
    options = {"connect_timeout": ANSWER_SECONDS, "options": f"-c statement_timeout={ANSWER_SECONDS}s"}
    engine = create_engine(database_url, poolclass=NullPool, connect_args=options)
    try:
        with Session(engine) as session:
            kinds = measure_backlog(session).kinds.values()
    except SQLAlchemyError:
        return None
    finally:
        engine.dispose()
    return _Work(sum(one.due for one in kinds), sum(one.in_flight for one in kinds))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
