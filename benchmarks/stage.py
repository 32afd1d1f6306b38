"""The stage of a benchmark: a Postgres with its default durability, a Valkey, and Apps in the state that it needs."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, create_engine, text

from benchmarks.filling import fill, put_requests, settle
from migrations.run import upgrade
from runtime.embedded.postgres import EmbeddedPostgres
from runtime.embedded.valkey import EmbeddedValkey

SETTINGS = {
    "track_commit_timestamp": "on",
    "max_connections": "200",
    "shared_buffers": "4GB",
    "max_wal_size": "8GB",
}
"""Durability is Postgres's default; memory and room for the write-ahead log are what an installation gives it
(docs/operations.md). The times of commits are by what latency and rates are measured."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the servers answer. `url` is the application role's; `engine` is the superuser's, for looking and filling.

    Both servers have the folder `folder`, which is gone when the benchmark ends.
    """

    folder: Path
    url: str
    owner_url: str
    redis_url: str
    engine: Engine

    def number(self, statement: str) -> float:
        """Returns the one number that `statement` asks for."""
        with self.engine.connect() as connection:
            return float(connection.execute(text(statement)).scalar_one())

    def is_drained(self) -> bool:
        """Returns whether no request is due. Looks at one row at most, so that it may be asked often."""
        return self.number("SELECT count(*) FROM (SELECT FROM transition_request WHERE status = 'due'"
                           " ORDER BY due_at, position LIMIT 1) one") == 0  # fmt: skip

    def moment(self) -> datetime:
        """Returns the database's present time."""
        with self.engine.connect() as connection:
            now: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
            return now

    def postgres_pid(self) -> int:
        """Returns the process id of the database's server."""
        file = next((self.folder / "postgres").rglob("postmaster.pid"))
        return int(file.read_text().split()[0])

    def applied_a_second(self, since: datetime) -> float:
        """Returns the transitions written since, for each second from the first one's time to the last one's commit."""
        with self.engine.connect() as connection:
            row = connection.execute(_RATE, {"since": since}).one()
        return float(row.applied / row.seconds)

    def settle(self) -> None:
        """Lets the planner know the rows, and writes them down, so that neither is done while something is measured."""
        settle(self.engine)
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("CHECKPOINT"))


@contextmanager
def stage(*, apps: int, state: str = "public_beta", settings: dict[str, str] | None = None) -> Iterator[Stage]:
    """Returns a migrated database with `apps` Apps in `state` (building or public_beta), ten to a company."""
    with tempfile.TemporaryDirectory(prefix="devcenter-bench-") as name:
        folder = Path(name)
        with (
            EmbeddedPostgres(folder / "postgres", settings=SETTINGS | (settings or {})) as postgres,
            EmbeddedValkey(folder / "valkey") as redis_url,
        ):
            upgrade(postgres.owner_url)
            engine = create_engine(postgres.superuser_url)
            made = Stage(folder, postgres.application_url, postgres.owner_url, redis_url, engine)
            fill(engine, 1, apps, state=state)
            made.settle()
            yield made
            engine.dispose()


def ask(on: Stage, each: int, *, apps: int) -> int:
    """Puts `each` due requests on the first `apps` Apps: suspend and reinstate in turn. Returns how many."""
    put_requests(on.engine, each, apps=apps)
    on.settle()
    return each * apps


_RATE = text("""
    SELECT count(*) AS applied, extract(epoch FROM max(pg_xact_commit_timestamp(xmin)) - min(at)) AS seconds
      FROM transition WHERE at >= :since
""")
