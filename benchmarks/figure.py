"""A measured figure with its reference, and the scale of a run."""

import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` and `reference_value` are medians in `unit`, measured in the same run on the same machine.

    A reference may also be a goal, which was not measured; `reference` then says so.
    """

    name: str
    value: float
    unit: str
    reference: str
    reference_value: float

    @property
    def ratio(self) -> float:
        return self.value / self.reference_value

    def line(self) -> str:
        """Returns the figure as one line of JSON."""
        rounded = {"value": _short(self.value), "reference_value": _short(self.reference_value)}
        return json.dumps(asdict(self) | rounded | {"ratio": _short(self.ratio)})


@dataclass(frozen=True, slots=True)
class Scale:
    """The scale of a run. A quick run measures the same things with fewer rows and for fewer seconds."""

    quick: bool

    def of(self, full: int, quick: int) -> int:
        """Returns the number for this run."""
        return quick if self.quick else full

    @property
    def rounds(self) -> int:
        """Returns how often each contender runs."""
        return 1 if self.quick else 3


def in_turn(contenders: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Runs the contenders one after the other, `rounds` times. Returns the median of each."""
    results: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            results[name].append(run())
    return {name: statistics.median(values) for name, values in results.items()}


def percentile(values: Sequence[float], percent: float) -> float:
    """Returns the value that `percent` of `values` do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def _short(value: float) -> float:
    return float(f"{value:.4g}")
