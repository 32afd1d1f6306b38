"""Leased work in two worker processes that serve all queues.

Measures review steps and mails: alone, beside parties that hang, without Redis, and urgent ones among many."""

from collections.abc import Iterator

from benchmarks.figure import Figure, Scale
from benchmarks.leased.lanes import measure_lanes
from benchmarks.leased.mails import measure_mails, measure_urgency
from benchmarks.leased.patience import Patience
from benchmarks.leased.steps import measure_steps
from benchmarks.stage import stage


def measure(scale: Scale) -> Iterator[Figure]:
    """Returns the figures of each part."""
    with stage(apps=200) as on:
        yield from measure_steps(on, scale, Patience(scale.of(180, 30)))
        yield from measure_mails(on, scale)
        yield from measure_urgency(on, scale, Patience(scale.of(60, 20)))
        yield from measure_lanes(on, scale, Patience(scale.of(60, 15)))
