"""The rate of Postgres with one transaction per transition: `pgbench -M prepared` with the best number of clients."""

from collections.abc import Sequence
from datetime import datetime

from benchmarks.references.pgbench import run_script
from benchmarks.references.transition import LOCK, WRITES
from benchmarks.stage import Stage, ask

CLIENTS = (1, 2, 4, 8, 16)

_SCRIPT = f"""
\\set k :k + 1
\\set n ((:k - 1) * :all + :client_id) % :apps + 1
SELECT r.id AS request_id, r.app_id, r.trigger, r.principal_id AS actor_id,
       CASE r.trigger WHEN 'suspend' THEN 'suspended' ELSE 'public_beta' END AS target,
       CASE r.trigger WHEN 'suspend' THEN 'suspended' ELSE 'reinstated' END AS kind
  FROM transition_request r JOIN app a ON a.id = r.app_id
 WHERE a.slug = 'app-' || :n AND r.status = 'due' ORDER BY r.position LIMIT 1 \\gset
BEGIN;
{LOCK} \\gset
{";".join(WRITES)};
COMMIT;
"""


def best_clients(on: Stage, tried: Sequence[int], *, requests: int) -> int:
    """Returns which of the numbers of clients in `tried` is fastest."""
    rates = {}
    for clients in tried:
        since = on.moment()
        run_one_at_a_time(on, clients, requests=requests)
        rates[clients] = on.applied_a_second(since)
    return max(rates, key=rates.__getitem__)


def run_one_at_a_time(on: Stage, clients: int, *, requests: int) -> datetime:
    """Requests one transition of each of the first Apps and applies them. Returns when that began."""
    ask(on, 1, apps=requests)
    return apply_one_at_a_time(on, clients, requests=requests)


def apply_one_at_a_time(on: Stage, clients: int, *, requests: int) -> datetime:
    """Applies the due transition of each of the first Apps. Returns when that began."""
    since = on.moment()
    run_script(on, _SCRIPT, clients=clients, each=requests // clients, k=0, all=clients, apps=requests)
    return since
