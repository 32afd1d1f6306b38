"""Running a function on foreign bytes in a process of its own, which may be ended for its memory and its time.

A few processes run at a time. A `ConfinedPool` waits for them without blocking the event loop; `ConfinedCalls` is for
threads.
"""

import asyncio
import signal
import subprocess
import sys
import threading
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
            if _is_final(code):
                return answer
        raise TooCostlyError

    async def _run_once(self, content: bytes) -> tuple[int, bytes]:
        limits = self._limits
        arguments = _arguments(self._target, limits)
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


class ConfinedCalls:
    """Runs `target` as a ConfinedPool does, for threads: a call blocks until its process has ended."""

    def __init__(self, target: str, limits: Limits, *, at_once: int) -> None:
        self._target = target
        self._limits = limits
        self._places = threading.BoundedSemaphore(at_once)

    def run(self, content: bytes) -> bytes:
        """Returns what the function returns. Raises BusyError, TooCostlyError and FailedError.

        A process that has not ended in time was too costly.
        """
        if not self._places.acquire(timeout=self._limits.wait_s):
            raise BusyError
        try:
            for _ in range(_STARTS):
                code, answer = self._run_once(content)
                if _is_final(code):
                    return answer
            raise TooCostlyError
        finally:
            self._places.release()

    def _run_once(self, content: bytes) -> tuple[int, bytes]:
        arguments = (sys.executable, *_arguments(self._target, self._limits))
        try:
            ended = subprocess.run(
                arguments,
                input=content,
                stdout=subprocess.PIPE,
                env=_ENVIRONMENT,
                cwd="/",
                timeout=self._limits.wall_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise TooCostlyError from None
        except OSError:
            raise BusyError from None
        return ended.returncode, ended.stdout


def _arguments(target: str, limits: Limits) -> tuple[str, ...]:
    return ("-I", "-c", _PROGRAM, _ROOT, target, str(limits.memory_bytes), str(limits.cpu_s))


def _is_final(code: int) -> bool:
    """Returns whether a process has answered; if not, it was ended by somebody else. Raises if the input is judged."""
    if code == UNSTARTED:
        raise BusyError
    if code > 0 and code != OUT_OF_MEMORY:
        raise FailedError
    if code not in (0, -signal.SIGKILL):
        raise TooCostlyError
    return code == 0
