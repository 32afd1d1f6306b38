"""Mails: their rate and connections, with and without Redis, and how soon an invitation overtakes others."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from sqlalchemy import text

from benchmarks.client import admin_token
from benchmarks.figure import Figure, Scale, in_turn
from benchmarks.leased.patience import Patience
from benchmarks.leased.rows import clear, put_mails
from benchmarks.leased.running import (
    PLACES,
    happens,
    mail_server,
    seconds_until_last_commit,
    send_by_smtplib,
    workers_of_all_kinds,
)
from benchmarks.processes import CLOSED_PORT, api, ring, until
from benchmarks.stage import Stage
from workflow.work.bells import Bell

SERVER_SECONDS = 0.02
"""How long the mail server takes for each mail."""
DOMAINS = 200
SWEEP_SECONDS = 0.5
"""Without a bell, each process starts at its next sweep, which must therefore come soon."""
SENT_SECONDS = 300.0
"""How long to wait for the mails before giving up."""


def measure_mails(on: Stage, scale: Scale) -> Iterator[Figure]:
    """Returns mails per second beside smtplib alone, with their connections and CPU, and the same without Redis."""
    mails = scale.of(2_000, 500)
    sent: list[Mailed] = []

    def by_workers() -> float:
        sent.append(_mail(on, mails))
        return sent[-1].a_second

    def by_smtplib() -> float:
        with mail_server(on, seconds=SERVER_SECONDS) as server:
            send_by_smtplib(server, mails // PLACES * PLACES)
            return _pace(server.counts())

    rates = in_turn(
        {
            "workers": by_workers,
            "smtplib": by_smtplib,
            "Redis away": lambda: _mail(on, mails, REDIS_URL=f"redis://127.0.0.1:{CLOSED_PORT}/0").pace,
        },
        scale.rounds,
    )
    name = f"leased: {mails:,} mails, {DOMAINS} domains, the server takes {SERVER_SECONDS * 1e3:.0f} ms"
    alone = f"smtplib alone, {PLACES} threads that keep their connections"
    yield Figure(name, rates["workers"], "mails/s", "goal: at least", 300)
    yield Figure(f"{name} / smtplib", rates["workers"], "mails/s", alone, rates["smtplib"])
    with_redis = median(one.pace for one in sent)
    connections = median(one.connections for one in sent)
    yield Figure(f"{name}, connections", connections, "connections", "one for each thread", PLACES)
    yield Figure(f"{name}, worker CPU", median(one.cpu for one in sent), "ms/mail", "goal: at most", 2.5)
    yield Figure(f"{name}, Redis away throughout", rates["Redis away"], "mails/s", "with Redis", with_redis)


def measure_urgency(on: Stage, scale: Scale, patience: Patience) -> Iterator[Figure]:
    """Returns the seconds from an invitation, requested over HTTP while other mails wait, until it is sent."""
    news = scale.of(10_000, 1_000)
    with api(on) as (_, port):
        token = admin_token(on)
        for domains in (scale.of(2_000, 200), 1):
            took = _seconds_to_invite(on, port, token, news, domains, patience)
            name = f"leased: invitation while {news:,} news wait, to {domains:,} domain{'s' * (domains > 1)}"
            yield Figure(patience.title(name, took), took, "s", "goal: under", 2)


@dataclass(frozen=True, slots=True)
class Mailed:
    """Mails per second, from the bell to the last commit and from the first to the last mail that the server accepted;
    the server's connections; and the CPU of the workers (ms) per mail."""

    a_second: float
    pace: float
    connections: int
    cpu: float


def _mail(on: Stage, mails: int, **settings: str) -> Mailed:
    clear(on)
    with (
        mail_server(on, seconds=SERVER_SECONDS) as server,
        workers_of_all_kinds(
            on, DEVCENTER_SMTP_PORT=str(server.port), DEVCENTER_SWEEP_SECONDS=str(SWEEP_SECONDS), **settings
        ) as started,
    ):
        before = started.cpu_seconds()
        put_mails(on, "news", mails, domains=DOMAINS)
        since = on.moment()
        ring(on, Bell.NOTIFICATIONS)
        until(lambda: server.counts()["mails"] >= mails, "the mails", seconds=SENT_SECONDS)
        until(lambda: on.number("SELECT count(*) FROM notification WHERE status <> 'done'") == 0, "the last mail")
        cpu = (started.cpu_seconds() - before) / mails * 1e3
        took = seconds_until_last_commit(on, since, "notification due")
        counts = server.counts()
    return Mailed(mails / took, _pace(counts), counts["connections"], cpu)


def _pace(counts: dict[str, float]) -> float:
    return counts["mails"] / (counts["last"] - counts["first"])


def _seconds_to_invite(on: Stage, port: int, token: str, news: int, domains: int, patience: Patience) -> float:
    """Invites somebody at the first domain once a twentieth of the other mails is sent."""
    import requests

    clear(on)
    with on.engine.connect() as connection:
        organization = connection.scalar(text("SELECT id FROM organization ORDER BY id LIMIT 1"))
    with (
        mail_server(on, seconds=SERVER_SECONDS) as server,
        workers_of_all_kinds(on, DEVCENTER_SMTP_PORT=str(server.port)),
    ):
        put_mails(on, "news", news, domains=domains)
        ring(on, Bell.NOTIFICATIONS)
        until(lambda: server.counts()["mails"] >= news / 20, "the first mails")
        asked = on.moment()
        answer = requests.post(
            f"http://127.0.0.1:{port}/v1/organizations/{organization}/invitations",
            data=json.dumps({"name": "Bench", "email": f"invited-among-{domains}@0.example"}),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            timeout=10,
        )
        assert answer.status_code == 201, answer.text
        invitation = f"notification due WHERE cause = 'invitation:{answer.json()['id']}'"
        waiting = f"SELECT count(*) FROM {invitation} AND status = 'due'"
        if not happens(lambda: on.number(waiting) == 0, seconds=patience.seconds):
            return patience.seconds
        return seconds_until_last_commit(on, asked, invitation)
