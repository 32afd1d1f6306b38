"""Taking transition requests in over HTTP: many in one transaction, those of one call or of several."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import Session

from api.house import audit_many, transact
from models.request import RequestSource
from workflow.actors import Actor
from workflow.bells import Bell
from workflow.errors import WorkflowError
from workflow.requests import Accepted, Wanted, accept_requests

Taken = Accepted | WorkflowError


@dataclass(frozen=True, slots=True)
class Asked:
    """What one caller asks for."""

    actor: Actor
    wanted: Wanted


def accept(session: Session, actor: Actor, wanted: Sequence[Wanted]) -> list[Taken]:
    """Takes each in, or says why not, and notes what is new. Does not commit."""
    answers = accept_requests(session, wanted, actor, RequestSource.HTTP)
    new = [
        (answer.id, {"app": one.app, "trigger": one.trigger.value})
        for one, answer in zip(wanted, answers, strict=True)
        if isinstance(answer, Accepted) and not answer.repeated
    ]
    audit_many(session, actor, "transition.request", new)
    return answers


async def accept_together(
    engine: AsyncEngine, ring: Callable[[Bell], None], asked: Sequence[Asked]
) -> list[Accepted | Exception]:
    """Takes in what several callers ask for at once, in one transaction; when that fails, each in one of its own.

    Rings once for all.
    """
    answers = await _accept_at_once(engine, asked)
    if any(isinstance(answer, Accepted) for answer in answers):
        ring(Bell.APPLY)
    return answers


async def _accept_at_once(engine: AsyncEngine, asked: Sequence[Asked]) -> list[Accepted | Exception]:
    try:
        return [*await transact(engine, partial(_accept_all, asked=asked))]
    except DBAPIError as error:
        if len(asked) == 1 or error.connection_invalidated:  # what a lost connection committed, nobody knows
            raise
    answers: list[Accepted | Exception] = []
    for one in asked:
        try:
            answers += await transact(engine, partial(_accept_all, asked=[one]))
        except DBAPIError as error:
            answers.append(error)
    return answers


def _accept_all(session: Session, asked: Sequence[Asked]) -> list[Taken]:
    """In the order of actors and keys, so that two processes that are sent the same keys do not wait in a circle."""
    order = sorted(range(len(asked)), key=lambda at: (asked[at].actor.id, asked[at].wanted.idempotency_key or ""))
    by_actor: dict[Actor, list[int]] = {}
    for at in order:
        by_actor.setdefault(asked[at].actor, []).append(at)
    answers: dict[int, Taken] = {}
    for actor, places in by_actor.items():
        answers |= zip(places, accept(session, actor, [asked[at].wanted for at in places]), strict=True)
    return [answers[at] for at in range(len(asked))]
