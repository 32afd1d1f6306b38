"""Compares what a reader of foreign text costs for an input and for one several times as long."""

import gc
import time
from collections.abc import Callable
from typing import TypeVar

Input = TypeVar("Input")
GROWTH = 4
"""How many times as long the second input is."""
MOST = 3.0
"""How much more than in proportion it may cost: a quadratic reader costs GROWTH times as much as that."""
TRIES = 5
LEAST_S = 1e-3
"""What the short input costs at least, in seconds: below that, a clock says more of the machine than of the reader."""


def assert_linear(make: Callable[[int], Input], read: Callable[[Input], object], *, size: int = 100_000) -> None:
    """Fails if `read` costs much more than in proportion to its input's length.

    Compares processor time with processor time, and tries again before it fails, because anything else that the
    machine does can only add to it.
    """
    short, long = make(size), make(size * GROWTH)
    ratios = []
    for _ in range(TRIES):
        cost = _cost(read, long)
        if cost < GROWTH * MOST * LEAST_S:
            return
        ratios.append(cost / max(_cost(read, short), LEAST_S))
        if ratios[-1] < GROWTH * MOST:
            return
    raise AssertionError(f"{GROWTH} times the length costs {min(ratios):.1f} times as much")


def _cost(read: Callable[[Input], object], given: Input) -> float:
    """Returns the seconds of processor time. No garbage is collected meanwhile: a full collection would count as the
    cost of whichever input it happens to fall on."""
    gc.disable()
    try:
        began = time.process_time()
        read(given)
        return time.process_time() - began
    finally:
        gc.enable()
