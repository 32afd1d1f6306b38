"""Announcing batches before they are judged, and taking back those that failed while their process lives on."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import Engine, delete
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models import ApplyBatch
from models.base import new_id
from workflow.columns import Uuids, statement


class Announcements:
    """The batches of this process. What stays announced after its locks fell tells that its process died.

    A batch that fails otherwise, Postgres being restarted for one, is taken back: at once, or before the next batch.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._failed: set[UUID] = set()
        self._lock = threading.Lock()

    @contextmanager
    def batch(self) -> Iterator[Callable[[Sequence[UUID]], UUID]]:
        """Gives the function that announces; wrap it round the transaction that judges."""
        self._take_back()
        announced: list[UUID] = []

        def announce(request_ids: Sequence[UUID]) -> UUID:
            announced.append(new_id())
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(_ANNOUNCE, {"id": announced[-1], "request_ids": request_ids})
            return announced[-1]

        try:
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


_ANNOUNCE = statement(
    """
    WITH quickly AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
    INSERT INTO apply_batch (id, request_ids) SELECT :id, :request_ids FROM quickly
    """,
    request_ids=Uuids(),
)
"""A transaction of one statement. It has to survive this process, not Postgres, so it waits for no disk."""
