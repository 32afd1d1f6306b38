"""How many due transition requests a second two worker processes apply, against one transaction each by pgbench.

Both write the same rows under the same constraints: the App, its log row, the request's outcome, a notification.
Postgres keeps its default durability. What devcenter does besides (facts, rules, hashes, claims) is in its figure only.
"""

import multiprocessing
import statistics
import subprocess
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from benchmarks.figure import Figure
from migrations.run import upgrade
from models.base import new_id
from runtime.embedded.postgres import EmbeddedPostgres
from runtime.embedded.postgres_data import binary
from workers.deps import database_now
from workflow.apply import Writer
from workflow.batch import judge_due_requests
from workflow.machine import AppRulebook
from workflow.policy import load_policies

APPS = 2_000
REQUESTS = 10_000
BATCH = 500
ROUNDS = 3
PGBENCH_SECONDS = 5
PROCESSES = 2

_SEED = """
    WITH o AS (INSERT INTO organization (id, name, website)
               VALUES (uuidv7(), 'Bench', 'https://bench.example') RETURNING id),
    p AS (INSERT INTO person (id, organization_id, role, name, email)
          SELECT uuidv7(), id, 'partner', 'Bench', 'bench@bench.example' FROM o RETURNING id, organization_id)
    INSERT INTO app (id, slug, name, organization_id, created_by, state, version)
    SELECT uuidv7(), 'app-' || n, 'App ' || n, p.organization_id, p.id, 'building', 1
      FROM p, generate_series(1, :apps) n
"""

_LOG = """
    INSERT INTO transition (app_id, version, from_state, trigger, to_state, actor_id, actor_role, policy_version,
                            request_id, at, hash)
    SELECT id, 1, 'new', 'create', 'building', created_by, 'partner', 1, uuidv7(), now(), sha256('') FROM app
"""

_WALK = """
    WITH step (version, source, trigger, target) AS (VALUES (2, 'building', 'submit', 'submitted'),
                                                            (3, 'submitted', 'approve', 'public_beta'))
    INSERT INTO transition (app_id, version, from_state, trigger, to_state, actor_id, actor_role, policy_version,
                            request_id, at, hash)
    SELECT app.id, step.version, source, trigger, target, created_by, 'partner', 1, uuidv7(), now(), sha256('')
      FROM app, step
"""

_ASK = """
    INSERT INTO transition_request (id, app_id, trigger, reasons, source, principal_id, role, body_hash)
    SELECT uuidv7(), app.id,
           CASE WHEN (n % 2 = 0) = (app.state = 'public_beta') THEN 'suspend' ELSE 'reinstate' END,
           '[{"code": "other", "text": "bench"}]', 'http', uuidv7(), 'admin', sha256('')
      FROM generate_series(0, :each - 1) n, app ORDER BY n
"""

_PGBENCH = """
\\set n random(1, 2000)
BEGIN;
SELECT id, version, state, CASE WHEN state = 'suspended' THEN 'reinstate' ELSE 'suspend' END AS trigger,
       CASE WHEN state = 'suspended' THEN 'public_beta' ELSE 'suspended' END AS target
  FROM app WHERE slug = 'app-' || :n FOR NO KEY UPDATE \\gset
UPDATE app SET state = :target, version = :version + 1 WHERE id = :id;
INSERT INTO transition (app_id, version, from_state, trigger, to_state, actor_id, actor_role, policy_version,
                        request_id, at, reason_commitment, hash)
VALUES (:id, :version + 1, :state, :trigger, :target, :id, 'admin', 1, uuidv7(), now(), sha256(''), sha256(''));
INSERT INTO transition_reason (app_id, version, salt, reasons)
VALUES (:id, :version + 1, '\\x00', '[{"code": "other", "text": "bench"}]');
INSERT INTO transition_request (id, app_id, trigger, source, principal_id, role, body_hash, status, finished_at,
                                version)
VALUES (uuidv7(), :id, :trigger, 'http', uuidv7(), 'admin', sha256(''), 'applied', now(), :version + 1);
INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, due_at)
SELECT uuidv7(), :trigger, 'transition:' || :id || ':' || (:version + 1), :id, :version + 1, p.id, now() FROM person p;
COMMIT;
"""


def measure_drain() -> Figure:
    """Gives applied transitions a second, the median of three rounds that alternate with pgbench."""
    with tempfile.TemporaryDirectory(prefix="devcenter-bench-") as folder, EmbeddedPostgres(Path(folder)) as postgres:
        upgrade(postgres.owner_url)
        engine = create_engine(postgres.owner_url)
        with engine.begin() as connection:
            connection.execute(text(_SEED), {"apps": APPS})
            connection.execute(text(_LOG))
            connection.execute(text("UPDATE app SET state = 'public_beta', version = 3"))
            connection.execute(text(_WALK))
        script = Path(folder) / "one.sql"
        script.write_text(_PGBENCH.replace("2000", str(APPS)))
        drained, single = [], []
        for _ in range(ROUNDS):
            with engine.begin() as connection:
                connection.execute(text(_ASK), {"each": REQUESTS // APPS})
            drained.append(_drain(postgres.application_url))
            single.append(_pgbench(postgres.owner_url, script))
        engine.dispose()
    return Figure("drain", round(statistics.median(drained)), "transitions/s", "pgbench, one a transaction, 8 clients",
                  round(statistics.median(single)))  # fmt: skip


def _drain(url: str) -> float:
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn")) as pool:
        spans = list(pool.map(_work, [url] * PROCESSES))
    applied = sum(count for count, _, _ in spans)
    return applied / (max(end for _, _, end in spans) - min(begin for _, begin, _ in spans))


def _work(url: str) -> tuple[int, float, float]:
    """Drains in this process; gives how many, and when it began and ended (seconds, one clock for all processes)."""
    engine = create_engine(url)
    rulebook = AppRulebook()
    with engine.connect():
        begin = time.time()
    applied = 0
    while True:
        with Session(engine) as session, session.begin():
            writer = Writer(b"k" * 32, rulebook, load_policies(session), lambda _name: None)
            report = judge_due_requests(
                session, now=database_now(session), writer=writer, announce=lambda _ids: new_id(), limit=BATCH
            )
        applied += sum(outcome.status == "applied" for outcome in report.outcomes)
        if not report.more and not report.outcomes:
            return applied, begin, time.time()


def _pgbench(url: str, script: Path) -> float:
    target = create_engine(url).url
    pgbench = binary("pgbench")
    command = [pgbench, "-n", "-M", "prepared", "-c", "8", "-j", "2", "-T", str(PGBENCH_SECONDS), "-f", script,
               "-h", target.host, "-p", str(target.port), "-U", target.username, target.database]  # fmt: skip
    run = subprocess.run(
        [str(part) for part in command],
        env={"PGPASSWORD": target.password or ""},
        check=True,
        capture_output=True,
        text=True,
    )
    line = next(line for line in run.stdout.splitlines() if line.startswith("tps ="))
    return float(line.split()[2])
