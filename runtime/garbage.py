"""Makes cyclic garbage collection rare, because most of its cost is traversing objects that are alive."""

import gc

YOUNG_OBJECTS = 100_000
"""New objects after which the youngest generation is collected. A batch creates and drops some ten thousand."""


def collect_seldom() -> None:
    """Collects less often. Call it before the imports of a process, which create a million objects that all stay.

    Only reference cycles wait for a collection; other objects are freed as soon as they are dropped.
    """
    gc.set_threshold(YOUNG_OBJECTS, 10, 10)


def exempt_what_exists() -> None:
    """Exempts everything that exists now from collection. Call it once, after the start-up of a process that stays.

    What is garbage by then stays too: some hundred objects, for which all others would have to be traversed.
    """
    gc.freeze()
    collect_seldom()
