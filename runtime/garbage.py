"""How often this process looks for cycles of garbage: seldom, because looking at what is alive is most of the cost."""

import gc

YOUNG_OBJECTS = 100_000
"""New objects after which the youngest are looked at. A batch of requests makes some ten thousand, and drops them."""


def collect_seldom() -> None:
    """Takes what was imported and built so far out of the search, and searches less often. Call it once, when built.

    Only cycles wait for the search; whatever is dropped otherwise is freed at once.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 10, 10)
