"""`python -m benchmarks [NAME]`: runs the benchmarks, or one, and prints a JSON line for each figure."""

import json
import sys
from dataclasses import asdict

from benchmarks.drain import measure_drain
from benchmarks.figure import Figure

BENCHMARKS = {"drain": measure_drain}


def main(names: list[str]) -> int:
    """Gives 0, or 2 when a name is unknown."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"There is no benchmark {unknown[0]}; there are: {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    for name in names or BENCHMARKS:
        figure: Figure = BENCHMARKS[name]()
        print(json.dumps(asdict(figure) | {"ratio": round(figure.ratio, 2)}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
