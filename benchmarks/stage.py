"""The environment of a benchmark: a Postgres with default durability, a Valkey, and Apps in the required state."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from benchmarks.filling import fill, put_requests, settle
from migrations.run import upgrade
from runtime.embedded.postgres import EmbeddedPostgres
from runtime.embedded.valkey import EmbeddedValkey
from workflow.history.key import record_history_key

SETTINGS = {
    "track_commit_timestamp": "on",
    "max_connections": "200",
    "shared_buffers": "4GB",
    "max_wal_size": "8GB",
}
"""Durability is the default of Postgres. Memory and the size of the write-ahead log are as docs/operations.md advises.
Commit timestamps are on, because latency and rates are measured by them."""


KEY = "a key for benchmarks, of 32 bytes and more"


@dataclass(frozen=True, slots=True)
class Stage:
    """The servers. `url` is for the application role; `engine` is a superuser's, for filling and measuring.

    Both servers keep their data in `folder`, which is deleted when the benchmark ends.
    """

    folder: Path
    url: str
    owner_url: str
    redis_url: str
    engine: Engine

    def number(self, statement: str) -> float:
        """Returns the single number that `statement` selects."""
        with self.engine.connect() as connection:
            return float(connection.execute(text(statement)).scalar_one())

    def is_drained(self) -> bool:
        """Returns whether no request is due. Reads at most one row, so it may be called often."""
        return self.number("SELECT count(*) FROM (SELECT FROM transition_request WHERE status = 'due'"
                           " ORDER BY due_at, position LIMIT 1) one") == 0  # fmt: skip

    def moment(self) -> datetime:
        """Returns the database's current time."""
        with self.engine.connect() as connection:
            now: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
            return now

    def postgres_pid(self) -> int:
        """Returns the process id of the database's server."""
        file = next((self.folder / "postgres").rglob("postmaster.pid"))
        return int(file.read_text().split()[0])

    def applied_a_second(self, since: datetime) -> float:
        """Returns the transitions per second since then, from the time of the first to the commit of the last."""
        with self.engine.connect() as connection:
            row = connection.execute(_RATE, {"since": since}).one()
        return float(row.applied / row.seconds)

    def settle(self) -> None:
        """Runs VACUUM ANALYZE and CHECKPOINT, so that neither happens during a measurement."""
        settle(self.engine)
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("CHECKPOINT"))


@contextmanager
def stage(*, apps: int, state: str = "public_beta", settings: dict[str, str] | None = None) -> Iterator[Stage]:
    """Yields a migrated database with `apps` Apps in `state` (building or public_beta), ten per company."""
    with tempfile.TemporaryDirectory(prefix="devcenter-bench-") as name:
        folder = Path(name)
        with (
            EmbeddedPostgres(folder / "postgres", settings=SETTINGS | (settings or {})) as postgres,
            EmbeddedValkey(folder / "valkey") as redis_url,
        ):
            upgrade(postgres.owner_url)
            engine = create_engine(postgres.superuser_url)
            with Session(engine) as session, session.begin():
                record_history_key(session, KEY.encode())  # what is filled in has no hashes that would tell
            made = Stage(folder, postgres.application_url, postgres.owner_url, redis_url, engine)
            fill(engine, 1, apps, state=state)
            made.settle()
            yield made
            engine.dispose()


def ask(on: Stage, each: int, *, apps: int) -> int:
    """Adds `each` due requests for each of the first `apps` Apps, suspend and reinstate in turn. Returns how many."""
    put_requests(on.engine, each, apps=apps)
    on.settle()
    return each * apps


_RATE = text("""
    SELECT count(*) AS applied, extract(epoch FROM max(pg_xact_commit_timestamp(xmin)) - min(at)) AS seconds
      FROM transition WHERE at >= :since
""")
