"""The statements of the hot path: how many a batch takes, and that none scans a growing table sequentially."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from benchmarks.filling import fill, put, put_requests, settle
from models.base import new_id
from models.lifecycle import AppTrigger, Role
from models.request import RequestSource
from tests.databases import TestDatabase
from tests.journeys import now_and_writer, writer_of
from tests.plans import TESTED_COMPONENTS, Watched, watched, watched_directly
from workers.judging.batches import judge_batch
from workers.judging.in_flight import InFlightBatches
from workflow.identity.actors import Actor
from workflow.lifecycle.batch import judge_due_requests
from workflow.lifecycle.promotion import promotion_candidates, request_where_eligible
from workflow.lifecycle.requests import CallerRequest, Wanted, accept_requests
from workflow.sql.pipeline import direct_connection, direct_transaction

APPS, BATCH = 5_000, 10
"""The size of a batch, so much smaller than the tables that a sequential scan would be a mistake."""

_ENTRIES = """
    INSERT INTO catalog_entry (app_id, slug, badge, categories, kinds, submission_id, listed_at, name_search, search)
    SELECT app.id, slug, 'public_beta', '{}', '{}', s.id, now(), '', ''
      FROM app JOIN submission s ON s.app_id = app.id
"""

_TOKENS = """
    INSERT INTO api_token (id, person_id, role, organization_id, label, token_hash, hint, expires_at)
    SELECT uuidv7(), id, role, organization_id, 'token', sha256(id::text::bytea), 'hint', now() + interval '1 day'
      FROM person
"""


@pytest.fixture(scope="module", autouse=True)
def filled(module_database: TestDatabase) -> None:
    """A database with thousands of Apps, five finished and two due requests each, and with planner statistics."""
    superuser = create_engine(module_database.superuser_url)
    fill(superuser, 1, APPS, finished=5, apps_a_company=1)
    put_requests(superuser, 2, apps=APPS)
    put(superuser, _ENTRIES, _TOKENS, *TESTED_COMPONENTS)
    settle(superuser)
    superuser.dispose()


def _judge(engine: Engine, limit: int) -> Watched:
    with (
        direct_connection(engine) as connection,
        watched_directly(connection) as seen,
        suppress(_Undone),
        direct_transaction(connection) as session,
    ):
        report = judge_due_requests(
            session, now_and_writer=now_and_writer, mark_in_flight=lambda _ids: new_id, limit=limit
        )
        assert [outcome.status for outcome in report.outcomes] == ["applied"] * limit
        raise _Undone
    return seen


class _Undone(Exception):
    """Raised to roll the transaction back."""


def test_a_batch_takes_as_many_statements_as_one_request(module_engine: Engine) -> None:
    one, many = _judge(module_engine, 1), _judge(module_engine, BATCH)
    assert one.statements == many.statements
    assert len(one.statements) <= 14


def test_a_batch_takes_three_round_trips(module_engine: Engine, tmp_path: Path) -> None:
    """One each for its reads, its writes and COMMIT. Each round trip is a Sync on the wire."""
    in_flight = InFlightBatches(module_engine)
    with direct_connection(module_engine) as connection, (tmp_path / "wire").open("w") as wire:
        driver: Any = connection.connection.driver_connection
        driver.pgconn.trace(wire.fileno())
        report = judge_batch(connection, in_flight, now_and_writer, limit=BATCH)
        driver.pgconn.untrace()
    assert len(report.outcomes) == BATCH
    assert (tmp_path / "wire").read_text().count("\tSync") == 3


def test_no_statement_of_a_batch_scans_a_growing_table(module_engine: Engine) -> None:
    for limit in (1, BATCH):
        seen = _judge(module_engine, limit)
        assert seen.read_through == []
        assert seen.compared == []


@pytest.mark.parametrize("planned", ["auto", "force_generic_plan"])
def test_accepting_requests_scans_no_growing_table(module_engine: Engine, planned: str) -> None:
    with Session(module_engine) as session:
        person, token = session.execute(text("SELECT person_id, id FROM api_token WHERE role = 'admin' LIMIT 1")).one()
    actor = Actor(person, Role.ADMIN, token_id=token)
    wanted = [Wanted(f"app-{number}", AppTrigger.SUSPEND, f"key-{number}") for number in range(1, BATCH + 1)]
    asked = [CallerRequest(actor, one) for one in wanted]
    with Session(module_engine) as session:
        session.execute(text(f"SET LOCAL plan_cache_mode = {planned}"))
        with watched(module_engine) as seen:
            accept_requests(session, asked, RequestSource.HTTP)
            assert len(seen.statements) == 1
            accept_requests(session, asked, RequestSource.HTTP)  # the second time, it finds them
            assert len(seen.statements) == 3
        session.rollback()
    assert seen.read_through == []
    assert seen.compared == []


def test_the_sweep_for_promotion_reads_only_its_candidates_and_the_open_requests(
    database: TestDatabase, engine: Engine
) -> None:
    superuser = create_engine(database.superuser_url)
    fill(superuser, 1, APPS, finished=5, apps_a_company=1)
    put(superuser, _CANDIDATES, *TESTED_COMPONENTS, candidates=CANDIDATES)
    settle(superuser)
    put(
        superuser,
        _OPEN_REQUESTS.format(status="'due', NULL, NULL"),
        _OPEN_REQUESTS.format(status="'dead', now(), 'broke'"),
    )
    superuser.dispose()
    with Session(engine) as session:
        writer = writer_of(session)
        with watched(engine) as seen:
            found = promotion_candidates(session, writer.policies, limit=APPS)
            asked_for = request_where_eligible(session, found[:BATCH], writer.policies, writer.rulebook)
        session.rollback()
    assert (len(found), asked_for) == (CANDIDATES - 2 * ASKED_FOR, BATCH)
    assert seen.read_through == []
    assert seen.compared == []


CANDIDATES = 1_000
"""So few of the Apps that to read all of them would be a mistake, however old the visibility map is."""
ASKED_FOR = 200
"""More rows than the planner's statistics know of, as after a sweep."""

_CANDIDATES = """
    UPDATE app SET onboarded_customers = 3, oauth_installed = true
     WHERE id IN (SELECT id FROM app ORDER BY id LIMIT :candidates)
"""

_OPEN_REQUESTS = f"""
    INSERT INTO transition_request (id, app_id, trigger, source, principal_id, role, body_hash, status, finished_at,
                                    last_error)
    SELECT uuidv7(), a.id, 'promote', 'schedule', a.created_by, 'schedule', sha256(''), {{status}}
      FROM app a
     WHERE a.oauth_installed
       AND NOT EXISTS (SELECT FROM transition_request r WHERE r.app_id = a.id AND r.source = 'schedule')
     ORDER BY a.id LIMIT {ASKED_FOR}
"""
