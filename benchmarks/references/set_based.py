"""The limit: writes the rows of a drain by set-based SQL, in batches of 500 from two clients, without Python.

There are no claims, facts, rules, hashes or catalog entries: what remains is the time of Postgres for the rows.
"""

from datetime import datetime

from sqlalchemy import text

from benchmarks.references.pgbench import run_script
from benchmarks.references.transition import TARGET
from benchmarks.stage import Stage, ask

CLIENTS, BATCH = 2, 500

_TARGETS = " ".join(f"WHEN '{trigger}' THEN '{target}'" for trigger, target in TARGET.items())

_TABLE = "CREATE TABLE IF NOT EXISTS bench_batch (client int, batch int, app_id uuid, request_id uuid, trigger text,"
_TABLE += " target text, kind text, actor_id uuid)"

_DEAL = f"""
    INSERT INTO bench_batch
    SELECT place % {CLIENTS}, wave * :batches + place / {CLIENTS} / {BATCH}, app_id, id, trigger,
           CASE trigger {_TARGETS} END, CASE trigger WHEN 'suspend' THEN 'suspended' ELSE 'reinstated' END, principal_id
      FROM (SELECT dense_rank() OVER (ORDER BY app_id) - 1 AS place,
                   row_number() OVER (PARTITION BY app_id ORDER BY position) - 1 AS wave, *
              FROM transition_request WHERE status = 'due') due
"""
"""Each client has its own Apps. An App occurs once in a batch, so its requests are in successive batches."""

_BATCH = "bench_batch b WHERE b.client = :client_id AND b.batch = :k - 1"

_WRITES = (
    f"""
    UPDATE app SET state = b.target, version = app.version + 1 FROM {_BATCH} AND app.id = b.app_id
    """,
    f"""
    INSERT INTO transition (app_id, version, from_state, trigger, to_state, from_open_kind, open_kind,
                            from_open_review, open_review, from_published, published, actor_id, actor_role,
                            policy_version, request_id, at, reason_commitment, hash)
    SELECT a.id, a.version, CASE b.trigger WHEN 'suspend' THEN 'public_beta' ELSE 'suspended' END, b.trigger, b.target,
           'none', 'none', 0, 0, 2, 2, b.actor_id, 'admin', 1, b.request_id, now(), sha256(''), sha256('')
      FROM app a, {_BATCH} AND a.id = b.app_id
    """,
    f"""
    INSERT INTO transition_reason (app_id, version, salt, reasons)
    SELECT a.id, a.version, sha256(''), '[{{"code": "other", "text": "bench"}}]'
      FROM app a, {_BATCH} AND a.id = b.app_id
    """,
    f"""
    UPDATE transition_request r
       SET status = 'applied', version = a.version, policy_version = 1, reasons = '[]', finished_at = now()
      FROM app a, {_BATCH} AND a.id = b.app_id AND r.id = b.request_id
    """,
    f"""
    INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, due_at)
    SELECT uuidv7(), b.kind, 'transition:' || a.id || ':' || a.version || ':' || b.kind, a.id, a.version, p.id, now()
      FROM app a JOIN person p ON p.organization_id = a.organization_id AND p.removed_at IS NULL,
           {_BATCH} AND a.id = b.app_id
    """,
)

_SCRIPT = f"""
\\set k :k + 1
BEGIN;
{";".join(_WRITES)};
COMMIT;
"""


def apply_set_based(on: Stage, each: int, *, apps: int) -> datetime:
    """Requests `each` transitions of each of the first Apps and writes their results. Returns when that began."""
    ask(on, each, apps=apps)
    batches = -(-apps // CLIENTS // BATCH)
    with on.engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS bench_batch"))
        connection.execute(text(_TABLE))
        connection.execute(text(_DEAL), {"batches": batches})
        connection.execute(text("CREATE INDEX ON bench_batch (client, batch)"))
        connection.execute(text("ANALYZE bench_batch"))
        connection.execute(text("GRANT SELECT ON bench_batch TO PUBLIC"))
    since = on.moment()
    run_script(on, _SCRIPT, clients=CLIENTS, each=each * batches, k=0)
    assert on.is_drained(), "requests are left"
    return since
