"""Running a function on foreign bytes in a process of its own, which may be ended for its memory and its time.

A few processes run at a time, and waiting for them does not block the event loop.
"""

import asyncio
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from runtime.confined_child import OUT_OF_MEMORY, UNSTARTED

_ROOT = str(Path(__file__).resolve().parents[1])
_PROGRAM = "import sys; sys.path.insert(0, sys.argv.pop(1)); from runtime.confined_child import main; main()"
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}
"""The whole environment of a confined process: it has no secret that it could give away."""
_STARTS = 2
"""How often an input is tried whose process was ended by somebody else."""


class BusyError(Exception):
    """No process was free in time, or none could be started. The input was not judged."""


class TooCostlyError(Exception):
    """The input took more memory or processor time than a confined process may use, or crashed it."""


class FailedError(Exception):
    """The function raised an exception. Its traceback is on standard error."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one process may use, and how long a caller waits: for a free place, and for the process."""

    memory_bytes: int
    cpu_s: int
    wait_s: float
    wall_s: float


class ConfinedPool:
    """Runs `target` (`module:function`, bytes to bytes), each time in a new process without secrets.

    At most `at_once` processes run. At most `waiting` calls wait for a place. A caller that goes away ends its process.
    """

    def __init__(self, target: str, limits: Limits, *, at_once: int, waiting: int) -> None:
        self._target = target
        self._limits = limits
        self._places = asyncio.Semaphore(at_once)
        self._waiting = waiting

    async def run(self, content: bytes) -> bytes:
        """Returns what the function returns. Raises BusyError, TooCostlyError and FailedError."""
        if self._waiting <= 0:
            raise BusyError
        self._waiting -= 1
        try:
            async with asyncio.timeout(self._limits.wait_s):
                await self._places.acquire()
        except TimeoutError:
            raise BusyError from None
        finally:
            self._waiting += 1
        try:
            return await self._try(content)
        finally:
            self._places.release()

    async def _try(self, content: bytes) -> bytes:
        for _ in range(_STARTS):
            code, answer = await self._run_once(content)
            if code == 0:
                return answer
            if code == UNSTARTED:
                raise BusyError
            if code > 0 and code != OUT_OF_MEMORY:
                raise FailedError
            if code != -signal.SIGKILL:
                raise TooCostlyError
        raise TooCostlyError

    async def _run_once(self, content: bytes) -> tuple[int, bytes]:
        limits = self._limits
        arguments = ("-I", "-c", _PROGRAM, _ROOT, self._target, str(limits.memory_bytes), str(limits.cpu_s))
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, *arguments, stdin=pipe, stdout=pipe, env=_ENVIRONMENT, cwd="/"
            )
        except OSError:
            raise BusyError from None
        try:
            async with asyncio.timeout(limits.wall_s):
                answer, _ = await process.communicate(content)
            return process.returncode or 0, answer
        except TimeoutError:
            raise BusyError from None
        finally:
            if process.returncode is None:
                process.kill()
                await asyncio.shield(process.wait())
