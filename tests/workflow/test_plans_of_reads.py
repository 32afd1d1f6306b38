"""The hot reads: each uses its index, scans no growing table sequentially, and takes a fixed number of statements.

The pages are the API's own endpoints, called without HTTP.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import Session

from api.auth import find_callers
from api.context import ApiContext, now_of
from api.main import create_api
from api.routes.app_changes import list_app_changes
from api.routes.catalog import list_catalog
from api.routes.grace_periods import list_under_way as list_grace
from api.routes.reviews import queue, refused_decisions
from api.routes.transitions import list_asked, log
from benchmarks.filling import add_finished_requests, add_shown_apps, fill, put, settle
from models.base import new_id
from models.lifecycle import ReviewKind, Role
from models.request import RequestStatus
from runtime.settings import load_settings
from tests.databases import TestDatabase
from tests.plans import Watched, watched
from workflow.identity.actors import Actor
from workflow.identity.principals import Principal
from workflow.lifecycle.reading import finished_requests
from workflow.pages import PageRequest
from workflow.profile.loading import load_profile
from workflow.reviewing.dossier import open_dossier
from workflow.work.bells import Bell
from workflow.work.handing_out import hand_out
from workflow.work.kinds import DueKind
from workflow.work.leases import Lease, bells_of_due_work, fail_due_row, finish_due_row

COMPANIES, APPS, PAGE = 3_000, 20_000, 5
"""The size of a page, so much smaller than the tables that a sequential scan would be a mistake."""
SLUG = f"app-{APPS}"
_RARE = "UPDATE catalog_entry SET categories = ARRAY['Video'] WHERE slug LIKE '%000'"
FAILED = "end_to_end_check"
_QUEUE = """
    UPDATE review SET kind = 'appeal' WHERE id IN (SELECT id FROM review WHERE closed_at IS NULL ORDER BY id LIMIT 10)
""", """
    UPDATE review SET categories = ARRAY['Video']
     WHERE id IN (SELECT id FROM review WHERE closed_at IS NULL ORDER BY id LIMIT 10)
""", """
    UPDATE review SET urgency = 0
     WHERE id IN (SELECT id FROM review WHERE closed_at IS NULL ORDER BY id DESC LIMIT 10)
""", """
    UPDATE review_step SET state = 'failed', status = 'done', decided_at = now()
     WHERE code = 'end_to_end_check'
       AND review_id IN (SELECT id FROM review WHERE closed_at IS NULL ORDER BY id LIMIT 10)
"""  # fmt: skip
"""Ten open reviews of each kind that the filters look for."""
_TOKENS = """
    INSERT INTO api_token (id, person_id, role, organization_id, label, token_hash, hint, expires_at)
    SELECT uuidv7(), id, 'partner', organization_id, 'bench', sha256(convert_to(email, 'UTF8')), 'none',
           now() + interval '1 day'
      FROM person
"""
_GRACE = """
    INSERT INTO grace_period (app_id, version, review_id, flagged_at, days, look_due_at, ended_at)
    SELECT app_id, opened_version, id, opened_at, 14, opened_at, CASE WHEN place > 2000 THEN opened_at END
      FROM (SELECT r.*, row_number() OVER (ORDER BY r.id DESC) AS place FROM review r) r
"""
_MORE_REQUESTS = """
    INSERT INTO transition_request (id, app_id, trigger, source, principal_id, role, idempotency_key, body_hash, status,
                                    finished_at, policy_version)
    SELECT uuidv7(), id, 'promote', 'http', created_by, 'service', uuidv7()::text, sha256(''), 'refused', now(), 1
      FROM app, generate_series(1, :many) WHERE slug = :slug
"""
REFUSED = UUID(int=1)
_REFUSED_DECISIONS = """
    INSERT INTO transition_request (id, app_id, trigger, source, principal_id, role, expected_review, body_hash, status,
                                    received_at, due_at, finished_at, policy_version)
    SELECT uuidv7(), app_id, 'approve', 'http', CAST(:principal_id AS uuid), 'reviewer', opened_version, sha256(''),
           'refused', now() - interval '1 minute', now(), now(), 1
      FROM review WHERE closed_at IS NULL ORDER BY id LIMIT 20
"""
_REASONS = """
    INSERT INTO transition_reason (app_id, version, salt, reasons)
    SELECT app_id, version, sha256(''), '[{"code": "other", "text": "bench"}]' FROM transition WHERE version = 4
"""
_DUE = """
    INSERT INTO job_tick (id, job, tick_at, due_at, status, finished_at)
    SELECT uuidv7(), 'job ' || n, now(), now(), CASE WHEN n > 9980 THEN 'due' ELSE 'done' END, now()
      FROM generate_series(1, 10000) n
""", """
    INSERT INTO website_check (id, access_request_id, url, due_at, status, checked_at)
    SELECT uuidv7(), id, website, now(), CASE WHEN place <= 20 THEN 'due' ELSE 'done' END,
           CASE WHEN place > 20 THEN now() END
      FROM (SELECT id, website, row_number() OVER (ORDER BY id DESC) AS place FROM access_request) asked
""", """
    INSERT INTO draft_check (id, app_id, run, code, app_name, evidence, requested_by, due_at, status, state,
                             finished_at)
    SELECT uuidv7(), id, 1, 'partners_page', name, '{}', created_by, now(),
           CASE WHEN place <= 20 THEN 'due' ELSE 'done' END, CASE WHEN place <= 20 THEN 'pending' ELSE 'passed' END,
           CASE WHEN place > 20 THEN now() END
      FROM (SELECT id, name, created_by, row_number() OVER (ORDER BY id DESC) AS place FROM app) asked
""", """
    INSERT INTO component (id, app_id, kind, subkind, name, settings)
    SELECT uuidv7(), id, 'subscription', 'webhook', 'Webhook', '{}' FROM app
""", """
    INSERT INTO component_test (id, component_id, component_revision, source, results, requested_by, due_at, status,
                                colour, finished_at)
    SELECT uuidv7(), id, 1, 'service', '[]', id, now(), CASE WHEN place <= 20 THEN 'due' ELSE 'done' END,
           CASE WHEN place > 20 THEN 'green' END, CASE WHEN place > 20 THEN now() END
      FROM (SELECT id, row_number() OVER (ORDER BY id DESC) AS place FROM component) asked
""", """
    INSERT INTO host_proof (id, organization_id, host, challenge, begun_by, due_at, status, expires_at)
    SELECT uuidv7(), id, 'hooks-' || place || '.example', 'x', id, now(),
           CASE WHEN place <= 20 THEN 'due' ELSE 'done' END, now()
      FROM (SELECT id, row_number() OVER (ORDER BY id DESC) AS place FROM organization) asked
""", """
    UPDATE review_step SET status = 'due', state = 'pending', decided_at = NULL
     WHERE id IN (SELECT id FROM review_step ORDER BY id DESC LIMIT 20)
""", """
    UPDATE notification SET status = 'due' WHERE id IN (SELECT id FROM notification ORDER BY id DESC LIMIT 20)
""", """
    INSERT INTO transition_request (id, app_id, trigger, source, principal_id, role, body_hash)
    SELECT uuidv7(), id, 'promote', 'schedule', created_by, 'schedule', sha256('') FROM app ORDER BY id DESC LIMIT 20
"""  # fmt: skip

_RUNS_OF_REVIEWS = """
    UPDATE component_test t SET review_id = r.id
      FROM component c
      JOIN (SELECT DISTINCT ON (app_id) app_id, id FROM review ORDER BY app_id, id DESC) r USING (app_id)
     WHERE c.id = t.component_id
"""
"""Makes each run of a Component's tests one that a review started."""


@pytest.fixture(scope="module")
def filled(module_database: TestDatabase) -> TestDatabase:
    """A database with thousands of rows of each kind, few of them due, and with planner statistics."""
    superuser = create_engine(module_database.superuser_url)
    fill(superuser, 1, COMPANIES, apps_a_company=1)
    add_shown_apps(superuser, COMPANIES + 1, APPS)
    add_finished_requests(superuser, APPS)
    put(superuser, _RARE, _REASONS, _TOKENS, *_QUEUE, *_DUE, _RUNS_OF_REVIEWS, _GRACE)
    put(superuser, _MORE_REQUESTS, slug=SLUG, many=PAGE)
    put(superuser, _REFUSED_DECISIONS, principal_id=REFUSED)
    settle(superuser)
    superuser.dispose()
    return module_database


async def _queue(house: ApiContext, size: int, **wanted: Any) -> int:
    narrowed: Any = dict.fromkeys(("round_", "company", "category", "failed_step", "appealed", "urgent")) | wanted
    return len((await queue(house, Actor(new_id(), Role.REVIEWER), PageRequest(limit=size), **narrowed)).items)


async def _refused_decisions(house: ApiContext, size: int) -> int:
    return len((await refused_decisions(house, Actor(REFUSED, Role.REVIEWER), PageRequest(limit=size))).items)


async def _log(house: ApiContext, size: int) -> int:
    return len((await log(house, Actor(new_id(), Role.ADMIN), SLUG, PageRequest(limit=size))).items)


async def _requests(house: ApiContext, size: int, status: RequestStatus | None = None) -> int:
    return len((await list_asked(house, Actor(new_id(), Role.ADMIN), SLUG, PageRequest(limit=size), status)).items)


async def _catalog(house: ApiContext, size: int, **look: Any) -> int:
    answer = await list_catalog(house, PageRequest(limit=size), **{"select": False} | look)
    return len(json.loads(bytes(answer.body))["items"])


async def _changes(house: ApiContext, size: int) -> int:
    return len((await list_app_changes(house, Actor(new_id(), Role.SERVICE), PageRequest(limit=size))).items)


async def _grace(house: ApiContext, size: int) -> int:
    wanted = PageRequest(limit=size)
    return len((await list_grace(house, Actor(new_id(), Role.REVIEWER), wanted, company=None, ends_before=None)).items)


async def _callers(house: ApiContext, size: int) -> int:
    found = await find_callers(house.engine, [f"bench@bench-{number}.example" for number in range(1, size + 1)])
    return sum(isinstance(one, Principal) for one in found)


async def _outcomes(house: ApiContext, size: int) -> int:
    ids = _finished(house.engine, size)
    return len(await house.transact(lambda session: finished_requests(session, ids)))


def _finished(engine: AsyncEngine, size: int) -> list[UUID]:
    """Returns ids of requests with an outcome, read on a connection that is not watched."""
    unwatched = create_engine(engine.url)
    with unwatched.connect() as connection:
        some = text("SELECT id FROM transition_request WHERE status <> 'due' ORDER BY id LIMIT :size")
        ids = list(connection.scalars(some, {"size": size}))
    unwatched.dispose()
    return ids


Read = Callable[[ApiContext, int], Awaitable[int]]
READS: dict[str, tuple[str, Read]] = {
    "the review queue": ("review_waiting_idx", _queue),
    "the review queue, a kind": ("review_kind_idx", partial(_queue, kind=ReviewKind.APPEAL)),
    "the review queue, a category that is rare": ("review_categories_idx", partial(_queue, category="Video")),
    "the review queue, a failed step": ("review_step_failed_idx", partial(_queue, failed_step=FAILED)),
    "the review queue, appealed": ("review_appeal_idx", partial(_queue, appealed=True)),
    "the review queue, urgent ones": ("review_waiting_idx", partial(_queue, urgent=True)),
    "one's refused decisions": ("transition_request_refused_decision_idx", _refused_decisions),
    "an App's log": ("transition_result_key", _log),
    "an App's requests": ("transition_request_app_idx", _requests),
    "an App's refused requests": ("transition_request_app_idx", partial(_requests, status=RequestStatus.REFUSED)),
    "the catalog": ("catalog_entry_slug_key", _catalog),
    "the catalog, a badge": ("catalog_entry_badge_slug_idx", partial(_catalog, badge="public_beta")),
    "the catalog, a category that is rare": ("catalog_entry_categories_kinds_idx", partial(_catalog, category="Video")),
    "a search for a rare word": ("catalog_entry_name_search_idx", partial(_catalog, q="zebra")),
    "a search for the beginning of a rare word": ("catalog_entry_name_search_idx", partial(_catalog, q="zebr")),
    "what changed of what is public": ("transition_changes_idx", _changes),
    "what is to be mended": ("grace_period_flagged_idx", _grace),
    "who holds tokens": ("api_token_token_hash_key", _callers),
    "which requests have an outcome": ("transition_request_pkey", _outcomes),
}
"""For each read, the index that finds its rows, and a function that reads at most some rows and returns how many."""


@pytest.fixture
def house(filled: TestDatabase) -> ApiContext:
    """The context of the endpoints on the filled database. A user in an event loop must dispose of its engine there."""
    settings = load_settings(
        database_url=filled.application_url,
        redis_url="redis://127.0.0.1:1/0",
        history_key="x" * 32,
        secret_keys="cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=",
    )
    made: ApiContext = create_api(settings).state.context
    return made


def _read(house: ApiContext, read: Read, size: int) -> Watched:
    async def run() -> Watched:
        with watched(house.engine.sync_engine) as seen:
            assert await read(house, size) == size
        await house.engine.dispose()
        return seen

    return asyncio.run(run())


@pytest.mark.parametrize("name", READS)
def test_a_read_uses_its_index_and_scans_no_growing_table(house: ApiContext, name: str) -> None:
    index, read = READS[name]
    for size in (1, PAGE):
        seen = _read(house, read, size)
        assert index in seen.indexes
        assert seen.read_through == []


@pytest.mark.parametrize("name", READS)
def test_a_read_takes_as_many_statements_for_one_row_as_for_a_page(house: ApiContext, name: str) -> None:
    _, read = READS[name]
    assert len(_read(house, read, 1).statements) == len(_read(house, read, PAGE).statements)


def test_a_review_is_read_with_its_runs_and_what_stands_beside_it_by_indexes(session: Session) -> None:
    with_a_run = text("SELECT review_id FROM component_test WHERE review_id IS NOT NULL LIMIT 1")
    review_id = session.scalars(with_a_run).one()
    with watched(session.get_bind().engine) as seen:
        assert open_dossier(session, review_id, load_profile(), now_of(session)).runs
    assert seen.read_through == []
    assert "component_test_review_idx" in seen.indexes


@pytest.fixture
def session(filled: TestDatabase) -> Iterator[Session]:
    engine = create_engine(filled.application_url)
    with Session(engine) as made:
        yield made
        made.rollback()
    engine.dispose()


def test_the_sweep_finds_due_work_by_the_indexes_of_due_rows(session: Session) -> None:
    with watched(session.get_bind().engine) as seen:
        assert set(bells_of_due_work(session, now_of(session))) == set(Bell)
    assert seen.read_through == []
    assert {f"{kind}_urgency_lane_due_at_id_idx" for kind in DueKind} | {"transition_request_due_idx"} <= seen.indexes


@pytest.mark.parametrize("kind", DueKind)
def test_leasing_and_recording_a_failed_attempt_use_an_index(session: Session, kind: DueKind) -> None:
    now = now_of(session)
    for limit in (1, PAGE):
        leases = _lease(session, kind, limit)
        with watched(session.get_bind().engine) as failing:
            fail_due_row(session, leases[0], "it broke", now)
        _assert_by_index(failing, kind, statements=1)


def test_recording_done_work_uses_an_index(session: Session) -> None:
    """Uses notifications, whose end records nothing but that they are done."""
    finished, *_ = _lease(session, DueKind.NOTIFICATION, PAGE)
    with watched(session.get_bind().engine) as finishing:
        assert finish_due_row(session, finished)
    _assert_by_index(finishing, DueKind.NOTIFICATION, statements=1)


def _lease(session: Session, kind: DueKind, limit: int) -> list[Lease]:
    now = now_of(session)
    with watched(session.get_bind().engine) as leasing:
        leases = list(hand_out(session, kind, room=limit, now=now).leases)
    assert leases, f"_DUE puts no due rows into {kind}"
    _assert_by_index(leasing, kind, statements=2)
    assert f"{kind}_urgency_lane_due_at_id_idx" in leasing.indexes
    assert len(leases) == limit
    return leases


def _assert_by_index(seen: Watched, kind: DueKind, *, statements: int) -> None:
    """Accepts either index of the table for one row, because the index of due rows is as small as their number."""
    assert seen.read_through == []
    assert seen.indexes & {f"{kind}_urgency_lane_due_at_id_idx", f"{kind}_lane_leased_until_idx", f"{kind}_pkey"}
    assert len(seen.statements) == statements
