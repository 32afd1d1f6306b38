"""What all endpoints share: transactions, rules and bells. `main` builds it and puts it in the application's state."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar, cast

from fastapi import Request
from sqlalchemy import orm, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from api.token_use import TokenUse
from api.waiting import Waiter
from workflow.assets.pictures import Picture
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
"""The session that a route passes on to the workflow. Routes contain no SQL."""


@dataclass(frozen=True, slots=True)
class ApiContext:
    """The dependencies of the endpoints.

    `find_caller` returns the holder of a token. `accept_one` stores a transition request and rings for it. Both raise
    WorkflowError. `accept_many` returns, for each request of a list, the accepted request or its error. `ring` takes
    bells (`workflow.work`); it never blocks and never raises. `envelope` encrypts and decrypts secrets.
    `allow_loopback_urls` permits partners' URLs that lead to this machine. `profile` describes the platform.
    `read_picture` examines a picture of a kind in a process of its own, and raises WorkflowError. `redis_answers`
    returns within a second whether Redis answers.
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
    read_picture: Callable[[str, bytes], Awaitable[Picture]]
    waiter: Waiter
    token_use: TokenUse
    revision: str
    redis_answers: Callable[[], Awaitable[bool]]

    async def transact(self, work: Callable[[Session], Result]) -> Result:
        """Runs synchronous `work` in one transaction, commits, rings its bells, and returns its result."""
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
        """Returns the database's revision, or None if the database does not answer or has never been migrated."""
        try:
            return await self.transact(lambda session: session.scalar(_REVISION))
        except SQLAlchemyError:
            return None

    def writer(self, session: Session) -> WriteContext:
        """Returns what writing transitions needs."""
        return WriteContext(self.history_key, self.rulebook, load_policies(session), lambda _name: None)


async def transact(engine: AsyncEngine, work: Callable[[Session], Result]) -> Result:
    """Runs synchronous `work` in one transaction, commits it, and returns the result of `work`.

    If `engine` is in autocommit mode there is no transaction. BEGIN, `work` and COMMIT share one greenlet switch.
    """

    def run(session: Session) -> Result:
        with session.begin():
            return work(session)

    async with AsyncSession(engine, expire_on_commit=False) as session:
        return await session.run_sync(run)


async def context_of(request: Request) -> ApiContext:
    """Returns the context, as an endpoint's dependency. It is async because FastAPI would run it on a thread if not."""
    return cast(ApiContext, request.app.state.context)


def now_of(session: Session) -> datetime:
    """Returns the database's time, so that all processes share one clock."""
    now: datetime = session.execute(text("SELECT now()")).scalar_one()
    return now


_REVISION = text("SELECT version_num FROM alembic_version")
