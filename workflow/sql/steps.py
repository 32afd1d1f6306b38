"""Working off a backlog in bounded steps that commit, so that less is left after every attempt."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models.sqlstates import Fault, fault_of

STEP_ROWS = 2_000
"""The number of rows of a step, unless the statement timeout allows only fewer."""

Step = Callable[[Session, int], int]
"""Works on up to so many rows, and returns how many it found. Does not commit."""


def work_off(
    transaction: Callable[[], AbstractContextManager[Session]],
    step: Step,
    *,
    ends_at: float,
    rows: int = STEP_ROWS,
    after_step: Callable[[int], None] = lambda _count: None,
) -> int:
    """Takes steps, each in a `transaction` of its own that commits, until one finds fewer rows than it may.

    Stops at `ends_at` (`time.monotonic`), after at least one step. Returns how many rows there were. A step that takes
    longer than the statement timeout is taken again with a quarter of the rows. `after_step` is called after each
    commit with the number of its rows. Raises sqlalchemy.exc.DBAPIError; the steps before are committed.
    """
    found = 0
    while True:
        try:
            with transaction() as session:
                count = step(session, rows)
        except DBAPIError as error:
            if fault_of(error) is not Fault.SLOW or rows == 1:
                raise
            rows = max(1, rows // 4)
            continue
        found += count
        after_step(count)
        if count < rows or time.monotonic() >= ends_at:
            return found
