"""`python -m benchmarks [--quick] [NAME ...]`: runs all benchmarks or some; each figure is a line of JSON."""

import importlib
import sys

from benchmarks.figure import Scale

BENCHMARKS = ("drain", "loaded", "latency", "accept", "usage", "promotion", "pages", "worker")
"""Modules of this folder with a function `measure`."""


def main(arguments: list[str]) -> int:
    """Gives 0, or 2 when a name is unknown."""
    names = [one for one in arguments if one != "--quick"]
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"There is no benchmark {unknown[0]}; there are: {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    for name in names or BENCHMARKS:
        for figure in importlib.import_module(f"benchmarks.{name}").measure(Scale("--quick" in arguments)):
            print(figure.line(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
