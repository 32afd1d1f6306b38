"""Announcing batches when they are judged, and taking back those that failed while their process lives on."""

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


class Announcements:
    """The batches of this process. What stays announced after its locks fell tells that its process died.

    A batch that fails otherwise, Postgres being restarted for one, is taken back: at once, or before the next batch.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._failed: set[UUID] = set()
        self._lock = threading.Lock()

    @contextmanager
    def batch(self) -> Iterator[MarkInFlight]:
        """Returns the function that announces; wrap it round the transaction that judges."""
        self._take_back()
        announced: list[UUID] = []
        holding = ExitStack()

        def announce(request_ids: Sequence[UUID]) -> Callable[[], UUID]:
            batch_id = new_id()
            announced.append(batch_id)
            connection = holding.enter_context(self._engine.connect())
            wait = send_alone(connection, _ANNOUNCE, [str(batch_id), Uuids().array(request_ids)])
            holding.callback(_quietly, wait)  # or it might be stored after it is taken back

            def answer() -> UUID:
                wait()
                return batch_id

            return answer

        try:
            with holding:
                yield announce
        except BaseException:
            with self._lock:
                self._failed.update(announced)
            self._take_back()
            raise

    def _take_back(self) -> None:
        with self._lock:
            failed = list(self._failed)
        if not failed:
            return
        try:
            with Session(self._engine) as session, session.begin():
                session.execute(delete(ApplyBatch).where(ApplyBatch.id.in_(failed)))
        except SQLAlchemyError:
            return  # the database is still away; the next batch takes them back
        with self._lock:
            self._failed.difference_update(failed)


def _quietly(wait: Callable[[], None]) -> None:
    with suppress(SQLAlchemyError):
        wait()


_ANNOUNCE = b"""
    WITH quickly AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
    INSERT INTO apply_batch (id, request_ids) SELECT $1::uuid, $2::uuid[] FROM quickly
"""
"""A transaction of one statement. It has to survive this process, not Postgres, so it waits for no disk."""
