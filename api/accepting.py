"""Taking transition requests in over HTTP: many at once, those of one call or of several."""

from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import Session

from api.context import transact
from api.gathering import Gatherer
from models.request import RequestSource
from workflow.errors import WorkflowError
from workflow.identity.actors import Actor
from workflow.lifecycle.requests import AcceptedRequest, CallerRequest, Wanted, accept_requests
from workflow.work.bells import Bell

Taken = AcceptedRequest | WorkflowError


class Accepting:
    """Takes requests in, and rings for them.

    `by_statement` commits after each statement: a single request is written with one statement, and needs no
    transaction round it, which would be two round trips more.
    """

    def __init__(self, engine: AsyncEngine, by_statement: AsyncEngine, ring: Callable[[Bell], None]) -> None:
        self._engine = engine
        self._by_statement = by_statement
        self._ring = ring
        self._gathered: Gatherer[CallerRequest, AcceptedRequest] = Gatherer(self._take_in_gathered)

    async def one(self, actor: Actor, wanted: Wanted) -> AcceptedRequest:
        """Takes one in, together with what other calls ask for at this moment. Raises WorkflowError."""
        return await self._gathered(CallerRequest(actor, wanted))

    async def many(self, actor: Actor, wanted: Sequence[Wanted]) -> list[Taken]:
        """Takes each in, or says why not, in the same order: all in one transaction."""
        answers = await transact(self._engine, partial(_accept, asked=[CallerRequest(actor, one) for one in wanted]))
        self._ring_for(answers)
        return answers

    async def _take_in_gathered(self, asked: Sequence[CallerRequest]) -> list[AcceptedRequest | Exception]:
        answers = await self._all_or_else_each(asked)
        self._ring_for(answers)
        return answers

    async def _all_or_else_each(self, asked: Sequence[CallerRequest]) -> list[AcceptedRequest | Exception]:
        """Takes all in with one transaction, and each by itself when Postgres has refused and undone that."""
        if len(asked) > 1:
            try:
                return [*await transact(self._engine, partial(_accept_in_order, asked=asked))]
            except DBAPIError as error:
                if error.connection_invalidated:  # what a lost connection committed, nobody knows
                    raise
        answers: list[AcceptedRequest | Exception] = []
        for one in asked:
            try:
                answers += await transact(self._by_statement, partial(_accept, asked=[one]))
            except SQLAlchemyError as error:
                answers.append(error)
        return answers

    def _ring_for(self, answers: Sequence[AcceptedRequest | Exception]) -> None:
        if any(isinstance(answer, AcceptedRequest) for answer in answers):
            self._ring(Bell.APPLY)


def _accept(session: Session, asked: Sequence[CallerRequest]) -> list[Taken]:
    return accept_requests(session, asked, RequestSource.HTTP)


def _accept_in_order(session: Session, asked: Sequence[CallerRequest]) -> list[Taken]:
    """In the order of actors and keys, so that two processes that are sent the same keys do not wait in a circle."""
    order = sorted(range(len(asked)), key=lambda at: (asked[at].actor.id, asked[at].wanted.idempotency_key or ""))
    answers = dict(zip(order, _accept(session, [asked[at] for at in order]), strict=True))
    return [answers[at] for at in range(len(asked))]
