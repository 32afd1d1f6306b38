"""A queue of leased work in a process: looks for due rows when there is room, and hands them to Dramatiq as messages.

Nothing of it is in Redis. The lease is the mark of what was handed out: what a killed process had in hand is handed out
again when its lease is over.
"""

import logging
import random
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from dramatiq import Message, MessageProxy
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from workers.leasing.rooms import Room, Rooms
from workflow.sql.pipeline import direct_connection, implicit_transaction
from workflow.work.handing_out import Cursor, hand_out
from workflow.work.kinds import DueKind, LeasedKind
from workflow.work.leases import Lease, give_back

LOOK_SECONDS: Final = 0.01
"""The least time between two looks, so that rows that end together are followed by one."""
SHIELD_SECONDS: Final = 0.05
"""How soon a process that judges asks again whether it still does."""
AWAY_SECONDS: Final = 1.0
"""The pause after a look that the database did not answer."""
SLOW_SECONDS: Final = 5.0
"""A try that takes longer proves no lane: its party hangs, whatever the try found."""
MAX_PROVEN: Final = 2_000
HANDED: Final = "handed"
"""The option of a message that carries its row. It never leaves the process."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Handed:
    """A row in hand: its lease, when it was handed out (`time.monotonic`), and what came of it."""

    lease: Lease
    at: float
    works: bool | None = None
    """Whether the lane's party answered; None while nobody has tried."""


class LeasedQueue:
    """The rows of one kind in this process. It outlives Dramatiq's consumers, which are replaced after an exception.

    A look follows a bell, a sweep every `sweep_seconds` (a quarter more or less, so that processes do not march in
    step), and each row that ends while more may be due. Lanes that answered lately are remembered here.
    """

    def __init__(self, kind: LeasedKind, actor_name: str, engine: Engine, rooms: Rooms, sweep_seconds: float) -> None:
        self.kind = kind
        self._actor_name = actor_name
        self._engine = engine
        self._rooms = rooms
        self._sweep_seconds = sweep_seconds
        self._changed = threading.Condition()
        self._waiting: deque[Message[Any]] = deque()
        self._proven: OrderedDict[str, None] = OrderedDict()
        self._cursor = Cursor()
        self._is_rung = False
        self._more_may_be_due = True
        self._looked_at = 0.0
        self._sweeps_at = 0.0
        self._stopping = False

    def ring(self) -> None:
        """Has it look, now or as soon as there is room."""
        with self._changed:
            self._is_rung = True
            self._changed.notify_all()

    def has_room(self) -> bool:
        """Tells whether a ring would be followed by a look at once."""
        return not self._stopping and self._rooms.of(self.kind.kind).free > 0

    def next(self, seconds: float) -> Message[Any] | None:
        """Returns a message for a row that is leased to this process, or None after at most about `seconds`.

        Raises nothing: a database that is away is a warning and a pause.
        """
        ends_at = time.monotonic() + seconds
        while not self._stopping:
            with self._changed:
                if self._waiting:
                    return self._waiting.popleft()
                room = self._rooms.of(self.kind.kind)
                wait = self._seconds_to_look(room)
                if wait > 0:
                    left = ends_at - time.monotonic()
                    if left <= 0:
                        return None
                    self._changed.wait(min(wait, left))
                    continue
                self._is_rung = self._more_may_be_due = False
            self._look(room.free)
        with self._changed:
            self._changed.wait(0.1)  # until Dramatiq stops the consumer, which it does last
        return None

    def leave(self, message: MessageProxy) -> None:
        """Takes a row that was tried, or that nobody will try here, out of hand."""
        handed: Handed = message.options[HANDED]
        self._rooms.leave(self.kind.kind)
        with self._changed:
            if handed.works:
                self._proven[handed.lease.lane] = None
                self._proven.move_to_end(handed.lease.lane)
                while len(self._proven) > MAX_PROVEN:
                    self._proven.popitem(last=False)
            elif handed.works is False:
                self._proven.pop(handed.lease.lane, None)
            self._more_may_be_due = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Hands out nothing more."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def give_back(self, messages: Iterable[MessageProxy | Message[Any]]) -> None:
        """Makes rows that nobody began on due again, with their tries. Raises nothing: else their leases end."""
        leases = [message.options[HANDED].lease for message in messages]
        if not leases:
            return
        self._rooms.leave(self.kind.kind, len(leases))
        try:
            with direct_connection(self._engine) as connection, implicit_transaction(connection) as session:
                give_back(session, self.kind.kind, leases)
        except SQLAlchemyError:
            log.warning(
                "%s rows of %s could not be given back; they wait for their leases", len(leases), self.kind.kind
            )

    def close(self) -> None:
        """Gives back what no thread was given."""
        with self._changed:
            messages = list(self._waiting)
            self._waiting.clear()
        self.give_back(messages)

    def _seconds_to_look(self, room: Room) -> float:
        """Returns how long to wait for the next look, if nothing changes."""
        now = time.monotonic()
        if room.free == 0:
            return SHIELD_SECONDS
        is_called_for = self._is_rung or (self._more_may_be_due and room.free >= self._worth_a_look(room))
        looks_at = self._looked_at + LOOK_SECONDS if is_called_for else self._sweeps_at
        return min(looks_at, self._sweeps_at) - now if is_called_for else looks_at - now

    def _worth_a_look(self, room: Room) -> int:
        """Returns how much room is worth a look: a look for each row would cost as much as the row."""
        return max(1, min(self.kind.ahead // 2, room.all // 4))

    def _look(self, room: int) -> None:
        now = time.monotonic()
        self._looked_at = now
        if now >= self._sweeps_at:
            self._sweeps_at = now + self._sweep_seconds * random.uniform(0.75, 1.25)  # noqa: S311 (not a secret)
        try:
            leases = self._lease(room)
        except SQLAlchemyError as error:
            log.warning("due rows of %s could not be looked for; they are later: %r", self.kind.kind, error)
            leases = ()
            self._looked_at, self._more_may_be_due = now + AWAY_SECONDS, True
        if not leases:
            return
        self._rooms.take(self.kind.kind, len(leases))
        with self._changed:
            self._waiting.extend(self._message(Handed(lease, now)) for lease in leases)

    def _lease(self, room: int) -> Sequence[Lease]:
        with direct_connection(self._engine) as connection, implicit_transaction(connection) as session:
            found = hand_out(
                session,
                self.kind.kind,
                room=room,
                bulk_room=max(0, room - self.kind.kept_for_urgent) if self.kind.kept_for_urgent else None,
                cursor=self._cursor,
                proven=list(self._proven),
            )
        self._cursor = found.cursor
        self._more_may_be_due |= found.lanes_left
        return found.leases

    def _message(self, handed: Handed) -> Message[Any]:
        return Message(
            queue_name=self.kind.bell.value,
            actor_name=self._actor_name,
            args=(str(handed.lease.id),),
            kwargs={},
            options={HANDED: handed},
            message_id=str(uuid4()),
        )


def kinds_served(queues: Iterable[LeasedQueue], whitelist: Iterable[str] | None) -> list[DueKind]:
    """Returns the kinds whose queues a worker serves: all without a whitelist."""
    served = None if whitelist is None else set(whitelist)
    return [queue.kind.kind for queue in queues if served is None or queue.kind.bell.value in served]
