"""Marks batches as in flight while they are judged, and deletes the markers of batches that failed."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from uuid import UUID

from sqlalchemy import Engine, delete
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models import ApplyBatch
from models.base import new_id
from workflow.lifecycle.batch import MarkInFlight
from workflow.sql.arrays import Uuids
from workflow.sql.pipeline import send_alone


class InFlightBatches:
    """The markers of the batches that this process is judging. A marker that outlives its batch shows a dead process.

    If a batch fails but its process survives, as when Postgres restarts, its marker is deleted at once, or at the
    latest before the next batch.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._failed: set[UUID] = set()
        self._lock = threading.Lock()

    @contextmanager
    def batch(self) -> Iterator[MarkInFlight]:
        """Yields the function that marks requests as in flight. The block must contain their transaction."""
        self._delete_failed()
        marked: list[UUID] = []
        holding = ExitStack()

        def mark(request_ids: Sequence[UUID]) -> Callable[[], UUID]:
            batch_id = new_id()
            marked.append(batch_id)
            connection = holding.enter_context(self._engine.connect())
            wait = send_alone(connection, _MARK, [str(batch_id), Uuids().array(request_ids)])
            holding.callback(_quietly, wait)  # otherwise the marker might be stored after its deletion

            def committed() -> UUID:
                wait()
                return batch_id

            return committed

        try:
            with holding:
                yield mark
        except BaseException:
            with self._lock:
                self._failed.update(marked)
            self._delete_failed()
            raise

    def _delete_failed(self) -> None:
        with self._lock:
            failed = list(self._failed)
        if not failed:
            return
        try:
            with Session(self._engine) as session, session.begin():
                session.execute(delete(ApplyBatch).where(ApplyBatch.id.in_(failed)))
        except SQLAlchemyError:
            return  # the database is still unavailable; the next batch tries again
        with self._lock:
            self._failed.difference_update(failed)


def _quietly(wait: Callable[[], None]) -> None:
    with suppress(SQLAlchemyError):
        wait()


_MARK = b"""
    WITH quickly AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
    INSERT INTO apply_batch (id, request_ids) SELECT $1::uuid, $2::uuid[] FROM quickly
"""
"""One statement in its own transaction. The marker must survive this process but not Postgres, so no disk flush."""
