"""Processes that start in a moment: forks of one, a process of the run, that has imported all of it already.

They run the command that a user runs. Tests of the command line and of kills start it anew, as users do.
"""

import multiprocessing
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.servers import ROOT

_FORKS = multiprocessing.get_context("forkserver")
_IMPORTED = ["cli.main", "cli.processes", "api.main", "api.operators", "console.main", "web.door", "tests.preloaded"]


@contextmanager
def forked(arguments: Sequence[str], env: Mapping[str, str], log: Path) -> Iterator[ForkServerProcess]:
    """Runs `devcenter` with its output in `log`. Kills it and its children when the block ends."""
    _FORKS.set_forkserver_preload(_IMPORTED)
    process = _FORKS.Process(target=_run, args=(list(arguments), dict(env), str(log)))
    process.start()
    assert process.pid is not None
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.kill()
        process.join(10)


def _run(arguments: list[str], env: dict[str, str], log: str) -> None:
    from cli.main import main

    os.setsid()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["devcenter", *arguments]
    main()
