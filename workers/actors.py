"""The actors: plain functions handed to Dramatiq. A message says that there is work; the work is in Postgres."""

from collections.abc import Callable
from typing import Any

from dramatiq import Broker, actor

from workers.deps import BellName, Deps
from workers.intake import request_transition
from workers.sweeper import WORK_OF

ACTOR_OF = {
    BellName.APPLY: "apply_due_requests",
    BellName.STEPS: "run_due_steps",
    BellName.NOTIFICATIONS: "deliver_due_notifications",
    BellName.JOBS: "run_due_jobs",
    BellName.CHECKS: "run_due_checks",
}
"""The actor behind each bell; the bell's name is its queue's."""


def declare_actors(broker: Broker, deps: Deps) -> None:
    """Declares every queue and actor on `broker`. Call it once a process, after forking."""
    for bell, name in ACTOR_OF.items():
        actor(actor_name=name, queue_name=bell.value, broker=broker, max_retries=0)(_answering(bell, deps))

    def take_in(*positional: Any, **arguments: Any) -> None:
        request_transition(deps, arguments | ({"positional": positional} if positional else {}))

    actor(
        actor_name="request_transition",
        queue_name="transitions",
        broker=broker,
        max_retries=None,
        min_backoff=500,
        max_backoff=15_000,
    )(take_in)


def _answering(bell: BellName, deps: Deps) -> Callable[[], None]:
    def work() -> None:
        deps.answered(bell)
        WORK_OF[bell](deps)

    return work
