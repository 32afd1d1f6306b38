"""Whatever is killed while the schedule looks again at what is public: each look that was due is made and ends once."""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from runtime.embedded.postgres import EmbeddedPostgres
from runtime.embedded.valkey import EmbeddedValkey
from tests.api.invariants import check_rows
from tests.journeys import PROFILE, apps_in_public_beta, people_in
from tests.kills.stack import Stack, hits, stack_running
from tests.waiting import wait_until

MENDED = [f"mended-{number}" for number in range(8)]
BROKEN = [f"broken-{number}" for number in range(8)]
KILLS = 4
_POLICY = """
    INSERT INTO policy_version (version, document, note, published_by)
    SELECT version + 1, document || '{"review_steps": ["partner_documentation"]}', 'test', published_by
      FROM policy_version ORDER BY version DESC LIMIT 1
"""
_FIRE = """
    INSERT INTO job_tick (id, job, tick_at, due_at, lane)
    SELECT uuidv7(), job, now(), now(), job FROM unnest(ARRAY['request_due_looks', 'end_decided_looks']) job
"""
_ENDS = """
    SELECT a.slug, t.trigger FROM transition t JOIN app a ON a.id = t.app_id
     WHERE t.trigger IN ('recheck', 'clear', 'flag')
"""


class _Page(BaseHTTPRequestHandler):
    """One page that names the platform and the Apps that mended it, and nothing anywhere else."""

    def do_GET(self) -> None:
        body = "".join(f"<p>{slug.title()} works with {PROFILE.platform.name}.</p>" for slug in MENDED).encode()
        self.send_response(200 if self.path == "/docs" else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Writes nothing."""


@contextmanager
def _site() -> Iterator[str]:
    """Serves the page until the block ends. Yields its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _look_at_all(engine: Engine, stack: Stack, *, kills: int) -> None:
    """Fires the jobs of looks again and again until every look has ended, and kills a worker after each firing."""
    pause = threading.Event()

    def goes_on() -> bool:
        nonlocal kills
        with engine.begin() as connection:
            connection.execute(text(_FIRE))
        pause.wait(random.uniform(0.3, 1.5))
        if kills:
            kills -= 1
            random.choice(stack.workers).kill()
        with engine.connect() as connection:
            ended = sum(row.trigger != "recheck" for row in connection.execute(text(_ENDS)))
        return bool(ended >= len(MENDED + BROKEN))

    wait_until(goes_on, seconds=240, what="the end of every look")


@pytest.mark.parametrize("fault", ["step_done=4", "after_log_insert=4", None])
def test_looks_of_the_schedule_outlive_what_is_killed(
    servers_of_its_own: tuple[EmbeddedPostgres, EmbeddedValkey, str], tmp_path: Path, fault: str | None
) -> None:
    postgres, valkey, database_url = servers_of_its_own
    engine = create_engine(database_url, pool_pre_ping=True)
    people = people_in(engine)
    with engine.begin() as connection:
        connection.execute(text(_POLICY))
    with _site() as address:
        apps_in_public_beta(engine, people, MENDED, f"{address}/docs")
        apps_in_public_beta(engine, people, BROKEN, f"{address}/gone")
        with engine.begin() as connection:
            connection.execute(text("UPDATE app SET looked_at = now() - interval '31 days'"))
        loopback = {"DEVCENTER_ALLOW_LOOPBACK_URLS": "true"}
        with stack_running(tmp_path, postgres, valkey, database_url, fault, **loopback) as (stack, mailbox):
            _look_at_all(engine, stack, kills=KILLS if fault is None else 0)
            if fault is not None:
                wait_until(lambda: hits(tmp_path), seconds=60, what=f"{fault} to be hit")
            wait_until(lambda: _clocks(engine) == len(BROKEN), seconds=120, what="the clocks of all flags")
    with engine.connect() as connection:
        looks = Counter((row.slug, row.trigger) for row in connection.execute(text(_ENDS)))
        flagged = connection.execute(text("SELECT count(*) FROM notification WHERE kind = 'flagged'")).scalar_one()
        undone = connection.execute(text("SELECT status FROM transition_request WHERE status <> 'applied'")).all()
    ends = dict.fromkeys(MENDED, "clear") | dict.fromkeys(BROKEN, "flag")
    assert looks == Counter([(slug, trigger) for slug, end in ends.items() for trigger in ("recheck", end)])
    assert (flagged, undone) == (len(BROKEN), [])
    assert sum("mend what we found" in str(letter["Subject"]) for letter in mailbox.letters) >= len(BROKEN)
    check_rows(engine)
    engine.dispose()


def _clocks(engine: Engine) -> int:
    with engine.connect() as connection:
        statement = "SELECT count(*) FROM grace_period WHERE began_at IS NOT NULL AND ended_at IS NULL"
        return int(connection.execute(text(statement)).scalar_one())
