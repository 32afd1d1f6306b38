"""Server processes on this machine: starts one that ends with its parent, and finds and ends those of a folder."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from runtime.embedded.environment import server_environment
from runtime.embedded.errors import EmbeddedError
from runtime.embedded.identity import Identity, runs
from runtime.private_files import open_private

LOOPBACK = "127.0.0.1"
POLL_SECONDS = 0.005
SPAWN_SECONDS = 30.0
KILL_SECONDS = 10.0


class ServerProcess:
    """One running server, started by a thread that lives until the server ends.

    Linux sends the death signal when the *thread* that started a child ends, so a caller's thread must not start it.
    The server has a session of its own: Ctrl-C in the terminal reaches only the parent, which stops it in order.
    """

    def __init__(
        self, command: Sequence[str], *, folder: Path, log: Path, identity: Identity, death: signal.Signals
    ) -> None:
        """Starts `command` in `folder` and appends its output to `log`. It gets the signal `death` if the parent dies.

        Raises EmbeddedError if the command cannot be started at all.
        """
        self._command = [*identity.prefix, *_death_signal(death), *command]
        self._folder, self._log, self._identity = folder, log, identity
        self._started, self._ended = threading.Event(), threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._failure: OSError | None = None
        threading.Thread(target=self._keep, name=f"keeper of {Path(command[0]).name}", daemon=True).start()
        if not self._started.wait(SPAWN_SECONDS) or self._failure is not None or self._child is None:
            raise EmbeddedError(
                f"{command[0]} cannot be started: {self._failure or 'the machine does not answer'}.",
                "Install the environment again: delete .venv and run the command once more.",
            )
        self.pid: int = self._child.pid

    @property
    def running(self) -> bool:
        return not self._ended.is_set()

    def stop(self, *gently: signal.Signals, seconds: float) -> None:
        """Sends each signal in turn, waits `seconds` after each, then kills what is left. Returns when nothing runs."""
        for each in gently:
            if self._ended.is_set():
                return
            self._send(each)
            self._ended.wait(seconds)
        self.kill()

    def kill(self) -> None:
        """Ends the server and its children at once, as a crash would. Returns when nothing of them runs."""
        if self._ended.is_set():
            return
        try:
            children = psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            children = []
        self._send(signal.SIGKILL)
        end(children, signal.SIGKILL, seconds=KILL_SECONDS)
        self._ended.wait(KILL_SECONDS)

    def _send(self, which: signal.Signals) -> None:
        if self._child is not None and self._child.returncode is None:
            self._child.send_signal(which)

    def _keep(self) -> None:
        try:
            with open(open_private(self._log, os.O_WRONLY | os.O_APPEND), "ab") as log:
                self._child = subprocess.Popen(
                    self._command,
                    cwd=self._folder,
                    env=server_environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    umask=0o077,
                    user=self._identity.user,
                    group=self._identity.group,
                    extra_groups=[] if self._identity.is_another_user else None,
                )
        except OSError as failure:
            self._failure = failure
            self._ended.set()
            self._started.set()
            return
        self._started.set()
        self._child.wait()
        self._ended.set()


def free_port() -> int:
    """Returns a loopback port that is free now. Another program may take it before the caller does."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def port_is_free(port: int) -> bool:
    """Returns whether a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def processes_in(folder: Path, names: Sequence[str]) -> list[psutil.Process]:
    """Returns the live processes with one of `names` whose working directory is `folder` or below it."""
    home = folder.resolve()
    found = []
    for process in psutil.process_iter():
        try:
            if process.name() in names and Path(process.cwd()).is_relative_to(home):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def end(processes: Sequence[psutil.Process], which: signal.Signals, *, seconds: float) -> list[psutil.Process]:
    """Sends a signal to each process and waits at most `seconds`. Returns those that are still alive."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(which)
    wait_for(lambda: not any(map(_is_alive, processes)), seconds=seconds)
    return [process for process in processes if _is_alive(process)]


def end_leftovers(folder: Path, names: Sequence[str], gently: signal.Signals, *, seconds: float) -> list[int]:
    """Ends the servers that an earlier run left in `folder`. Returns the ids of their main processes.

    The main processes get the signal `gently`; what is left after `seconds` is killed. Call it only while holding the
    folder.
    """
    found = processes_in(folder, names)
    ids = {process.pid for process in found}
    roots = [process for process in found if _parent_of(process) not in ids]
    end(roots, gently, seconds=seconds)
    if found:
        end(processes_in(folder, names), signal.SIGKILL, seconds=KILL_SECONDS)
    return [process.pid for process in roots]


def wait_for(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Waits at most `seconds` for `condition` to hold. Returns whether it does."""
    ends_at = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= ends_at:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _is_alive(process: psutil.Process) -> bool:
    """Returns whether the process still runs. A zombie, which its parent has yet to reap, does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _parent_of(process: psutil.Process) -> int | None:
    try:
        return process.ppid()
    except psutil.NoSuchProcess:
        return None


def _death_signal(which: signal.Signals) -> tuple[str, ...]:
    """Returns the command prefix with which the kernel signals a child when its parent dies; empty outside Linux."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return ()
    prefix = (setpriv, "--pdeathsig", which.name.removeprefix("SIG"), "--")
    return prefix if runs([*prefix, "true"]) else ()
