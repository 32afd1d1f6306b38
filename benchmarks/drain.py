"""How fast two worker processes apply due requests, with all that belongs to it, and the CPU time that this costs.

This includes claims, in-flight batches, bells, facts, rules, the chain of constraints, hashes, outcomes and effects.
The references write the same rows under the same constraints, without rules and hashes: one transaction per transition
and, as the limit, batches in SQL alone. Every drain starts without notifications, so that none sends another's mails.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from statistics import median

from benchmarks.figure import Figure, Scale, in_turn
from benchmarks.leased.rows import clear_mails
from benchmarks.leased.running import mail_server
from benchmarks.processes import ALL_KINDS, APPLY, ring_apply, until, workers
from benchmarks.references.one_at_a_time import CLIENTS, best_clients, run_one_at_a_time
from benchmarks.references.peers import run_peer
from benchmarks.references.set_based import BATCH, apply_set_based
from benchmarks.stage import Stage, ask, stage

EACH = 5
PEERS = ("plain_actor", "raw_actor", "pgqueuer")


def measure(scale: Scale) -> Iterator[Figure]:
    """Returns applied transitions per second beside each reference, and worker CPU per transition."""
    apps = scale.of(10_000, 3_000)
    single, by_peer = scale.of(10_000, 2_000), scale.of(2_000, 400)
    tried = CLIENTS[scale.of(0, 2) :]
    cpu: list[float] = []
    with stage(apps=apps) as on:
        clients = best_clients(on, tried, requests=scale.of(4_000, 400))

        def devcenter() -> float:
            rate, cost = drain(on, apps=apps)
            cpu.append(cost)
            return rate

        def all_kinds() -> float:
            """Runs a drain in processes that serve all queues. The mail server takes every mail at once."""
            with mail_server(on, seconds=0) as server:
                return drain(on, apps=apps, queues=ALL_KINDS, DEVCENTER_SMTP_PORT=str(server.port))[0]

        contenders: dict[str, Callable[[], float]] = {
            "devcenter": devcenter,
            "all kinds": all_kinds,
            "the limit": lambda: on.applied_a_second(apply_set_based(on, EACH, apps=apps)),
            "one at a time": lambda: on.applied_a_second(run_one_at_a_time(on, clients, requests=single)),
        } | {name: lambda name=name: on.applied_a_second(run_peer(on, name, requests=by_peer)) for name in PEERS}
        rates = in_turn({name: partial(_anew, on, run) for name, run in contenders.items()}, scale.rounds)
    ours = rates["devcenter"]
    titles = {
        "one at a time": f"pgbench, one a transaction, {clients} clients (the best of {tried[0]} to {tried[-1]})",
        "plain_actor": "Dramatiq, one message a transition, ORM, 2 x 4 threads",
        "raw_actor": "Dramatiq, one message a transition, raw psycopg, 2 x 4 threads",
        "pgqueuer": "pgqueuer, one job a transition, raw psycopg, 2 processes",
    }
    for name, title in titles.items():
        yield Figure(f"drain / {name}", ours, "transitions/s", title, rates[name])
    limit = f"the limit: set-based SQL, batches of {BATCH}, two clients, no rules, no Python"
    yield Figure("drain / the limit", ours, "transitions/s", limit, rates["the limit"])
    yield Figure("drain: worker CPU", median(cpu), "us/transition", "goal: at most", 110)
    alone = "with --queues apply (goal: at least 0.9)"
    yield Figure("drain: in processes that do all kinds", rates["all kinds"], "transitions/s", alone, ours)


def drain(on: Stage, *, apps: int, queues: Sequence[str] = APPLY, **settings: str) -> tuple[float, float]:
    """Has two worker processes apply five requests of each App. Returns the rate and their CPU (us) per request."""
    return apply_all(on, ask(on, EACH, apps=apps), queues=queues, **settings)


def apply_all(on: Stage, asked: int, *, queues: Sequence[str] = APPLY, **settings: str) -> tuple[float, float]:
    """Has two worker processes with `settings` apply the `asked` due requests.

    Returns the rate and their CPU (us) per request.
    """
    since = on.moment()
    with workers(on, processes=2, queues=queues, **settings) as started:
        before = started.cpu_seconds()
        ring_apply(on)
        until(on.is_drained, "the drain")
        cost = (started.cpu_seconds() - before) / asked * 1e6
    refused = int(on.number("SELECT count(*) FROM transition_request WHERE status = 'refused'"))
    assert refused == 0, f"{refused} requests were refused"
    return on.applied_a_second(since), cost


def _anew(on: Stage, run: Callable[[], float]) -> float:
    clear_mails(on)
    return run()
