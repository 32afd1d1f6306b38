"""What all endpoints share: transactions, rules and bells. `main` builds it and puts it in the application's state."""

import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar, cast
from uuid import UUID

from fastapi import Request
from sqlalchemy import orm, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from api.admission import MAX_WAIT_SECONDS, Admission, Tries, until_it_works
from api.openid import OpenIdProvider
from api.token_use import TokenUse
from api.waiting import Waiter
from web.problems import OUTAGE
from workflow.assets.pictures import Picture
from workflow.errors import WorkflowError
from workflow.identity.actors import Actor
from workflow.identity.principals import Principal
from workflow.identity.secrets import Envelope
from workflow.lifecycle.apply import WriteContext
from workflow.lifecycle.requests import AcceptedRequest, Wanted
from workflow.lifecycle.rulebook import AppRulebook
from workflow.notifications.letterhead import Letterhead
from workflow.policy.document import load_policies
from workflow.profile.document import Profile
from workflow.work.bells import Bell, bells_of

Result = TypeVar("Result")
Session = orm.Session
"""The session that a route passes on to the workflow. Routes contain no SQL."""


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """The revision of the database, None if it does not answer or was never migrated, and what can be done with it."""

    revision: str | None = None
    takes_writes: bool = False
    reads_tokens: bool = False


@dataclass(frozen=True, slots=True)
class ApiContext:
    """The dependencies of the endpoints.

    `by_statement` is `engine` in autocommit mode, for calls that only read.
    `find_caller` returns the holder of a token. `accept_one` stores a transition request and rings for it. Both raise
    WorkflowError. `accept_many` returns, for each request of a list, the accepted request or its error. `ring` takes
    bells (`workflow.work`); it never blocks and never raises. `envelope` encrypts and decrypts secrets.
    `allow_loopback_urls` permits partners' URLs that lead to this machine. `tracking_url` is where streams send to.
    `profile` describes the platform, and `letterhead` what its mails have in common.
    `read_picture` examines a picture of a kind in a process of its own, and raises WorkflowError. `redis_answers`
    returns within a second whether Redis answers. `waiter` waits for transition requests and
    `run_waiter` for test runs, by their ids; `news` for events of a stream in the sandbox, by its id and a position.
    `staff_provider` says who the platform's people are, None if they sign in by mail.
    """

    engine: AsyncEngine
    by_statement: AsyncEngine
    admission: Admission
    history_key: bytes
    rulebook: AppRulebook
    find_caller: Callable[[str], Awaitable[Principal]]
    accept_one: Callable[[Actor, Wanted], Awaitable[AcceptedRequest]]
    accept_many: Callable[[Actor, Sequence[Wanted]], Awaitable[list[AcceptedRequest | WorkflowError]]]
    ring: Callable[..., None]
    envelope: Envelope
    allow_loopback_urls: bool
    tracking_url: str
    profile: Profile
    letterhead: Letterhead
    read_picture: Callable[[str, bytes], Awaitable[Picture]]
    waiter: Waiter[UUID]
    run_waiter: Waiter[UUID]
    news: Waiter[tuple[UUID, int]]
    token_use: TokenUse
    revision: str
    redis_answers: Callable[[], Awaitable[bool]]
    staff_provider: OpenIdProvider | None

    async def transact(self, work: Callable[[Session], Result], *, reading_writes: bool = False) -> Result:
        """Runs synchronous `work` in one transaction, commits, rings its bells, and returns its result.

        `work` may run several times: see `transact`. Calls about one App take turns.

        The `work` of a GET is not in a transaction, unless its `reading_writes`, because it is logged. At the isolation
        level READ COMMITTED each statement has a snapshot of its own anyway, so that BEGIN and COMMIT would only be two
        more round trips, and ROLLBACK, after a refusal, would cost the connection all of its prepared statements.
        """
        bells: set[Bell] = set()
        lane, writes = _lane.get()
        only_reads = not (writes or reading_writes)

        def run(session: Session) -> Result:
            result = work(session)
            bells.update(bells_of(session))
            return result

        def turn(ends_at: float) -> AbstractAsyncContextManager[None]:
            return self.admission.turn(lane, writes=writes, ends_at=ends_at)

        engine = self.by_statement if only_reads else self.engine
        result = await transact(engine, run, turn=turn, only_reads=only_reads)
        if bells:
            self.ring(*bells)
        return result

    async def database_state(self) -> DatabaseState:
        """Returns what a look at the database says. Raises nothing."""
        try:
            revision, is_read_only = await transact(
                self.engine, lambda session: session.execute(_STATE).one(), only_reads=True
            )
        except SQLAlchemyError:
            return DatabaseState()
        try:
            await self.find_caller("none")
        except WorkflowError:
            return DatabaseState(revision, not is_read_only, reads_tokens=True)
        except SQLAlchemyError:
            pass
        return DatabaseState(revision, not is_read_only)

    async def describe_mismatch(self) -> str | None:
        """Returns how the database's revision differs from the code's; None if it does not, or cannot be read."""
        try:
            revision = await transact(self.engine, lambda session: session.scalar(_REVISION), only_reads=True)
        except SQLAlchemyError:
            return None
        if revision == self.revision:
            return None
        return f"The database is at revision {revision}; the code needs {self.revision}."

    def writer(self, session: Session) -> WriteContext:
        """Returns what writing transitions needs."""
        return WriteContext(self.history_key, self.rulebook, load_policies(session), lambda _name: None)


async def transact(
    engine: AsyncEngine,
    work: Callable[[Session], Result],
    *,
    turn: Callable[[float], AbstractAsyncContextManager[None]] = lambda _ends_at: nullcontext(),
    only_reads: bool = False,
    waits_for_locks: bool = True,
) -> Result:
    """Runs synchronous `work` in one transaction, commits it, and returns the result of `work`.

    If `engine` is in autocommit mode there is no transaction. BEGIN, `work` and COMMIT share one greenlet switch.
    `work` runs again, in a new transaction, after a deadlock, a lock that was held for too long, and on a new
    connection if the one it had broke before COMMIT or no longer fits the database. `turn` admits each try. Without a
    transaction a broken connection leaves unknown what was executed: then `work` runs again if it `only_reads`.
    Unless it `waits_for_locks`, a lock that is held for too long is raised at once.
    """
    by_statement = engine.sync_engine.get_execution_options().get("isolation_level") == "AUTOCOMMIT"
    is_committing = False

    def run(session: Session) -> Result:
        nonlocal is_committing
        is_committing = by_statement
        with session.begin():
            result = work(session)
            is_committing = True
            return result

    tries = Tries(time.monotonic() + MAX_WAIT_SECONDS, waits_for_locks)

    async def tried() -> Result:
        async with turn(tries.ends_at), AsyncSession(engine, expire_on_commit=False) as session:
            return await session.run_sync(run)

    result = await until_it_works(tried, lambda: is_committing and not only_reads, tries)
    OUTAGE.works()
    return result


async def context_of(request: Request) -> ApiContext:
    """Returns the context, as an endpoint's dependency. It is async because FastAPI would run it on a thread if not."""
    _lane.set(_lane_of(request))
    return cast(ApiContext, request.app.state.context)


def now_of(session: Session) -> datetime:
    """Returns the database's time, so that all processes share one clock."""
    now: datetime = session.execute(text("SELECT now()")).scalar_one()
    return now


def _lane_of(request: Request) -> tuple[str | None, bool]:
    """Returns what the call may have to wait for, and whether it writes.

    A call that writes waits for the thing that its path names, such as an App; one that reads, for a kind of thing.
    """
    steps = request.url.path.split("/")[2:4]
    if request.method in ("GET", "HEAD"):
        return f"GET {steps[0]}" if steps else None, False
    return "/".join(steps) if len(steps) == 2 else None, True


_lane: ContextVar[tuple[str | None, bool]] = ContextVar("lane", default=(None, True))
"""What the present call may have to wait for, and whether it writes."""

_STATE = text("""
    SELECT version_num, current_setting('transaction_read_only')::boolean OR pg_is_in_recovery() FROM alembic_version
""")
_REVISION = text("SELECT version_num FROM alembic_version")
