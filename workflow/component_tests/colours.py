"""The colours of results and of runs. Pure."""

from collections.abc import Iterable
from typing import Final

from models.component_test import TestColour

NEVER_UNSUPPORTED: Final = "delete"
"""The one event type that every endpoint must support."""


def colour_of(event: str, status: int | None) -> TestColour:
    """Returns the colour of one result: green for 200 and 202, yellow for 501 except to `delete`, red for all else."""
    if status in (200, 202):
        return TestColour.GREEN
    return TestColour.YELLOW if status == 501 and event != NEVER_UNSUPPORTED else TestColour.RED


def worst_of(colours: Iterable[TestColour]) -> TestColour:
    """Returns the worst of at least one colour, which is that of the run."""
    return max(colours, key=list(TestColour).index)
