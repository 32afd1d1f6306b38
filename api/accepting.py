"""Accepts transition requests that come over HTTP, and batches those of concurrent calls into one transaction."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import Session

from api.admission import Admission
from api.context import transact
from models.request import RequestSource
from models.sqlstates import Fault, fault_of
from web.gathering import Gatherer
from workflow.errors import WorkflowError
from workflow.identity.actors import Actor
from workflow.lifecycle.requests import AcceptedRequest, CallerRequest, Wanted, accept_requests
from workflow.work.bells import Bell

Taken = AcceptedRequest | WorkflowError


class Accepting:
    """Stores transition requests, and rings the bell for them once they are committed.

    `by_statement` is an engine in autocommit mode. A single request is written with one statement, so it needs no
    explicit transaction, which would cost two more round trips.
    """

    def __init__(
        self, engine: AsyncEngine, by_statement: AsyncEngine, admission: Admission, ring: Callable[[Bell], None]
    ) -> None:
        self._engine = engine
        self._by_statement = by_statement
        self._admission = admission
        self._ring = ring
        self._gathered: Gatherer[CallerRequest, AcceptedRequest] = Gatherer(self._take_in_gathered)
        self._held: Counter[str] = Counter()

    async def one(self, actor: Actor, wanted: Wanted) -> AcceptedRequest:
        """Stores one request, in one transaction with those of concurrent calls. Commits. Raises WorkflowError.

        A request that meets another transaction's lock is tried again by itself, and so are those that come for its App
        meanwhile, so that the requests for other Apps do not wait for it.
        """
        asked = CallerRequest(actor, wanted)
        if wanted.app not in self._held:
            try:
                return await self._gathered(asked)
            except DBAPIError as error:
                if fault_of(error) is not Fault.LOCKED:
                    raise
        self._held[wanted.app] += 1
        try:
            (answer,) = await transact(
                self._by_statement, partial(_accept, asked=[asked]), turn=partial(self._turn, wanted.app)
            )
        finally:
            self._held -= Counter([wanted.app])
        self._ring_for([answer])
        if isinstance(answer, WorkflowError):
            raise answer
        return answer

    def _turn(self, app: str, ends_at: float) -> AbstractAsyncContextManager[None]:
        return self._admission.turn(f"apps/{app}", writes=True, ends_at=ends_at)

    async def many(self, actor: Actor, wanted: Sequence[Wanted]) -> list[Taken]:
        """Returns, in the order of `wanted`, each request as accepted or the error that refused it.

        Stores all of them in one transaction, and commits it.
        """
        answers = await transact(self._engine, partial(_accept, asked=[CallerRequest(actor, one) for one in wanted]))
        self._ring_for(answers)
        return answers

    async def _take_in_gathered(self, asked: Sequence[CallerRequest]) -> list[AcceptedRequest | Exception]:
        answers = await self._all_or_else_each(asked)
        self._ring_for(answers)
        return answers

    async def _all_or_else_each(self, asked: Sequence[CallerRequest]) -> list[AcceptedRequest | Exception]:
        """Stores all requests in one transaction. If Postgres rolls it back, stores each by itself.

        Waits for no lock for long: that is left to the callers, one by one.
        """
        if len(asked) > 1:
            try:
                accept = partial(_accept_in_order, asked=asked)
                return [*await transact(self._engine, accept, waits_for_locks=False)]
            except DBAPIError as error:
                if error.connection_invalidated:  # whether the lost connection has committed is unknown
                    raise
                if fault_of(error) is Fault.LOCKED:
                    return [error] * len(asked)
        answers: list[AcceptedRequest | Exception] = []
        for one in asked:
            try:
                answers += await transact(self._by_statement, partial(_accept, asked=[one]), waits_for_locks=False)
            except SQLAlchemyError as error:
                answers.append(error)
        return answers

    def _ring_for(self, answers: Sequence[AcceptedRequest | Exception]) -> None:
        if any(isinstance(answer, AcceptedRequest) for answer in answers):
            self._ring(Bell.APPLY)


def _accept(session: Session, asked: Sequence[CallerRequest]) -> list[Taken]:
    return accept_requests(session, asked, RequestSource.HTTP)


def _accept_in_order(session: Session, asked: Sequence[CallerRequest]) -> list[Taken]:
    """Stores requests sorted by actor and key, so that two processes given the same keys cannot deadlock."""
    order = sorted(range(len(asked)), key=lambda at: (asked[at].actor.id, asked[at].wanted.idempotency_key or ""))
    answers = dict(zip(order, _accept(session, [asked[at] for at in order]), strict=True))
    return [answers[at] for at in range(len(asked))]
