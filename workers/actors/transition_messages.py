"""The actor for messages from other services."""

from typing import Any

from dramatiq import Broker, actor
from dramatiq.middleware import CurrentMessage

from workers.context import WorkerContext
from workers.intake import request_transition
from workflow.work.bells import MESSAGE_QUEUE


def declare_actor(broker: Broker, context: WorkerContext) -> None:
    """Declares the queue and its actor on `broker`. Call it once in each process, after forking."""

    def take_in(*positional: Any, **arguments: Any) -> None:
        message = CurrentMessage.get_current_message()
        attempts = 1 + (message.options.get("retries", 0) if message else 0)
        request_transition(context, arguments | ({"positional": positional} if positional else {}), attempts=attempts)

    actor(
        actor_name="request_transition",
        queue_name=MESSAGE_QUEUE,
        broker=broker,
        max_retries=None,
        min_backoff=500,
        max_backoff=15_000,
    )(take_in)
