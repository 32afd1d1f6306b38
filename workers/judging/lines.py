"""The log line of each transition request that was judged, with the id that the answer to its caller had."""

import logging
from collections.abc import Sequence
from typing import Final

from workflow.lifecycle.outcomes import JudgedRequest

EVENT: Final = "transition"
COLUMNS: Final = ("request_id", "app_id", "app", "trigger", "outcome", "unmet")

log = logging.getLogger(__name__)


def log_judged(outcomes: Sequence[JudgedRequest], seconds: float) -> None:
    """Logs a line for each request of a batch that took `seconds`: what was applied or refused, and what failed.

    The lines of a batch are one record, because a record for each would cost a tenth of judging.
    `app` is the App's slug, as in the lines of calls. `unmet` has the codes of a refusal's unmet rules. The text of an
    error is not logged: the request's row has it.
    """
    failed = [one for one in outcomes if one.error is not None]
    if log.isEnabledFor(logging.INFO):
        _log(logging.INFO, [one for one in outcomes if one.error is None] if failed else outcomes, seconds)
    _log(logging.WARNING, failed, seconds)


def _log(level: int, outcomes: Sequence[JudgedRequest], seconds: float) -> None:
    if not outcomes:
        return
    apps: dict[int, str] = {}  # to write an id out costs as much as the rest of a line, and Apps come several times
    rows = [
        (
            one.request.id,
            apps.get(one.request.app_id.int) or apps.setdefault(one.request.app_id.int, str(one.request.app_id)),
            one.app_slug,
            one.request.trigger,
            one.status,
            "" if one.judgment is None or one.status == "applied" else " ".join(why.code for why in one.judgment.unmet),
        )
        for one in outcomes
    ]
    log.log(level, EVENT, extra={"columns": COLUMNS, "rows": rows, "duration_ms": round(seconds * 1000, 3)})
