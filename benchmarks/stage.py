"""The stage of a benchmark: a Postgres with its default durability, a Valkey, and Apps in the state that it needs.

Rows are put there by the superuser with triggers and foreign keys off, because millions of them are wanted in minutes;
they are the rows that the service would have written, the hashes apart.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, text

from migrations.run import upgrade
from runtime.embedded.postgres import EmbeddedPostgres
from runtime.embedded.valkey import EmbeddedValkey

APPS_A_COMPANY = 10
SETTINGS = {"track_commit_timestamp": "on", "max_connections": "200"}
"""Durability is Postgres's default. The times of commits are by what latency and rates are measured."""


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
        """Gives the one number that `statement` asks for."""
        with self.engine.connect() as connection:
            return float(connection.execute(text(statement)).scalar_one())

    def moment(self) -> datetime:
        """Gives the database's present time."""
        with self.engine.connect() as connection:
            now: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
            return now

    def applied_a_second(self, since: datetime) -> float:
        """Gives the transitions written since, for each second from the first one's time to the last one's commit."""
        with self.engine.connect() as connection:
            row = connection.execute(_RATE, {"since": since}).one()
        return float(row.applied / row.seconds)

    def run(self, *statements: str, **values: object) -> None:
        """Runs statements as one transaction, without triggers and foreign keys."""
        with self.engine.begin() as connection:
            _without_triggers(connection)
            for statement in statements:
                connection.execute(text(statement), values)

    def settle(self) -> None:
        """Brings the planner's statistics and the visibility maps up to date, as autovacuum would in time."""
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
            connection.execute(text("CHECKPOINT"))


@contextmanager
def stage(*, apps: int, state: str = "public_beta", settings: dict[str, str] | None = None) -> Iterator[Stage]:
    """Gives a migrated database with `apps` Apps in `state` (building or public_beta), ten to a company."""
    with tempfile.TemporaryDirectory(prefix="devcenter-bench-") as name:
        folder = Path(name)
        with (
            EmbeddedPostgres(folder / "postgres", settings=SETTINGS | (settings or {})) as postgres,
            EmbeddedValkey(folder / "valkey") as redis_url,
        ):
            upgrade(postgres.owner_url)
            engine = create_engine(postgres.superuser_url)
            made = Stage(folder, postgres.application_url, postgres.owner_url, redis_url, engine)
            add_apps(made, 1, apps, state=state)
            yield made
            engine.dispose()


def add_apps(on: Stage, first: int, last: int, *, state: str = "public_beta") -> None:
    """Adds the Apps `app-<first>` to `app-<last>` with their companies, log and finished requests."""
    steps = [step for step in _WAY if state == "public_beta" or step[3] == state]
    values = ", ".join(
        f"({version}, '{source}', '{trigger}', '{target}')" for version, source, trigger, target in steps
    )
    log = f"""
        INSERT INTO transition (app_id, version, from_state, trigger, to_state, actor_id, actor_role, policy_version,
                                request_id, at, hash)
        SELECT app.id, step.version, source, trigger, target, created_by, 'partner', 1, uuidv7(), now(), sha256('')
          FROM app, (VALUES {values}) AS step (version, source, trigger, target) WHERE app.name = :batch
    """
    on.run(
        _COMPANIES, _PEOPLE, _ACCESS, _APPS, log,
        first=first, last=last, each=APPS_A_COMPANY, state=state, version=len(steps), batch=f"Apps from {first}",
    )  # fmt: skip
    on.settle()


def ask(on: Stage, each: int, *, apps: int) -> int:
    """Puts `each` due requests on the first `apps` Apps: suspend and reinstate in turn. Gives how many."""
    on.run(_ASK, each=each, apps=apps)
    on.settle()
    return each * apps


_RATE = text("""
    SELECT count(*) AS applied, extract(epoch FROM max(pg_xact_commit_timestamp(xmin)) - min(at)) AS seconds
      FROM transition WHERE at >= :since
""")

_WAY = (
    (1, "new", "create", "building"),
    (2, "building", "submit", "submitted"),
    (3, "submitted", "approve", "public_beta"),
)

_COMPANIES = """
    INSERT INTO organization (id, name, website)
    SELECT uuidv7(), 'Company ' || n, 'https://bench-' || n || '.example'
      FROM generate_series(cast(:first / :each AS integer), :last / :each) n
"""

_PEOPLE = """
    INSERT INTO person (id, organization_id, role, name, email)
    SELECT uuidv7(), o.id, 'partner', 'Bench', 'bench@' || substr(o.website, 9)
      FROM organization o WHERE NOT EXISTS (SELECT FROM person p WHERE p.organization_id = o.id)
"""

_ACCESS = """
    INSERT INTO access_request (id, organization_id, company_name, website, contact_name, contact_email, plan, survey,
                                state, due_at, decided_at, decided_by)
    SELECT uuidv7(), p.organization_id, 'Bench', 'https://bench.example', 'Bench', p.email, 'A stream.', '{}',
           'approved', now(), now(), p.id
      FROM person p
     WHERE p.organization_id IS NOT NULL
       AND NOT EXISTS (SELECT FROM access_request r WHERE r.organization_id = p.organization_id)
"""

_APPS = """
    INSERT INTO app (id, slug, name, organization_id, created_by, state, version)
    SELECT uuidv7(), 'app-' || n, :batch, o.id, p.id, :state, :version
      FROM generate_series(cast(:first AS integer), :last) n
      JOIN organization o ON o.website = 'https://bench-' || n / :each || '.example'
      JOIN person p ON p.organization_id = o.id
"""

_ASK = """
    INSERT INTO transition_request (id, app_id, trigger, reasons, source, principal_id, role, idempotency_key,
                                    body_hash)
    SELECT uuidv7(), app.id,
           CASE WHEN (n % 2 = 0) = (app.state = 'public_beta') THEN 'suspend' ELSE 'reinstate' END,
           '[{"code": "other", "text": "bench"}]', 'http', app.created_by, 'admin', uuidv7()::text, sha256('')
      FROM generate_series(0, :each - 1) n, generate_series(1, :apps) number JOIN app ON app.slug = 'app-' || number
     ORDER BY n, number
"""


def _without_triggers(connection: Connection) -> None:
    connection.execute(text("SET LOCAL session_replication_role = replica"))
