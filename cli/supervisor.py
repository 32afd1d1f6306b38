"""Keeps processes alive: starts each with a log, restarts it with back-off, and stops all of them in order."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psutil

from runtime.private_files import open_private

FIRST_PAUSE_SECONDS = 0.2
MAX_PAUSE_SECONDS = 10.0
STEADY_SECONDS = 20.0
"""A process that has run at least this long is restarted after the shortest pause."""
WATCH_SECONDS = 0.1
STOP_SECONDS = 30.0
"""How long the programs that work may take to finish what they have begun, all of them together."""
SERVER_STOP_SECONDS = 15.0
"""How long a program that serves the others may take to stop."""
MARK = "DEVCENTER_UP"
"""The environment variable by which a later start recognises the processes of an earlier one."""


@dataclass(frozen=True, slots=True)
class Program:
    """A named command, its environment, and where its output goes.

    A program that `serves` the others, such as a mail server, is stopped after them.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    serves: bool = False


class Supervised(Protocol):
    """Something that runs and can be restarted."""

    name: str
    starts: int

    @property
    def pid(self) -> int | None:
        """The process id, or None while it does not run."""

    @property
    def running(self) -> bool:
        """Whether it is running."""

    def start(self) -> None:
        """Starts it. Called only while it does not run."""

    @property
    def works(self) -> bool:
        """Whether it does work that it should finish, and is to be stopped before what it needs for that."""

    def ask_to_stop(self) -> None:
        """Tells it to stop, and does not wait."""

    def stop(self) -> None:
        """Stops it, by force if necessary. Nothing of it runs afterwards."""

    def hurry(self) -> None:
        """Ends it at once, and does not wait. May be called by another thread while `stop` waits."""


class Child:
    """A child process in its own session, so that Ctrl-C reaches only the supervisor, which then stops its children."""

    def __init__(self, program: Program) -> None:
        self.name = program.name
        self.starts = 0
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._asked_at: float | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self.running else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Kills what an earlier start of the process left behind, and starts the process. Raises OSError."""
        self._end_group()
        with open(open_private(self._program.log, os.O_WRONLY | os.O_APPEND), "ab") as log:
            self._process = subprocess.Popen(
                list(self._program.command),
                cwd=self._program.folder,
                env=dict(self._program.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.starts += 1
        self._asked_at = None

    @property
    def works(self) -> bool:
        return not self._program.serves

    def ask_to_stop(self) -> None:
        if self._process is not None and self._asked_at is None:  # a second signal would not let it finish
            self._asked_at = time.monotonic()
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()

    def stop(self) -> None:
        self.ask_to_stop()
        if self._process is None or self._asked_at is None:
            return
        ends_at = self._asked_at + (STOP_SECONDS if self.works else SERVER_STOP_SECONDS)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, ends_at - time.monotonic()))
        self._end_group()
        self._process.wait()

    def hurry(self) -> None:
        self._end_group()

    def _end_group(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)


class Supervisor:
    """Keeps processes and servers running until `stop` is called."""

    def __init__(self, complain: Callable[[str], None]) -> None:
        self._changed: Callable[[], None] = lambda: None
        self._complain = complain
        self._kept: list[Supervised] = []
        self._pause: dict[str, float] = {}
        self._next: dict[str, float] = {}
        self._born: dict[str, float] = {}
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def keep(self, thing: Supervised) -> None:
        """Starts `thing` unless it is running, and restarts it whenever it ends. Raises what its first start raises."""
        if not thing.running:
            thing.start()
        self._born[thing.name] = time.monotonic()
        self._kept.append(thing)
        if not self._watcher.is_alive() and not self._stopping.is_set():
            self._watcher.start()
        self._changed()

    def announce_to(self, changed: Callable[[], None]) -> None:
        """Registers `changed`, which is called after every start from now on, and from any thread."""
        self._changed = changed

    def pids(self) -> dict[str, int]:
        """Returns the process ids of everything that runs, by name."""
        return {thing.name: thing.pid for thing in list(self._kept) if thing.pid is not None}

    def starts_of(self, name: str) -> int:
        """Returns how many times `name` was started."""
        return sum(thing.starts for thing in self._kept if thing.name == name)

    def stop_programs(self) -> None:
        """Stops whatever works, all at the same time, and nothing that it needs for that. `stop` stops the rest."""
        self._stop_watching()
        working = [thing for thing in reversed(self._kept) if thing.works]
        for thing in working:
            thing.ask_to_stop()
        self._stop_each(working)

    def stop(self) -> None:
        """Stops everything, in reverse order of starting. Safe to call twice."""
        self._stop_watching()
        self._stop_each(list(reversed(self._kept)))
        self._kept.clear()

    def hurry(self) -> None:
        """Ends everything at once, and does not wait. For another thread while `stop` waits in this one."""
        self._stopping.set()
        for thing in list(self._kept):
            with contextlib.suppress(OSError):
                thing.hurry()

    def _stop_watching(self) -> None:
        self._stopping.set()
        if self._watcher.is_alive():
            self._watcher.join()

    def _stop_each(self, things: Sequence[Supervised]) -> None:
        for thing in things:
            try:
                thing.stop()
            except Exception as error:  # noqa: BLE001 - the others must be stopped too
                self._complain(f"{thing.name} could not be stopped: {error}")

    def _watch(self) -> None:
        while not self._stopping.wait(WATCH_SECONDS):
            for thing in list(self._kept):
                if not thing.running and not self._stopping.is_set():
                    self._start_again(thing)

    def _start_again(self, thing: Supervised) -> None:
        now = time.monotonic()
        if thing.name not in self._next:
            steady = now - self._born[thing.name] >= STEADY_SECONDS
            pause = FIRST_PAUSE_SECONDS if steady else self._pause.get(thing.name, FIRST_PAUSE_SECONDS)
            self._pause[thing.name] = min(2 * pause, MAX_PAUSE_SECONDS)
            self._next[thing.name] = now + pause
            self._complain(f"{thing.name} ended and will be restarted.")
        if now < self._next[thing.name]:
            return
        del self._next[thing.name]
        self._born[thing.name] = now
        try:
            thing.start()
            self._changed()
        except Exception as error:  # noqa: BLE001 - it is tried again after a longer pause
            self._complain(f"{thing.name} could not be started: {error}")


def end_marked(mark: str) -> list[int]:
    """Kills every process with `mark` in its environment: those that a killed `up` left behind. Returns their ids."""
    left = [process for process in psutil.process_iter() if _carries(process, mark)]
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=SERVER_STOP_SECONDS)
    return [process.pid for process in left]


def _carries(process: psutil.Process, mark: str) -> bool:
    if process.pid == os.getpid():
        return False
    try:
        return process.environ().get(MARK) == mark
    except (psutil.Error, OSError):
        return False
