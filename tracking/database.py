"""The sandbox's transactions: many calls share one, and what may pass is tried again."""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from prometheus_client import Counter
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session

from tracking.receiving import UnstorableError
from workflow.outages import Outage
from workflow.sandbox.storing import Delivery, store_deliveries
from workflow.sandbox.streams import Stream, find_streams
from workflow.sql.transient import is_transient

TRIES: Final = 4
EVENTS = Counter("devcenter_sandbox_events", "Events of streams that the sandbox stored, by verdict.", ["verdict"])

Result = TypeVar("Result")
log = logging.getLogger(__name__)


@dataclass(slots=True)
class SandboxDatabase:
    """Finds streams and stores deliveries, each for many calls at once. Raises DBAPIError and PoolTimeout."""

    engine: AsyncEngine
    _outage: Outage = field(default_factory=lambda: Outage("the database", "tracking"))

    async def find(self, key_hashes: Sequence[bytes]) -> Sequence[Stream | None]:
        """Returns the stream of each hash of a write key, None where there is none."""
        return await self._transact(lambda session: find_streams(session, key_hashes))

    async def store(self, deliveries: Sequence[Delivery]) -> Sequence[UnstorableError | None]:
        """Stores all deliveries and commits. If the database refuses a value, only its own delivery is not stored."""
        try:
            await self._transact(lambda session: store_deliveries(session, deliveries))
        except DBAPIError as error:
            if is_transient(error):
                raise
            if len(deliveries) > 1:
                return [(await self.store([one]))[0] for one in deliveries]
            log.warning("the database refused a delivery's values: %s", type(error.orig).__name__)
            return [UnstorableError()]
        for one in deliveries:
            valid = sum(event.valid for event in one.events)
            EVENTS.labels("valid").inc(valid)
            EVENTS.labels("invalid").inc(len(one.events) - valid)
        return [None] * len(deliveries)

    async def is_ready(self) -> bool:
        """Returns whether streams can be found. Raises nothing of the database's."""
        try:
            await self._transact(lambda session: find_streams(session, [b""]), tries=1)
        except (DBAPIError, PoolTimeout):
            return False
        return True

    async def _transact(self, work: Callable[[Session], Result], *, tries: int = TRIES) -> Result:
        """Runs `work` in a transaction, commits, and returns its result. Tries again after errors that may pass.

        A try whose commit may have come through is repeated too: events that are stored are told by their message ids.
        """

        def run(session: Session) -> Result:
            with session.begin():
                return work(session)

        while True:
            tries -= 1
            try:
                async with AsyncSession(self.engine, expire_on_commit=False) as session:
                    result = await session.run_sync(run)
                self._outage.works()
                return result
            except (DBAPIError, PoolTimeout) as error:
                if not isinstance(error, PoolTimeout) and not is_transient(error):
                    raise
                self._outage.failed(error)
                if tries <= 0:
                    raise
            await asyncio.sleep(random.uniform(0.05, 0.25))  # noqa: S311 (not a secret)
