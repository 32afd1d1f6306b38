"""Real worker and scheduler processes: messages, bells, the sweep, and operation without Redis."""

import socket
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models.lifecycle import AppTrigger
from models.token import Scope
from tests.databases import TestDatabase
from tests.journeys import (
    BECAUSE,
    People,
    app_building,
    apps_in_public_beta,
    ask,
    outcome_of,
    state_of,
    token_of,
)
from tests.preloaded import forked
from tests.waiting import wait_until
from tests.workers.processes import SCHEDULER, WORKER, environment, running
from workflow.lifecycle.rulebook import AppRulebook
from workflow.policy.document import load_policies
from workflow.usage.reports import Report, Use, report_use


def _send(url: str, actor_name: str = "request_transition", **arguments: object) -> None:
    broker = RedisBroker(url=url)
    broker.enqueue(dramatiq.Message("transitions", actor_name, (), arguments, {}))
    broker.close()


def _rejected(engine: Engine) -> list[str]:
    with Session(engine) as session:
        return list(session.scalars(text("SELECT error FROM rejected_message")))


def _onboard(engine: Engine, people: People, slug: str) -> None:
    with Session(engine) as session, session.begin():
        now = session.execute(text("SELECT now()")).scalar_one()
        policies = load_policies(session)
        uses = [(Use.CUSTOMER, f"workspace-{n}") for n in range(3)] + [(Use.OAUTH_INSTALL, "workspace-0")]
        report_use(
            session,
            [Report(slug, use, workspace) for use, workspace in uses],
            actor=people.service,
            now=now,
            policies=policies,
            rulebook=AppRulebook(),
        )


def test_a_message_of_another_service_is_judged_once_however_often_it_comes(
    database: TestDatabase, engine: Engine, people: People, valkey_url: str, tmp_path: Path
) -> None:
    apps_in_public_beta(engine, people, ["acme"])
    arguments = {
        "token": token_of(engine, people.service),
        "app": "acme",
        "trigger": "promote",
        "idempotency_key": "one",
    }
    for _ in range(3):
        _send(valkey_url, **arguments)
    with forked(WORKER, environment(database.application_url, valkey_url), tmp_path / "log"):
        wait_until(lambda: _judged(engine, "message") == [("promote", "refused")], seconds=60)
    assert _rejected(engine) == []


def _judged(engine: Engine, source: str) -> list[tuple[str, str]]:
    with Session(engine) as session:
        statement = text("SELECT trigger, status FROM transition_request WHERE source = :source AND status <> 'due'")
        return [tuple(row) for row in session.execute(statement, {"source": source})]


def test_rejected_messages_are_stored_for_an_operator(
    database: TestDatabase, engine: Engine, people: People, valkey_url: str, tmp_path: Path
) -> None:
    app_building(engine, people, "acme")
    good = {"token": token_of(engine, people.service), "app": "acme", "trigger": "promote", "idempotency_key": "k"}
    _send(valkey_url, **{**good, "trigger": "suspend"})
    _send(valkey_url, **{**good, "app": "nobody"})
    _send(valkey_url, **{**good, "token": token_of(engine, people.service, [Scope.USAGE_REPORT])})
    _send(valkey_url, **{**good, "token": "dc_service_wrong"})
    _send(valkey_url, **{**good, "colour": "blue"})
    _send(valkey_url, **{**good, "token": token_of(engine, people.reviewer)})
    _send(valkey_url, actor_name="no_such_actor", **good)
    RedisBroker(url=valkey_url).do_enqueue("transitions", "an-id", b"this is no JSON")
    with forked(WORKER, environment(database.application_url, valkey_url), tmp_path / "log"):
        wait_until(lambda: len(_rejected(engine)) == 8, seconds=60, what="eight rejected messages")
    errors = "\n".join(_rejected(engine))
    codes = ("trigger.forbidden", "app.not_found", "scope.missing", "token.invalid", "message.role", "colour")
    for expected in (*codes, "ActorNotFound", "DecodeError"):
        assert expected in errors
    with Session(engine) as session:
        assert good["token"] not in "".join(session.scalars(text("SELECT body FROM rejected_message")))


def test_a_worker_finds_due_work_while_redis_is_gone(
    database: TestDatabase, engine: Engine, people: People, tmp_path: Path
) -> None:
    app_building(engine, people, "acme")
    request = ask(engine, people.partner, "acme", AppTrigger.SUBMIT)
    with forked(WORKER, environment(database.application_url, "redis://127.0.0.1:1/0"), tmp_path / "log"):
        wait_until(lambda: outcome_of(engine, request)["status"] == "applied", seconds=30)


def test_a_mail_server_that_hangs_does_not_hold_up_judging_while_redis_is_gone(
    database: TestDatabase, engine: Engine, people: People, tmp_path: Path
) -> None:
    app_building(engine, people, "acme")
    app_building(engine, people, "globex")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(20)
        env = environment(
            database.application_url,
            "redis://127.0.0.1:1/0",
            DEVCENTER_SMTP_PORT=str(silent.getsockname()[1]),
            DEVCENTER_SWEEP_SECONDS="0.2",
        )
        ask(engine, people.partner, "acme", AppTrigger.SUBMIT)
        with forked(WORKER, env, tmp_path / "log"):
            hanging, _ = silent.accept()
            with hanging:
                request = ask(engine, people.partner, "globex", AppTrigger.SUBMIT)
                wait_until(lambda: outcome_of(engine, request)["status"] == "applied", seconds=30)
                assert _notifications(engine) == {"due"}


def test_a_mail_server_that_hangs_leaves_judging_and_messages_their_threads(
    database: TestDatabase, engine: Engine, people: People, valkey_url: str, tmp_path: Path
) -> None:
    """Each submission rings for notifications, and there are more of them than threads. No sweep runs meanwhile."""
    slugs = [f"app-{number}" for number in range(6)]
    for slug in slugs:
        app_building(engine, people, slug)
    token = token_of(engine, people.service)
    with socket.create_server(("127.0.0.1", 0), backlog=50) as silent:
        env = environment(
            database.application_url,
            valkey_url,
            DEVCENTER_SMTP_PORT=str(silent.getsockname()[1]),
            DEVCENTER_SWEEP_SECONDS="30",
        )
        with forked(WORKER, env, tmp_path / "log"):
            for slug in slugs:
                request = ask(engine, people.partner, slug, AppTrigger.SUBMIT)
                _send(valkey_url, token=token, app=slug, trigger="promote", idempotency_key=slug)
                wait_until(_is_applied(engine, request), seconds=30)
            wait_until(lambda: len(_judged(engine, "message")) == len(slugs), seconds=30)
            assert _notifications(engine) == {"due"}


def _is_applied(engine: Engine, request: UUID) -> Callable[[], bool]:
    return lambda: outcome_of(engine, request)["status"] == "applied"


def _notifications(engine: Engine) -> set[str]:
    with Session(engine) as session:
        return set(session.scalars(text("SELECT status FROM notification")))


def test_a_worker_of_some_queues_leaves_the_rest_to_others(
    database: TestDatabase, engine: Engine, people: People, valkey_url: str, tmp_path: Path
) -> None:
    env = environment(database.application_url, valkey_url, DEVCENTER_SWEEP_SECONDS="0.2")
    for slug in ("acme", "globex"):
        app_building(engine, people, slug)
    judged = ask(engine, people.partner, "acme", AppTrigger.SUBMIT)
    with forked((*WORKER, "--queues", "apply"), env, tmp_path / "judging"):
        wait_until(lambda: outcome_of(engine, judged)["status"] == "applied", seconds=30)
    assert _mails_tried(engine) == 0
    waiting = ask(engine, people.partner, "globex", AppTrigger.SUBMIT)
    with forked((*WORKER, "--queues", "notifications"), env, tmp_path / "mailing"):
        wait_until(lambda: _mails_tried(engine) > 0, seconds=30)
    assert outcome_of(engine, waiting)["status"] == "due"


def _mails_tried(engine: Engine) -> int:
    with Session(engine) as session:
        return int(session.scalar(text("SELECT sum(attempts) FROM notification")) or 0)


def test_the_deciding_fact_promotes_an_app_at_once_and_two_schedulers_fire_each_tick_once(
    database: TestDatabase, engine: Engine, people: People, valkey_url: str, tmp_path: Path
) -> None:
    apps_in_public_beta(engine, people, ["acme"])
    env = environment(database.application_url, valkey_url)
    with (
        forked(WORKER, env, tmp_path / "worker"),
        forked(SCHEDULER, env, tmp_path / "one"),
        forked(SCHEDULER, env, tmp_path / "two"),
    ):
        _onboard(engine, people, "acme")
        wait_until(lambda: state_of(engine, "acme")[0] == "public", seconds=30)
        wait_until(lambda: _done_jobs(engine) >= 5, seconds=30, what="every job to have run")
    with Session(engine) as session:
        twice = text("SELECT job, tick_at FROM job_tick GROUP BY job, tick_at HAVING count(*) > 1")
        assert session.execute(twice).all() == []


def _done_jobs(engine: Engine) -> int:
    with Session(engine) as session:
        return int(session.execute(text("SELECT count(DISTINCT job) FROM job_tick WHERE status = 'done'")).scalar_one())


def test_requests_of_a_dead_process_are_judged_alone_and_the_one_that_kills_ends_dead(
    database: TestDatabase, engine: Engine, people: People, valkey_url: str, tmp_path: Path
) -> None:
    """The fault point represents a request that kills the process that judges it. Three processes die of it."""
    apps_in_public_beta(engine, people, ["acme"])
    request = ask(engine, people.admin, "acme", AppTrigger.SUSPEND, reasons=BECAUSE)
    for life in range(3):
        hits = tmp_path / f"hits-{life}"
        env = environment(
            database.application_url,
            valkey_url,
            DEVCENTER_FAULT_POINT=f"after_lock=1:{hits}",
            DEVCENTER_SWEEP_SECONDS="0.2",
        )
        with forked(WORKER, env, tmp_path / "log") as worker:
            wait_until(lambda: not worker.is_alive(), seconds=60, what="the worker's death")
        assert hits.read_text().count("\n") == 1
    innocent = ask(engine, people.admin, "acme", AppTrigger.SUSPEND, reasons=BECAUSE)
    with forked(WORKER, environment(database.application_url, valkey_url), tmp_path / "log"):
        wait_until(lambda: outcome_of(engine, innocent)["status"] == "applied", seconds=60)
    assert outcome_of(engine, request)["status"] == "dead"
    assert "ended its process 3 times" in str(outcome_of(engine, request)["error"])


def test_an_unknown_queue_is_refused_with_the_names_of_the_queues(
    database: TestDatabase, valkey_url: str, tmp_path: Path
) -> None:
    env = environment(database.application_url, valkey_url)
    command = (sys.executable, "-P", "-m", "cli.main", "worker", "--queues", "mails")
    with running(command, env, tmp_path / "log") as worker:
        assert worker.wait(60) == 2
    with running((*WORKER, "--queues", "mails"), env, tmp_path / "dramatiq") as worker:
        assert worker.wait(60) != 0
    for log in ("log", "dramatiq"):
        said = (tmp_path / log).read_text()
        assert "No queue is named mails." in said
        assert "notifications" in said
