"""One thread of a process judges at a time."""

import threading


class OneJudge:
    """Lets one thread judge, and has it look again for those who wanted to meanwhile.

    Several threads of a process would wait for each other, in Python and for the same processor: together they judge
    less than one does, and keep the threads from other messages. More is judged by more processes.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._busy = False
        self._wanted = False

    def begin(self) -> bool:
        """Gives whether the caller is the one to judge. If not, whoever is looks once more, from now on."""
        with self._lock:
            if self._busy:
                self._wanted = True
                return False
            self._busy, self._wanted = True, False
            return True

    def is_done(self) -> bool:
        """Lets the next one begin and gives True; or gives False: somebody wants another look since the last."""
        with self._lock:
            self._busy, self._wanted = self._wanted, False
            return not self._busy

    def leave(self) -> None:
        """Lets the next one begin, whatever is left to do."""
        with self._lock:
            self._busy = False
