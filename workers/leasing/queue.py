"""A queue of leased work in a process: it looks for due rows and hands them to Dramatiq as messages.

Nothing of it is in Redis. The lease is the mark of what was handed out: the rows of a killed process are handed out
again when their leases end.
"""

import logging
import random
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from dramatiq import Message, MessageProxy
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from workers.leasing.capacity import ProcessCapacity
from workers.leasing.outage import PausingOutage
from workflow.outages import Outage
from workflow.sql.pipeline import DirectSession, direct_connection, implicit_transaction
from workflow.work.handing_out import Cursor, HandedOut, find_walk_ends, hand_out, next_cursor
from workflow.work.kinds import DueKind, LeasedKind
from workflow.work.leases import Lease, give_back

LOOK_SECONDS: Final = 0.01
"""The least time between two looks, so that one look follows several rows that end together."""
FULL_SECONDS: Final = 0.05
"""How soon a queue without places asks for some again: another kind may have freed them, or judging may be over."""
SHIELD_SECONDS: Final = 0.4
"""The least time between two looks while the process judges."""
AHEAD_WHILE_JUDGING: Final = 2
"""How many rows may wait for a thread while the process judges, so that a look brings two and a place for urgent ones:
a look for each row would cost as much as the row."""
AWAY_SECONDS: Final = 1.0
"""The pause after a look that failed because of the database."""
PROVEN_SECONDS: Final = 300.0
"""How long a lane counts as one that answers."""
MAX_PROVEN: Final = 2_000
"""The number of proven lanes that a queue remembers."""
HANDED: Final = "handed"
"""The message option that carries the `Handed`. Messages never leave the process."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Handed:
    """A row that was handed out: its lease, and when (`time.monotonic`).

    `answered` is whether the lane's party answered in time; None while that is not known. `away` is the error of an
    attempt that found away what the whole kind needs.
    """

    lease: Lease
    at: float
    answered: bool | None = None
    away: Exception | None = None


def give_back_rows(engine: Engine, kind: DueKind, leases: Sequence[Lease]) -> None:
    """Makes rows that nobody began on due again, without counting an attempt. Commits. Raises nothing.

    If the database fails, it logs a warning: the rows are due when their leases end.
    """
    if not leases:
        return
    try:
        with direct_connection(engine) as connection, implicit_transaction(connection) as session:
            give_back(session, kind, leases)
    except SQLAlchemyError:
        log.warning("could not give back %s rows of %s; they are due when their leases end", len(leases), kind)


class LeasedQueue:
    """The leased rows of one kind in this process. It outlives Dramatiq's consumers, which Dramatiq may replace.

    A look follows a ring, a sweep every `sweep_seconds` (a quarter more or less, so that processes do not march in
    step), and each row that ends. It leases as many rows as there are places, and `ahead` more, which wait here and
    not in Dramatiq's own queue, where they would stand before the rows of other kinds. While the process judges, looks
    are rare, and bring AHEAD_WHILE_JUDGING rows more than there are places. Once it has judged, a look follows at once.
    """

    def __init__(
        self,
        kind: LeasedKind,
        actor_name: str,
        engine: Engine,
        capacity: ProcessCapacity,
        sweep_seconds: float,
        ring_for_others: Callable[..., None],
    ) -> None:
        self.kind = kind
        self._actor_name = actor_name
        self._engine = engine
        self._capacity = capacity
        self._sweep_seconds = sweep_seconds
        self._ring_for_others = ring_for_others
        self._changed = threading.Condition()
        self._waiting: deque[Handed] = deque()
        self._places = 0
        self._looking = 0
        self._proven: OrderedDict[str, float] = OrderedDict()
        self._cursor = Cursor()
        self._outage = PausingOutage(kind.kind.value)
        self._database = Outage("the database", f"handing out rows of {kind.kind.value}")
        self._is_rung = False
        self._more_may_be_due = True
        self._was_shielded = False
        self._looked_at = 0.0
        self._pause = 0.0
        self._sweeps_at = 0.0
        self._stopping = False

    def ring(self) -> None:
        """Makes the queue look for due rows now, or as soon as there is a place."""
        with self._changed:
            self._is_rung = True
            self._changed.notify_all()

    def has_room(self) -> bool:
        """Returns whether the queue would look for due rows at once if its bell rang."""
        return not self._stopping and self._capacity.free(self.kind.kind) > 0

    def begun(self) -> int:
        """Returns how many rows are worked on: the places in use but those that a look or a waiting row has."""
        with self._changed:
            return self._capacity.in_use(self.kind.kind) - self._places - self._looking

    def next(self, seconds: float) -> Message[Any] | None:
        """Returns a message for a row that is leased to this process, or None after about `seconds` at most.

        Raises nothing: if the database fails, it pauses, and logs that once.
        """
        ends_at = time.monotonic() + seconds
        while not self._stopping:
            with self._changed:
                if self._waiting and self._has_place():
                    self._places -= 1
                    return self._message(self._waiting.popleft())
                wait = self._seconds_to_look()
                if wait > 0:
                    left = ends_at - time.monotonic()
                    if left <= 0:
                        return None
                    self._changed.wait(min(wait, left))
                    continue
            self._look()
        with self._changed:
            self._changed.wait(0.1)  # Dramatiq keeps calling until it stops the consumer
        return None

    def done(self, message: MessageProxy) -> None:
        """Frees the place of a row after its attempt, and records whether its lane answered."""
        handed: Handed = message.options[HANDED]
        self._capacity.release(self.kind.kind, 1)
        if handed.away is not None:
            self._outage.note_away(handed.away)
            self._give_back_waiting()
        elif handed.answered is not None:
            self._outage.note_answer()
        with self._changed:
            if handed.answered:
                self._proven[handed.lease.lane] = time.monotonic()
                self._proven.move_to_end(handed.lease.lane)
                while len(self._proven) > MAX_PROVEN:
                    self._proven.popitem(last=False)
            elif handed.answered is False:
                self._proven.pop(handed.lease.lane, None)
            self._more_may_be_due = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Stops handing out rows, and gives back those that no thread has begun. Commits."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self.close()

    def close(self) -> None:
        """Returns waiting rows to the queue. Called after `stop` too: a look may have been under way. Commits."""
        self._give_back_waiting()

    def _give_back_waiting(self) -> None:
        with self._changed:
            waiting = [handed.lease for handed in self._waiting]
            self._waiting.clear()
            self._capacity.release(self.kind.kind, self._places)
            self._places = 0
        give_back_rows(self._engine, self.kind.kind, waiting)

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Makes rows due again that were in Dramatiq's queue when its threads ended. Commits."""
        leases = [message.options[HANDED].lease for message in messages]
        self._capacity.release(self.kind.kind, len(leases))
        give_back_rows(self._engine, self.kind.kind, leases)

    def _has_place(self) -> bool:
        """Returns whether a waiting row has a place, having reserved those that are free."""
        if self._places == 0:
            self._places = self._capacity.reserve(self.kind.kind)
            unused = max(0, self._places - len(self._waiting))
            self._places -= unused
            self._capacity.release(self.kind.kind, unused)
        return self._places > 0

    def _seconds_to_look(self) -> float:
        """Returns how long to wait for the next look, if nothing changes."""
        now = time.monotonic()
        free = self._capacity.free(self.kind.kind)
        if self._outage.is_on and self._capacity.in_use(self.kind.kind) > 0:
            return FULL_SECONDS
        return max(self._seconds_while_there(now, free), self._outage.seconds_left())

    def _seconds_while_there(self, now: float, free: int) -> float:
        """Returns how long to wait for the next look while nothing is away."""
        if free == 0 and not (self._ahead() and not self._is_full_ahead()):
            return FULL_SECONDS
        shield_fell = self._was_shielded and not self._capacity.is_shielding()
        wait = self._sweeps_at - now
        if self._is_rung or shield_fell or (self._more_may_be_due and self._is_worth_a_look(free)):
            pause = min(self._pause, LOOK_SECONDS) if shield_fell and self._pause < AWAY_SECONDS else self._pause
            wait = min(self._looked_at + pause - now, wait)
        return min(wait, FULL_SECONDS) if self._was_shielded or self._waiting else wait

    def _ahead(self) -> int:
        """Returns how many rows may wait here."""
        return min(AHEAD_WHILE_JUDGING, self.kind.ahead) if self._capacity.is_shielding() else self.kind.ahead

    def _is_full_ahead(self) -> bool:
        return len(self._waiting) >= self._ahead()

    def _is_worth_a_look(self, free: int) -> bool:
        """Returns whether there is room for some rows: a look for each row would cost as much as the row."""
        return free + self._ahead() - len(self._waiting) > self._ahead() // 2

    def _look(self) -> None:
        with self._changed:
            was_rung, self._is_rung, self._more_may_be_due = self._is_rung, False, False
            self._was_shielded = self._capacity.is_shielding()
            places = self._capacity.reserve(self.kind.kind)
            room = places + max(0, self._ahead() - len(self._waiting))
            if self._outage.is_on:
                room = min(room, 1)  # one row tries whether it is back
            now = time.monotonic()
            if now >= self._sweeps_at:
                self._sweeps_at = now + self._sweep_seconds * random.uniform(0.75, 1.25)  # noqa: S311 (not a secret)
            if room == 0:
                self._is_rung, self._looked_at, self._pause = was_rung, now, LOOK_SECONDS
                return
            self._looking = places
            proven = [lane for lane, at in self._proven.items() if now - at < PROVEN_SECONDS]
        found = HandedOut((), {}, {})
        try:
            found = self._lease(room, proven)
            self._database.works()
            pause = SHIELD_SECONDS if self._was_shielded else LOOK_SECONDS
        except SQLAlchemyError as error:
            self._database.failed(error)
            pause = AWAY_SECONDS
        with self._changed:
            self._looked_at, self._pause = time.monotonic(), pause
            self._more_may_be_due |= pause == AWAY_SECONDS
            waiting = [*self._waiting, *(Handed(lease, now) for lease in found.leases)]
            self._waiting = deque(sorted(waiting, key=lambda handed: not handed.lease.is_urgent))
            unused = max(0, self._places + places - len(self._waiting))
            self._places += places - unused
            self._looking = 0
            self._capacity.release(self.kind.kind, unused)
        if was_rung and any(found.is_cut.values()):
            self._ring_for_others(self.kind.bell)  # one ring stands for many rows

    def _lease(self, room: int, proven: Sequence[str]) -> HandedOut:
        """Leases rows. Raises SQLAlchemyError: rows that were leased nevertheless wait for the end of their leases."""
        kept = min(self.kind.kept_for_urgent, room // 2)
        found: HandedOut | None = None
        try:
            with direct_connection(self._engine) as connection:
                with implicit_transaction(connection) as session:
                    leased = hand_out(
                        session, self.kind.kind, room=room, bulk_room=room - kept, cursor=self._cursor, proven=proven
                    )
                found = leased
                walked = found.walked
                ends = find_walk_ends(DirectSession(connection), self.kind.kind, self._cursor, walked) if walked else {}
        except SQLAlchemyError:
            if found is None:
                raise
            return found  # the cursor stays: the next look goes the same way
        self._cursor, lanes_left = next_cursor(self._cursor, found, ends)
        if lanes_left:
            with self._changed:
                self._more_may_be_due = True
        return found

    def _message(self, handed: Handed) -> Message[Any]:
        return Message(
            queue_name=self.kind.bell.value,
            actor_name=self._actor_name,
            args=(str(handed.lease.id),),
            kwargs={},
            options={HANDED: handed},
            message_id=str(uuid4()),
        )
