"""Firings of jobs: a job's work and its end are one transaction, and its bells ring only after the commit."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from benchmarks.filling import fill, put
from models import JobTick, Person
from models.base import new_id
from models.lifecycle import AppTrigger
from runtime.database import make_engine
from tests.databases import TestDatabase
from tests.journeys import app_building, ask, judge, mark_in_flight, now_of, people_in
from tests.runtime.test_database import settings_for
from tests.workers.leased import work_off
from workers.actors.jobs import JOB_TICKS
from workers.context import WorkerContext
from workers.jobs import JOBS, Job
from workers.scheduler import fire_due_ticks
from workflow.history.verification import exported_heads
from workflow.identity.sessions import begin_session
from workflow.identity.tokens import issue_token
from workflow.lifecycle.promotion import promote_eligible_apps
from workflow.work.bells import Bell
from workflow.work.leases import MAX_ATTEMPTS


def _fired(context: WorkerContext, job: str) -> None:
    with context.unit_of_work() as session:
        now = session.execute(text("SELECT now()")).scalar_one()
        session.add(JobTick(id=new_id(), job=job, tick_at=now, due_at=now, lane=job))


def _run_due_jobs(context: WorkerContext) -> int:
    return work_off(context, JOB_TICKS)


def _statuses(context: WorkerContext) -> list[str]:
    with context.unit_of_work() as session:
        return list(session.scalars(text("SELECT status FROM job_tick")))


def _rings(session: Session, context: WorkerContext, now: datetime) -> None:  # noqa: ARG001
    context.ring(Bell.APPLY)


def _rings_and_breaks(session: Session, context: WorkerContext, now: datetime) -> None:
    _rings(session, context, now)
    raise RuntimeError("the job broke")


def test_a_job_rings_after_its_commit(context: WorkerContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(JOBS, "ringing", Job("ringing", timedelta(minutes=1), _rings))
    seen: list[tuple[tuple[Bell, ...], list[str]]] = []
    _fired(context, "ringing")
    _run_due_jobs(replace(context, ring=lambda *bells: seen.append((bells, _statuses(context)))))
    assert seen == [((Bell.APPLY,), ["done"])]


def test_a_job_in_steps_rings_at_once(context: WorkerContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(JOBS, "stepping", Job("stepping", timedelta(minutes=1), _rings, in_steps=True))
    seen: list[tuple[tuple[Bell, ...], list[str]]] = []
    _fired(context, "stepping")
    _run_due_jobs(replace(context, ring=lambda *bells: seen.append((bells, _statuses(context)))))
    assert seen == [((Bell.APPLY,), ["due"])]
    assert _statuses(context) == ["done"]


def _put_eligible_apps(database: TestDatabase, many: int) -> None:
    superuser = create_engine(database.superuser_url)
    fill(superuser, 1, many)
    put(superuser, "UPDATE app SET onboarded_customers = 3, oauth_installed = true")
    superuser.dispose()


def _due_requests(context: WorkerContext) -> int:
    with context.unit_of_work() as session:
        due: int = session.scalars(text("SELECT count(*) FROM transition_request WHERE status = 'due'")).one()
        return due


def test_workers_begin_with_promotions_while_the_sweep_still_searches(
    context: WorkerContext, database: TestDatabase
) -> None:
    _put_eligible_apps(database, 5)
    due: list[int] = []
    promote_eligible_apps(
        context.unit_of_work, context.rulebook, lambda: due.append(_due_requests(context)), per_step=2
    )
    assert due == [2, 4, 5]


def test_the_sweep_for_promotion_rings_before_its_firing_ends(context: WorkerContext, database: TestDatabase) -> None:
    _put_eligible_apps(database, 1)
    seen: list[tuple[int, list[str]]] = []
    _fired(context, "promote_eligible_apps")
    _run_due_jobs(replace(context, ring=lambda *_bells: seen.append((_due_requests(context), _statuses(context)))))
    assert seen == [(1, ["due"])]
    assert _statuses(context) == ["done"]


def test_a_job_that_fails_rings_nothing_and_is_due_again(
    context: WorkerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(JOBS, "breaking", Job("breaking", timedelta(minutes=1), _rings_and_breaks))
    rung: list[Bell] = []
    _fired(context, "breaking")
    with pytest.raises(RuntimeError, match="the job broke"):
        _run_due_jobs(replace(context, ring=lambda *bells: rung.extend(bells)))
    assert rung == []
    assert _statuses(context) == ["due"]
    with context.unit_of_work() as session:
        assert "the job broke" in session.execute(text("SELECT last_error FROM job_tick")).scalar_one()


def test_a_firing_of_a_job_that_no_longer_exists_is_void(context: WorkerContext) -> None:
    _fired(context, "gone since the last release")
    _run_due_jobs(context)
    assert _statuses(context) == ["void"]


def test_after_an_outage_only_the_newest_firing_of_each_job_runs(
    context: WorkerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[datetime] = []
    job = Job("counting", timedelta(minutes=1), lambda _session, _context, now: ran.append(now))
    monkeypatch.setitem(JOBS, "counting", job)
    for _ in range(5):
        _fired(context, "counting")
    _run_due_jobs(context)
    assert len(ran) == 1
    assert sorted(_statuses(context)) == ["done", "void", "void", "void", "void"]


def test_a_job_that_fails_at_every_firing_ends_dead_although_each_firing_overtakes_the_last(
    context: WorkerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(JOBS, "breaking", Job("breaking", timedelta(minutes=1), _rings_and_breaks))
    for _ in range(MAX_ATTEMPTS):
        _fired(context, "breaking")
        with context.unit_of_work() as session:
            session.execute(text("UPDATE job_tick SET due_at = now() WHERE status = 'due'"))
        with pytest.raises(RuntimeError, match="the job broke"):
            _run_due_jobs(context)
    with context.unit_of_work() as session:
        dead = session.execute(text("SELECT attempts, last_error FROM job_tick WHERE status = 'dead'")).one()
    assert dead.attempts == MAX_ATTEMPTS
    assert "the job broke" in dead.last_error


def test_markers_of_dead_processes_are_pruned_after_a_day_if_none_of_their_requests_is_due(
    context: WorkerContext,
) -> None:
    people = people_in(context.engine)
    app_building(context.engine, people, "acme")
    waiting = ask(context.engine, people.partner, "acme", AppTrigger.SUBMIT)
    orphan, suspect, young = (mark_in_flight(context.engine, [request]) for request in (new_id(), waiting, new_id()))
    with context.unit_of_work() as session:
        past = text("UPDATE apply_batch SET started_at = now() - interval '25 hours' WHERE id = ANY(:ids)")
        session.execute(past, {"ids": [orphan, suspect]})
    _fired(context, "prune")
    assert _run_due_jobs(context) == 1
    with context.unit_of_work() as session:
        assert set(session.scalars(text("SELECT id FROM apply_batch"))) == {suspect, young}


def test_sessions_are_deleted_a_week_after_their_end_and_tokens_never(context: WorkerContext) -> None:
    people = people_in(context.engine)
    with context.unit_of_work() as session:
        made = [begin_session(session, people.reviewer.id, now_of(session))[0] for _ in range(3)]
        token, _ = issue_token(
            session, session.get_one(Person, people.reviewer.id), label="old", expires_at=now_of(session)
        )
        for one, days in zip([*made, token], (9, 6, 0, 900), strict=True):
            one.created_at = one.created_at - timedelta(days=days)
            one.expires_at = one.expires_at - timedelta(days=days)
        kept = {made[1].id, made[2].id, token.id}
    _fired(context, "prune")
    assert _run_due_jobs(context) == 1
    with context.unit_of_work() as session:
        assert set(session.scalars(text("SELECT id FROM api_token"))) == kept


def test_overviews_that_were_not_sent_are_deleted_after_a_week_and_mails_that_were_sent_never(
    context: WorkerContext,
) -> None:
    people = people_in(context.engine)
    stored = text("""
        INSERT INTO notification (id, kind, cause, recipient_id, due_at, status, created_at)
        VALUES (uuidv7(), :kind, :cause, :person, now(), :status, now() - :age)
    """)
    week, digest = timedelta(days=7), "reviewer_digest"
    rows = {
        "old": (digest, "void", week + timedelta(minutes=1)),
        "new": (digest, "void", week - timedelta(minutes=1)),
        "sent": (digest, "done", 2 * week),
        "dead": (digest, "dead", 2 * week),
        "other": ("review_due_soon", "void", 2 * week),
    }
    with context.unit_of_work() as session:
        for cause, (kind, status, age) in rows.items():
            values = {"kind": kind, "cause": cause, "person": people.reviewer.id, "status": status, "age": age}
            session.execute(stored, values)
    _fired(context, "prune")
    assert _run_due_jobs(context) == 1
    with context.unit_of_work() as session:
        assert set(session.scalars(text("SELECT cause FROM notification"))) == rows.keys() - {"old"}


def test_every_job_runs_on_an_empty_installation(context: WorkerContext) -> None:
    with context.unit_of_work() as session:
        assert set(fire_due_ticks(session, context)) == set(JOBS)
        again = fire_due_ticks(session, context)
        assert all(JOBS[name].every < timedelta(minutes=1) for name in again), "a tick of seconds may come meanwhile"
    _run_due_jobs(context)
    assert _statuses(context) == ["done"] * (len(JOBS) + len(again))


def test_pruning_that_is_cut_short_leaves_less_each_time(
    context: WorkerContext, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    superuser = create_engine(database.superuser_url)
    put(
        superuser,
        """INSERT INTO idempotency_key (principal_id, key, body_hash, status_code, answer, created_at)
           SELECT uuidv7(), 'k' || n, sha256(''), 200, '{}', now() - interval '31 days'
             FROM generate_series(1, 40000) n""",
        """CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql
           AS $$ BEGIN PERFORM pg_sleep(0.0005); RETURN OLD; END $$""",
        "CREATE TRIGGER slow BEFORE DELETE ON idempotency_key FOR EACH ROW EXECUTE FUNCTION slow()",
    )
    superuser.dispose()
    engine = make_engine(settings_for(database.application_url, statement_timeout_s=1))
    left = []
    for _ in range(3):
        with monkeypatch.context() as limited:
            limited.setattr("workers.jobs.STEPS_SECONDS", 1.0)
            _fired(context, "prune")
            _run_due_jobs(replace(context, engine=engine))
        with context.unit_of_work() as session:
            left.append(session.scalar(text("SELECT count(*) FROM idempotency_key")))
    engine.dispose()
    assert 40_000 > left[0] > left[1] > left[2]
    assert set(_statuses(context)) == {"done"}


def test_the_audit_log_is_sealed_and_the_seals_are_exported_with_the_heads(context: WorkerContext) -> None:
    people = people_in(context.engine)
    app_building(context.engine, people, "acme")
    ask(context.engine, people.partner, "acme", AppTrigger.SUBMIT)
    exported: list[dict[str, object]] = []
    for job in ("seal_history", "export_history_heads"):
        _fired(context, job)
        _run_due_jobs(replace(context, export_head=exported.append))
    assert {head["table"] for head in exported if "table" in head} >= {"audit_entry", "policy_version"}
    assert {head["version"] for head in exported if "app_id" in head} == {1}


def test_heads_are_exported_in_pages_of_apps_each_once(context: WorkerContext) -> None:
    people = people_in(context.engine)
    slugs = [f"app-{number}" for number in range(5)]
    for slug in slugs:
        app_building(context.engine, people, slug)
        ask(context.engine, people.partner, slug, AppTrigger.SUBMIT)
    judge(context.engine)
    beginning, after, pages = datetime.fromtimestamp(0, tz=UTC), UUID(int=0), []
    with context.unit_of_work() as session:
        while page := exported_heads(session, beginning, after, 2):
            pages.append([head["app_id"] for head in page])
            after = UUID(page[-1]["app_id"])
        apps = [str(app_id) for app_id in session.scalars(text("SELECT id FROM app ORDER BY id"))]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [app_id for page in pages for app_id in page] == apps
    exported: list[dict[str, object]] = []
    _fired(context, "export_history_heads")
    _run_due_jobs(replace(context, export_head=exported.append))
    assert [(head["app_id"], head["version"]) for head in exported if "app_id" in head] == [(app, 2) for app in apps]
