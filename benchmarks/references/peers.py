"""Peers with one message or job per transition: Dramatiq through the ORM and with raw psycopg, and pgqueuer.

`python -m benchmarks.references.peers NAME` is a worker process of pgqueuer. Dramatiq's are started by its own command.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import Any

import dramatiq
import psycopg
import redis
from dramatiq.brokers.redis import RedisBroker
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, ConnectionPool
from sqlalchemy import create_engine, make_url, select, text
from sqlalchemy.orm import Session

from benchmarks.processes import environment, running, until
from benchmarks.references.transition import apply_one, apply_one_async, derived
from benchmarks.stage import Stage, ask
from models import App, Notification, Person, Transition, TransitionReason, TransitionRequest
from models.base import new_id

PROCESSES, THREADS = 2, 4
WARMING = 40
"""The number of jobs that are run before latency is measured."""


def run_peer(on: Stage, name: str, *, requests: int) -> Any:
    """Requests one transition of each of the first Apps and has `name` apply them. Returns when that began."""
    due = _asked(on, requests)
    since = on.moment()
    asyncio.run(_enqueue(on, name, due))
    with _workers(on, name):
        until(on.is_drained, name)
    return since


def peer_latencies(on: Stage, name: str, *, a_second: int, seconds: int) -> list[float]:
    """Returns, for each job, the milliseconds from its enqueuing to the commit that applied it, at a steady rate."""
    asked = _asked(on, a_second * seconds + WARMING)
    warming, due = asked[:WARMING], asked[WARMING:]
    with _workers(on, name):
        asyncio.run(_enqueue(on, name, warming, a_second=a_second))
        until(lambda: _left(on) == len(due), name)
        enqueued = asyncio.run(_enqueue(on, name, due, a_second=a_second))
        until(on.is_drained, name)
    with on.engine.connect() as connection:
        applied = {row.id: float(row.at) for row in connection.execute(_APPLIED, {"ids": due})}
    return [(applied[request_id] - began) * 1e3 for request_id, began in enqueued.items()]


_APPLIED = text("""
    SELECT request_id::text AS id, extract(epoch FROM pg_xact_commit_timestamp(xmin)) AS at FROM transition
     WHERE request_id = ANY(CAST(:ids AS uuid[]))
""")


def _asked(on: Stage, requests: int) -> list[str]:
    """Requests one transition of each of the first Apps, and deletes from Redis what an earlier run left."""
    ask(on, 1, apps=requests)
    with redis.Redis.from_url(on.redis_url) as client:
        client.flushdb()
    with on.engine.connect() as connection:
        return [str(one) for one in connection.scalars(text("SELECT id FROM transition_request WHERE status = 'due'"))]


def _left(on: Stage) -> float:
    return on.number("SELECT count(*) FROM transition_request WHERE status = 'due'")


@contextmanager
def _workers(on: Stage, name: str) -> Iterator[None]:
    with ExitStack() as stack:
        if name == "pgqueuer":
            env = environment(on) | {"DATABASE_URL": on.owner_url}
            for _ in range(PROCESSES):
                command = [sys.executable, "-m", "benchmarks.references.peers"]
                stack.enter_context(running(command, env, on.folder / f"{name}.log"))
        else:
            command = [sys.executable, "-m", "dramatiq", "benchmarks.references.peers:declare", "--skip-logging"]
            command += ["--processes", str(PROCESSES), "--threads", str(THREADS)]
            stack.enter_context(running(command, environment(on), on.folder / f"{name}.log"))
        yield


async def _enqueue(on: Stage, name: str, due: list[str], *, a_second: int | None = None) -> dict[str, float]:
    """Enqueues jobs as fast as possible, or at a rate. Returns the time of each."""
    enqueued = {}
    async with _enqueuing(on, name) as enqueue:
        began = time.perf_counter()
        for number, request_id in enumerate(due):
            if a_second:
                await asyncio.sleep(max(0.0, began + number / a_second - time.perf_counter()))
            await enqueue(request_id)
            enqueued[request_id] = time.time()
    return enqueued


@asynccontextmanager
async def _enqueuing(on: Stage, name: str) -> AsyncIterator[Callable[[str], Awaitable[None]]]:
    if name != "pgqueuer":
        broker = RedisBroker(url=on.redis_url)

        async def send(request_id: str) -> None:
            broker.enqueue(dramatiq.Message("default", name, (request_id,), {}, {}))

        yield send
        broker.close()
        return
    from pgqueuer import PsycopgDriver, Queries

    async with (
        await psycopg.AsyncConnection.connect(_plain(on.owner_url), autocommit=True) as connection,
        PsycopgDriver(connection) as at,
    ):
        queries = Queries(at)
        if not await queries.schema_is_installed():
            await queries.install()

        async def insert(request_id: str) -> None:
            await queries.enqueue("transition", request_id.encode())

        yield insert


def declare() -> None:
    """Sets a broker with both actors. Called in the worker processes of Dramatiq."""
    broker = RedisBroker(url=os.environ["REDIS_URL"])
    dramatiq.set_broker(broker)
    engine = create_engine(os.environ["DATABASE_URL"], pool_size=THREADS)
    pool: Any = ConnectionPool(
        _plain(os.environ["DATABASE_URL"]),
        min_size=THREADS,
        max_size=THREADS,
        kwargs={"row_factory": dict_row, "autocommit": True},
        open=True,
    )

    def plain_actor(request_id: str) -> None:
        with Session(engine) as session, session.begin():
            _apply_by_orm(session, request_id)

    def raw_actor(request_id: str) -> None:
        with pool.connection() as connection:
            apply_one(connection, request_id)

    for function in (plain_actor, raw_actor):
        dramatiq.actor(actor_name=function.__name__, broker=broker, max_retries=0)(function)


def _apply_by_orm(session: Session, request_id: str) -> None:
    request = session.get_one(TransitionRequest, request_id)
    app = session.get_one(App, request.app_id, with_for_update={"key_share": True}, populate_existing=True)
    follows = derived(request.trigger)
    before, now = app.state, session.execute(text("SELECT now()")).scalar_one()
    app.state, app.version = follows["target"], app.version + 1
    session.flush()
    session.add(
        Transition(
            app_id=app.id, version=app.version, from_state=before, trigger=request.trigger, to_state=app.state,
            from_open_kind=app.open_kind, open_kind=app.open_kind, from_open_review=0, open_review=0,
            from_published=app.published, published=app.published,
            actor_id=request.principal_id, actor_role=request.role, policy_version=1, request_id=request.id, at=now,
            reason_commitment=bytes(32), hash=bytes(32),
        )
    )  # fmt: skip
    session.flush()
    session.add(TransitionReason(app_id=app.id, version=app.version, salt=bytes(16), reasons=request.reasons))
    request.status, request.version, request.policy_version = "applied", app.version, 1
    request.reasons, request.finished_at = [], now
    for person in session.scalars(select(Person.id).where(Person.organization_id == app.organization_id)):
        cause = f"transition:{app.id}:{app.version}:{follows['kind']}"
        session.add(
            Notification(
                id=new_id(), kind=follows["kind"], cause=cause, app_id=app.id, app_version=app.version,
                recipient_id=person, due_at=now,
            )
        )  # fmt: skip


async def _work_pgqueuer(url: str) -> None:
    from pgqueuer import Job, PsycopgDriver, Queries, QueueManager

    pool: Any = AsyncConnectionPool(
        url, min_size=THREADS, max_size=THREADS, kwargs={"row_factory": dict_row, "autocommit": True}, open=False
    )
    async with (
        pool,
        await psycopg.AsyncConnection.connect(url, autocommit=True) as connection,
        PsycopgDriver(connection) as driver,
    ):
        manager = QueueManager(Queries(driver))

        @manager.entrypoint("transition")
        async def transition(job: Job) -> None:
            async with pool.connection() as own:
                await apply_one_async(own, (job.payload or b"").decode())

        await manager.run(batch_size=50)


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


if __name__ == "__main__":
    asyncio.run(_work_pgqueuer(_plain(os.environ["DATABASE_URL"])))
