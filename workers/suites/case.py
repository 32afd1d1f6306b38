"""A case of a run: one thing that is done to a Component's counterpart, and the result of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from workers.context import WorkerContext
from workflow.component_tests.runs import CaseResult, DueRun


class RunVoid(Exception):
    """A run cannot go on, for a reason that its partner is told. It ends without a colour."""


def always(_earlier: Sequence[int | None]) -> bool:
    """Returns True: the case is needed whatever was recorded."""
    return True


@dataclass(frozen=True, slots=True)
class Case:
    """One case. `take` does it outside any transaction and within `longest`, and returns its result.

    What the counterpart does wrong is part of the result. If `take` raises, the attempt at the run has failed, and the
    case is taken again. `is_needed` is asked with the statuses that the run has recorded before; if it is not, there is
    no result.
    """

    code: str
    take: Callable[[], CaseResult]
    longest: timedelta
    is_needed: Callable[[Sequence[int | None]], bool] = always


Runner = Callable[[WorkerContext, DueRun], Sequence[Case]]
"""Returns the cases of a run, in order. It is called again for each attempt at the run, and must return the same.

Raises RunVoid if the run cannot go on.
"""
