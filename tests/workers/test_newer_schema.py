"""A worker whose release is older than the schema waits with good requests, and judges them after it is restarted."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, make_url

from models.lifecycle import AppTrigger
from tests.databases import TestDatabase
from tests.journeys import People, app_building, ask, outcome_of
from tests.preloaded import forked
from tests.waiting import wait_until
from tests.workers.processes import WORKER, environment

WAITS: dict[str, object] = {"status": "due", "version": None, "error": None, "unmet": []}
NEW_COLUMN = (
    "ALTER TABLE transition ADD COLUMN later text NOT NULL DEFAULT 'before'",
    "ALTER TABLE transition ALTER COLUMN later SET DEFAULT refuse_old_writer()",
)
"""What a later migration does: a column of the log that this release does not know, and that every writer must give."""
NEW_REVISION = ("UPDATE alembic_version SET version_num = 'later'",)


@contextmanager
def _superuser(database: TestDatabase) -> Iterator[psycopg.Connection]:
    url = make_url(database.superuser_url).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (NEW_REVISION + NEW_COLUMN, "which this release does not know"),
        (NEW_COLUMN, "this release is older than the schema"),
    ],
    ids=["a release that compares revisions", "a release that does not"],
)
def test_a_worker_on_a_newer_schema_leaves_requests_as_they_are_and_says_so_once(
    database: TestDatabase,
    engine: Engine,
    people: People,
    valkey_url: str,
    tmp_path: Path,
    changes: tuple[str, ...],
    said: str,
) -> None:
    app_building(engine, people, "acme")
    log = tmp_path / "log"
    with _superuser(database) as superuser:
        (revision,) = superuser.execute("SELECT version_num FROM alembic_version").fetchone() or ("",)
        for change in changes:
            superuser.execute(change)
        request = ask(engine, people.partner, "acme", AppTrigger.SUBMIT)
        env = environment(database.application_url, valkey_url, DEVCENTER_SWEEP_SECONDS="0.2")
        with forked(WORKER, env, log):
            wait_until(lambda: said in log.read_text(), seconds=60, what="the line that says why")
            applied = "SELECT count(*) FROM transition WHERE trigger = 'submit'"
            assert superuser.execute(applied).fetchone() == (0,)
            assert outcome_of(engine, request) == WAITS
            superuser.execute("ALTER TABLE transition DROP COLUMN later")
            superuser.execute("UPDATE alembic_version SET version_num = %s", [revision])
            wait_until(lambda: outcome_of(engine, request)["status"] == "applied", seconds=60)
    assert log.read_text().count(said) == 1
