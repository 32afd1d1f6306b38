"""The actor for messages from other services."""

from typing import Any

from dramatiq import Broker, actor
from dramatiq.middleware import CurrentMessage

from workers.context import WorkerContext
from workers.intake import request_transition
from workflow.sql.transient import is_transient
from workflow.work.bells import MESSAGE_QUEUE

OWN_FAILURES = "own_failures"
"""The message option that counts the attempts that the message itself made fail. Dramatiq's `retries` counts all."""


def declare_actor(broker: Broker, context: WorkerContext) -> None:
    """Declares the queue and its actor on `broker`. Call it once in each process, after forking."""

    def take_in(*positional: Any, **arguments: Any) -> None:
        message = CurrentMessage.get_current_message()
        options = message.options if message else {}
        attempts = 1 + options.get(OWN_FAILURES, 0)
        try:
            request_transition(
                context, arguments | ({"positional": positional} if positional else {}), attempts=attempts
            )
        except Exception as error:
            if not is_transient(error):
                options[OWN_FAILURES] = attempts  # Dramatiq delivers the message again with its options
            raise

    actor(
        actor_name="request_transition",
        queue_name=MESSAGE_QUEUE,
        broker=broker,
        max_retries=None,
        min_backoff=500,
        max_backoff=15_000,
    )(take_in)
