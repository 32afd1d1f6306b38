"""How many rows of each kind a process may work on: counted over all kinds because they share its threads."""

import threading
from collections import Counter
from collections.abc import Callable, Collection

from workflow.work.kinds import DueKind

PLACES_WHILE_JUDGING = 1
"""The number of rows of a kind that a process works on while it judges, because both need the CPU."""


class ProcessCapacity:
    """Allots places on this process's threads to the kinds of work.

    One thread is reserved for each kind that is served, and for each queue of messages, so that a kind that hangs
    cannot take another's last thread. With fewer threads than kinds, each kind still has one place, and they share
    threads. `is_judging` returns whether this process has a batch; `report` is called with a kind and its places.
    """

    def __init__(self, is_judging: Callable[[], bool], report: Callable[[str, int], None]) -> None:
        self._is_judging = is_judging
        self._report = report
        self._lock = threading.Lock()
        self._taken: Counter[DueKind] = Counter()
        self._served: frozenset[DueKind] = frozenset()
        self._threads = 1
        self._kept_for_messages = 0

    def open(self, threads: int, served: Collection[DueKind], *, message_queues: int) -> None:
        """Sets how many threads there are, and for what. Until then each kind has one place."""
        with self._lock:
            self._threads, self._served, self._kept_for_messages = threads, frozenset(served), message_queues

    def is_shielding(self) -> bool:
        """Returns whether this process judges, and so works on PLACES_WHILE_JUDGING rows of a kind at most."""
        return self._is_judging()

    def free(self, kind: DueKind) -> int:
        """Returns how many more places `kind` could have."""
        with self._lock:
            return self._free(kind)

    def in_use(self, kind: DueKind) -> int:
        """Returns how many places `kind` has."""
        with self._lock:
            return self._taken[kind]

    def reserve(self, kind: DueKind) -> int:
        """Takes every free place for `kind` and returns how many. The caller releases those it does not use."""
        with self._lock:
            places = self._free(kind)
            self._add(kind, places)
        return places

    def release(self, kind: DueKind, places: int) -> None:
        """Returns places that `kind` no longer needs."""
        with self._lock:
            self._add(kind, -places)

    def _free(self, kind: DueKind) -> int:
        others = sum(max(self._taken[other], 1) for other in self._served if other is not kind)
        places = max(1, self._threads - self._kept_for_messages - others)
        if self._is_judging():
            places = min(places, PLACES_WHILE_JUDGING)
        return max(0, places - self._taken[kind])

    def _add(self, kind: DueKind, places: int) -> None:
        self._taken[kind] += places
        self._report(kind, self._taken[kind])
