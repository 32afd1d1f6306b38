"""The process that runs one function on one input: it limits itself, reads, answers and ends.

It imports nothing but the function's module, so that it starts within a tenth of a second.
"""

import importlib
import resource
import sys

UNSTARTED = 81
"""The exit code of a process that could not import its function."""
OUT_OF_MEMORY = 82


def main() -> None:
    """Runs `module:function`, bytes to bytes, from standard input to standard output."""
    target, memory_bytes, cpu_s = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    try:
        _limit(memory_bytes, cpu_s)
        module, _, name = target.partition(":")
        function = getattr(importlib.import_module(module), name)
        content = sys.stdin.buffer.read()
    except Exception:  # noqa: BLE001 (whatever it is, it is not the input's fault)
        sys.excepthook(*sys.exc_info())
        sys.exit(UNSTARTED)
    try:
        answer = function(content)
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()


def _limit(memory_bytes: int, cpu_s: int) -> None:
    limits = (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_CORE, 0),
    )
    for limit, value in limits:
        hard = resource.getrlimit(limit)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (bound, bound + 1 if limit == resource.RLIMIT_CPU and bound < hard else hard))
