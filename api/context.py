"""What every endpoint shares: transactions, rules, bells. Made in `main`, found on the application's state."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar, cast

from fastapi import Request
from sqlalchemy import orm, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from api.token_use import TokenUse
from api.waiting import Waiter
from workflow.errors import WorkflowError
from workflow.identity.actors import Actor
from workflow.identity.secrets import Envelope
from workflow.identity.tokens import Principal
from workflow.lifecycle.apply import WriteContext
from workflow.lifecycle.requests import AcceptedRequest, Wanted
from workflow.lifecycle.rulebook import AppRulebook
from workflow.policy.document import load_policies
from workflow.profile.document import Profile
from workflow.work.bells import Bell, bells_of

Result = TypeVar("Result")
Session = orm.Session
"""What a route hands to the workflow. Routes themselves know no SQL."""


@dataclass(frozen=True, slots=True)
class ApiContext:
    """The world of the endpoints.

    `find_caller` knows who holds a token, `accept_one` takes a transition request in and rings for it; both raise
    WorkflowError. `accept_many` takes in each of a list, or says why not. `ring` is given bells (`workflow.work`) and
    never blocks nor raises; `envelope` seals a secret and opens it again; `allow_loopback_urls` lets partners' URLs
    lead to this machine; `profile` is the platform's; `pixels` are the few threads that look into pictures;
    `redis_answers` tells it within a second.
    """

    engine: AsyncEngine
    history_key: bytes
    rulebook: AppRulebook
    find_caller: Callable[[str], Awaitable[Principal]]
    accept_one: Callable[[Actor, Wanted], Awaitable[AcceptedRequest]]
    accept_many: Callable[[Actor, Sequence[Wanted]], Awaitable[list[AcceptedRequest | WorkflowError]]]
    ring: Callable[..., None]
    envelope: Envelope
    allow_loopback_urls: bool
    profile: Profile
    pixels: Executor
    waiter: Waiter
    token_use: TokenUse
    revision: str
    redis_answers: Callable[[], Awaitable[bool]]

    async def transact(self, work: Callable[[Session], Result]) -> Result:
        """Runs synchronous `work` in one transaction, and returns its result after COMMIT and after its bells rang."""
        bells: set[Bell] = set()

        def run(session: Session) -> Result:
            result = work(session)
            bells.update(bells_of(session))
            return result

        result = await transact(self.engine, run)
        if bells:
            self.ring(*bells)
        return result

    async def database_revision(self) -> str | None:
        """Returns the database's migration; None when the database does not answer or is not migrated."""
        try:
            return await self.transact(lambda session: session.scalar(_REVISION))
        except SQLAlchemyError:
            return None

    async def look_into(self, work: Callable[[], Result]) -> Result:
        """Runs `work`, which takes a processor's time, beside the event loop: a few at once, the others wait."""
        return await asyncio.get_running_loop().run_in_executor(self.pixels, work)

    def writer(self, session: Session) -> WriteContext:
        """Returns what writing transitions needs."""
        return WriteContext(self.history_key, self.rulebook, load_policies(session), lambda _name: None)


async def transact(engine: AsyncEngine, work: Callable[[Session], Result]) -> Result:
    """Runs synchronous `work` in one transaction (none, if `engine` commits by statement) and returns its result.

    One switch into the greenlet for BEGIN, work and COMMIT.
    """

    def run(session: Session) -> Result:
        with session.begin():
            return work(session)

    async with AsyncSession(engine, expire_on_commit=False) as session:
        return await session.run_sync(run)


async def context_of(request: Request) -> ApiContext:
    """The dependency by which an endpoint gets the context. Asynchronous, or it would cost a thread on every call."""
    return cast(ApiContext, request.app.state.context)


def now_of(session: Session) -> datetime:
    """Returns the database's time: one clock for all processes."""
    now: datetime = session.execute(text("SELECT now()")).scalar_one()
    return now


_REVISION = text("SELECT version_num FROM alembic_version")
