"""The actors: plain functions handed to Dramatiq. A message says that there is work; the work is in Postgres."""

from collections.abc import Callable
from typing import Any

from dramatiq import Broker, actor
from dramatiq.middleware import CurrentMessage

from workers.deps import BellName, Deps
from workers.intake import request_transition
from workers.transitions import apply_due_requests

ACTOR_OF = {
    BellName.APPLY: "apply_due_requests",
    BellName.STEPS: "run_due_steps",
    BellName.NOTIFICATIONS: "deliver_due_notifications",
    BellName.JOBS: "run_due_jobs",
    BellName.CHECKS: "run_due_checks",
}
"""The actor behind each bell; the bell's name is its queue's."""


def declare_actors(broker: Broker, deps: Deps, wake: Callable[[BellName], None]) -> None:
    """Declares every queue and actor on `broker`. Call it once a process, after forking.

    Only judging is done in Dramatiq's threads, which all queues share. The other bells `wake` the thread of their kind:
    what they ask for may wait for others, and must not take the threads away from judging and from taking messages in.
    """
    for bell, name in ACTOR_OF.items():
        actor(actor_name=name, queue_name=bell.value, broker=broker, max_retries=0)(_answering(bell, deps, wake))

    def take_in(*positional: Any, **arguments: Any) -> None:
        message = CurrentMessage.get_current_message()
        tries = 1 + (message.options.get("retries", 0) if message else 0)
        request_transition(deps, arguments | ({"positional": positional} if positional else {}), tries=tries)

    actor(
        actor_name="request_transition",
        queue_name="transitions",
        broker=broker,
        max_retries=None,
        min_backoff=500,
        max_backoff=15_000,
    )(take_in)


def _answering(bell: BellName, deps: Deps, wake: Callable[[BellName], None]) -> Callable[[], None]:
    def work() -> None:
        deps.answered(bell)
        if bell is BellName.APPLY:
            apply_due_requests(deps)
        else:
            wake(bell)

    return work
