"""How many rows of each kind a process may have in hand: one count over all kinds, since its threads are shared."""

import threading
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass

from workflow.work.kinds import LEASED_KINDS, DueKind

HELD_WHILE_JUDGING = 2
"""Rows of a kind that a process has in hand while it judges: mails would take the processor from the batches."""


@dataclass(frozen=True, slots=True)
class Room:
    """How many more rows of a kind there is room for, and how many there would be with none in hand."""

    free: int
    all: int


class Rooms:
    """Counts the rows of each kind that this process has in hand, waiting for a thread or being worked on.

    One thread is kept for each kind that is served, and for each queue of messages, so that no kind, however it hangs,
    takes another's last thread. `is_judging` tells whether this process has a batch; `report` is told each count.
    """

    def __init__(self, is_judging: Callable[[], bool], report: Callable[[str, int], None]) -> None:
        self._is_judging = is_judging
        self._report = report
        self._lock = threading.Lock()
        self._held: Counter[DueKind] = Counter()
        self._served: frozenset[DueKind] = frozenset()
        self._threads = 1
        self._kept_for_messages = 0

    def open(self, threads: int, served: Collection[DueKind], *, message_queues: int) -> None:
        """Says how many threads there are, and for what. Before that there is room for one row of a kind."""
        self._threads, self._served, self._kept_for_messages = threads, frozenset(served), message_queues

    def of(self, kind: DueKind) -> Room:
        """Returns the room for `kind`: at least one row of each kind may be in hand."""
        with self._lock:
            others = sum(max(self._held[other], 1) for other in self._served if other is not kind)
            everything = max(1, self._threads + LEASED_KINDS[kind].ahead - self._kept_for_messages - others)
            if self._is_judging():
                everything = min(everything, HELD_WHILE_JUDGING)
            return Room(max(0, everything - self._held[kind]), everything)

    def take(self, kind: DueKind, many: int) -> None:
        """Counts rows that came into hand."""
        self._add(kind, many)

    def leave(self, kind: DueKind, many: int = 1) -> None:
        """Counts rows that are in hand no more."""
        self._add(kind, -many)

    def _add(self, kind: DueKind, many: int) -> None:
        with self._lock:
            self._held[kind] += many
            held = self._held[kind]
        self._report(kind, held)
