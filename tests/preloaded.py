"""Processes that start in a moment: forks of one, a process of the run, that has imported the most of it already.

They do what the command does that is given.
"""

import multiprocessing
import os
import runpy
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.servers import ROOT

_FORKS = multiprocessing.get_context("forkserver")
_IMPORTED = [
    "tests.preloaded",
    "cli.main",
    "cli.processes",
    "api.main",
    "api.operators",
    "console.main",
    "cli.doctor.examining",
    "cli.staying",
    "tracking.main",
    "web.door",
    "workers.main",
    "dramatiq.cli",
    "tests.prewarmed",
]
"""What processes import that a test starts often; the last one does what each of them would do.

But for prometheus_client, which looks for a folder that several processes share, none of it reads the environment while
it is imported: each process has its own.
"""


@contextmanager
def forked(command: tuple[str, ...], env: Mapping[str, str], log: Path) -> Iterator[ForkServerProcess]:
    """Runs a module of Python by a command with `-m`, its output in `log`. Kills it and its children at the end."""
    process = fork(command, env, log)
    try:
        yield process
    finally:
        kill_fork(process)


def fork(
    command: tuple[str, ...], env: Mapping[str, str], log: Path, *, errors: Path | None = None, folder: Path = ROOT
) -> ForkServerProcess:
    """Starts a module of Python, by a command with `-m`, in a session of its own, with its output in `log`.

    What it writes to standard error is in `errors`, if that is given.
    """
    log.touch(0o600)
    _FORKS.set_forkserver_preload(_IMPORTED)
    process = _FORKS.Process(target=_run, args=(command, dict(env), log, errors or log, folder))
    process.start()
    return process


def kill_fork(process: ForkServerProcess) -> None:
    """Kills the process and all its children with SIGKILL, and waits for it."""
    assert process.pid is not None
    process.kill()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.join(10)


def _run(command: tuple[str, ...], env: dict[str, str], log: Path, errors: Path, folder: Path) -> None:
    os.setsid()
    for stream, file in ((1, log), (2, errors)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    threading.Thread(target=_end_with_the_run, daemon=True).start()
    multiprocessing.set_start_method("fork", force=True)  # the system's default; a fork would go on with `forkserver`
    warnings.simplefilter("error", DeprecationWarning)  # as in the tests' own processes
    _python, _m, module, *arguments = command
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _end_with_the_run() -> None:
    """Waits for the end of the process that runs tests. If that was killed, nobody else ends this one."""
    run = multiprocessing.parent_process()
    assert run is not None
    run.join()
    os.killpg(0, signal.SIGKILL)
