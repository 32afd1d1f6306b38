"""Whatever is killed, and whenever: every request answered with 202 is judged once, in order, and nobody is told twice.

Each run requests 1,000 or 2,000 transitions of 50 Apps over HTTP while something is killed, then checks the result.
"""

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from runtime.embedded.postgres import EmbeddedPostgres
from runtime.embedded.valkey import EmbeddedValkey
from tests.api.invariants import SentRequest, check_requests, check_rows
from tests.journeys import KEY, apps_in_public_beta, people_in, token_of
from tests.kills.client import Client
from tests.kills.stack import Stack, hits, stack_running
from tests.mailbox import Mailbox
from tests.waiting import wait_until
from workflow.history.verification import verify_history

APPS = 50
EACH, EACH_AT_RANDOM = 20, 40
REVISED, LOOKED_AT, EACH_LIVE = 10, 10, 30
SLUGS = [f"app-{number}" for number in range(APPS)]


def _run(
    servers: tuple[EmbeddedPostgres, EmbeddedValkey, str],
    folder: Path,
    *,
    each: int,
    fault: str | None = None,
    disturb: Callable[[Stack], None] | None = None,
) -> None:
    """Checks that `each` requests of every App are judged, while the fault and the disturbance kill what they kill."""
    postgres, valkey, database_url = servers
    with _connecting(database_url) as engine:
        people = people_in(engine)
        apps_in_public_beta(engine, people, SLUGS)
        token = token_of(engine, people.admin)
        with stack_running(folder, postgres, valkey, database_url, fault) as (stack, mailbox):
            client = Client(stack.url, token)
            threads = client.ask_for(SLUGS, each)
            if disturb is not None:
                disturb(stack)
            for thread in threads:
                thread.join(120)
            assert sum(len(ids) for ids in client.accepted.values()) == APPS * each
            wait_until(lambda: _undecided(engine) == 0, seconds=120, what="all requests judged")
            if fault is not None:
                wait_until(lambda: len(hits(folder)) >= int(fault.split("=")[1]), seconds=60, what=f"{fault} to be hit")
            wait_until(lambda: _delivered(engine), seconds=60, what="a mail")
            _check_outcomes(engine, client, each)
            _check_history(engine)
            _check_notifications(engine, mailbox, APPS * each)


@contextmanager
def _connecting(url: str) -> Iterator[Engine]:
    """Yields an engine that survives restarts of its server. Closes its connections, also if the test fails."""
    engine = create_engine(url, pool_pre_ping=True)
    try:
        yield engine
    finally:
        engine.dispose()


def _undecided(engine: Engine) -> int:
    with engine.connect() as connection:
        statement = text("SELECT count(*) FROM transition_request WHERE status = 'due'")
        return int(connection.execute(statement).scalar_one())


def _delivered(engine: Engine) -> Sequence[str]:
    """Returns the ids of the notifications that were sent."""
    with engine.connect() as connection:
        return connection.execute(text("SELECT id::text FROM notification WHERE status = 'done'")).scalars().all()


def _check_outcomes(engine: Engine, client: Client, each: int) -> None:
    """Checks that each request the client got an answer for was applied once, in the order of the answers."""
    with Session(engine) as session:
        rows = session.execute(text("SELECT id::text, status, version, last_error FROM transition_request"))
        outcome = {row.id: row for row in rows}
        log = session.execute(text("SELECT request_id::text, count(*) FROM transition GROUP BY 1 HAVING count(*) > 1"))
        assert log.all() == []
    for slug, ids in client.accepted.items():
        assert len(set(ids)) == each
        wrong = [outcome[request_id] for request_id in ids if outcome[request_id].status != "applied"]
        assert wrong == [], slug
        versions = [outcome[request_id].version for request_id in ids]
        assert versions == list(range(versions[0], versions[0] + each)), slug


def _check_history(engine: Engine) -> None:
    """Checks that replaying the log leads to every App's state, and that its hashes verify."""
    with Session(engine) as session:
        assert list(verify_history(session, KEY)) == []


def _check_notifications(engine: Engine, mailbox: Mailbox, many: int) -> None:
    """Checks that each transition has one notification per recipient, delivered at least once under one Message-ID."""
    with Session(engine) as session:
        told = session.execute(
            text("SELECT count(*) FROM notification WHERE kind IN ('suspended', 'reinstated')")
        ).scalar_one()
        applied = session.execute(
            text("SELECT count(*) FROM transition WHERE trigger IN ('suspend', 'reinstate')")
        ).scalar_one()
        assert told == applied == many
    delivered = _delivered(engine)
    assert delivered
    sent = {message_id.strip("<>").partition("@")[0] for message_id in mailbox.deliveries}
    assert set(delivered) <= sent


@pytest.mark.parametrize(
    "fault",
    [
        "after_lock=8",
        "after_log_insert=8",
        "before_commit=8",
        "after_commit=8",
        "notification_sent=40",
        "scheduler_tick=12",
    ],
)
def test_a_process_killed_at_a_named_point_loses_nothing(
    servers_of_its_own: tuple[EmbeddedPostgres, EmbeddedValkey, str], tmp_path: Path, fault: str
) -> None:
    _run(servers_of_its_own, tmp_path, each=EACH, fault=fault)


def _at_random(act: Callable[[Stack], None], times: int) -> Callable[[Stack], None]:
    def disturb(stack: Stack) -> None:
        pause = threading.Event()
        for _ in range(times):
            pause.wait(random.uniform(0.3, 1.5))
            act(stack)

    return disturb


@pytest.mark.parametrize(
    ("what", "act", "times"),
    [
        ("worker", lambda stack: random.choice(stack.workers).kill(), 4),
        ("api", lambda stack: stack.api.kill(), 2),
        ("scheduler", lambda stack: random.choice(stack.schedulers).kill(), 3),
        ("valkey", Stack.kill_valkey, 2),
        ("flush", lambda stack: stack.valkey.flush(), 4),
        ("postgres restart", Stack.restart_postgres, 2),
        ("postgres kill", Stack.kill_postgres, 2),
    ],
)
def test_processes_killed_at_random_lose_nothing(
    servers_of_its_own: tuple[EmbeddedPostgres, EmbeddedValkey, str],
    tmp_path: Path,
    what: str,  # noqa: ARG001 (names the case)
    act: Callable[[Stack], None],
    times: int,
) -> None:
    _run(servers_of_its_own, tmp_path, each=EACH_AT_RANDOM, disturb=_at_random(act, times))


@pytest.mark.parametrize("fault", ["after_log_insert=6", None])
def test_revisions_and_looks_under_way_outlive_what_is_killed(
    servers_of_its_own: tuple[EmbeddedPostgres, EmbeddedValkey, str], tmp_path: Path, fault: str | None
) -> None:
    """Half of the Apps hand in revisions and take them back; the others are looked at, suspended and reinstated."""
    postgres, valkey, database_url = servers_of_its_own
    engine = create_engine(database_url, pool_pre_ping=True)
    people = people_in(engine)
    apps_in_public_beta(engine, people, SLUGS[: REVISED + LOOKED_AT])
    with Session(engine) as session, session.begin():
        session.execute(text("UPDATE app SET touched = '{name}'"))
    with stack_running(tmp_path, postgres, valkey, database_url, fault) as (stack, _):
        revising = Client(stack.url, token_of(engine, people.partner), ("submit", "withdraw"))
        looking = Client(stack.url, token_of(engine, people.admin), ("recheck", "suspend", "reinstate"))
        threads = [
            *revising.ask_for(SLUGS[:REVISED], EACH_LIVE, 2),
            *looking.ask_for(SLUGS[REVISED : REVISED + LOOKED_AT], EACH_LIVE, 2),
        ]
        if fault is None:
            _at_random(lambda stack: random.choice(stack.workers).kill(), 4)(stack)
        for thread in threads:
            thread.join(120)
        wait_until(lambda: _undecided(engine) == 0, seconds=120, what="all requests judged")
        if fault is not None:
            wait_until(lambda: hits(tmp_path), seconds=60, what=f"{fault} to be hit")
    accepted = [request for client in (revising, looking) for ids in client.accepted.values() for request in ids]
    assert len(set(accepted)) == (REVISED + LOOKED_AT) * EACH_LIVE
    with Session(engine) as session:
        ends = session.execute(text("SELECT status, count(*) FROM transition_request GROUP BY 1")).all()
        assert [tuple(end) for end in ends if end.status != "applied"] == []
    for client in (revising, looking):
        for ids in client.accepted.values():
            check_requests(engine, [SentRequest(UUID(request), "") for request in ids])
    check_rows(engine)
    engine.dispose()
