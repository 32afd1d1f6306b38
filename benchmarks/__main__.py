"""`python -m benchmarks [--quick] [NAME ...]`: runs the named benchmarks, or all. Prints each figure as a JSON line."""

import importlib
import sys
import traceback

from benchmarks.figure import Scale

BENCHMARKS = (
    "drain", "leased", "loaded", "latency", "accept", "usage", "promotion", "looks", "claim", "pages", "worker",
    "curves", "resources", "partitioning", "suites",
)  # fmt: skip
"""The modules of this folder that have a function `measure`."""


def main(arguments: list[str]) -> int:
    """Returns 0, or 1 if a benchmark failed (the others still run), or 2 if a name is unknown."""
    names = [one for one in arguments if one != "--quick"]
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"There is no benchmark {unknown[0]}; there are: {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    broken = []
    for name in names or BENCHMARKS:
        try:
            for figure in importlib.import_module(f"benchmarks.{name}").measure(Scale("--quick" in arguments)):
                print(figure.line(), flush=True)
        except Exception:  # noqa: BLE001 (one failure must not lose the figures of an hour)
            traceback.print_exc()
            broken.append(name)
    for name in broken:
        print(f"The benchmark {name} broke; see above.", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
