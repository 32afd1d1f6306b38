"""A migration that is cut or killed anywhere goes on when it is started again, in whatever direction."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest
from alembic.script import ScriptDirectory

from migrations.run import FOLDER, MIGRATOR, downgrade, head_revision, upgrade
from tests.cli.command import COMMAND, devcenter, environment
from tests.databases import TestDatabase
from tests.servers import ROOT
from tests.storage.catalog import catalog_of
from tests.storage.cutting import Cutter
from tests.stored import connect
from tests.waiting import wait_until

KILLED = (sys.executable, "-m", "tests.storage.killed_migrator")
BROKEN = "SELECT indexrelid FROM pg_index WHERE NOT indisvalid"
REVISIONS = [one.revision for one in ScriptDirectory(str(FOLDER)).walk_revisions()][::-1]
ENDS = [revision for revision, following in pairwise([*REVISIONS, ""]) if revision[:4] != following[:4]]
ENDS.remove("0022")
SPANS = list(pairwise(dict.fromkeys([*ENDS[ENDS.index("0008") :: 2], ENDS[-1]])))
"""Two numbers of revisions at once, oldest first: each point at which a span is cut takes a way up and down the whole.

Within a number, and between 0022 and 0023, is no end: constraints that one revision adds are validated by a later one,
whose way down leaves them so.
"""
MIGRATORS = "SELECT pid FROM pg_stat_activity WHERE application_name = %s AND datname = %s"


@pytest.fixture
def cutter(database: TestDatabase, superuser_connection: psycopg.Connection) -> Iterator[Cutter]:
    with connect(database.owner_url) as looking:
        looking.autocommit = True
        yield Cutter(database, superuser_connection, looking)


def test_a_revision_is_one_transaction_or_only_builds_and_drops_indexes_or_only_fills_in_steps() -> None:
    sources = {file.stem: file.read_text() for file in FOLDER.glob("versions/*.py")}
    concurrent = {name for name, source in sources.items() if "change_indexes" in source}
    filling = {name for name, source in sources.items() if "fill_in_steps" in source}
    assert concurrent
    assert filling
    assert not concurrent & filling
    assert not {name for name in concurrent | filling if "op." in sources[name]}
    assert not {name for name in sources if "CONCURRENTLY" in sources[name] or "autocommit" in sources[name]}


@pytest.mark.parametrize(
    ("older", "newer", "cuts"), [("base", "0004", 81), ("0004", "0018", 131), ("0018", "head", 119)]
)
def test_migrations_that_are_cut_at_every_point_go_on(
    database: TestDatabase, cutter: Cutter, older: str, newer: str, cuts: int
) -> None:
    """Expects at least as many cuts as there were when the newest revision of the span was written."""
    if newer != "head":
        downgrade(database.owner_url, newer)
    migrated, stamp = cutter.catalog(), cutter.stamp()
    downgrade(database.owner_url, older)
    assert cutter.cut_everywhere(partial(upgrade, database.owner_url, newer)) >= cuts
    assert (cutter.catalog(), cutter.stamp()) == (migrated, stamp)


def test_migrations_that_are_cut_on_their_way_down_go_on(database: TestDatabase, cutter: Cutter) -> None:
    migrated = cutter.catalog()
    assert cutter.cut_everywhere(partial(downgrade, database.owner_url, "0005")) >= 231
    assert cutter.stamp() == "0005"
    upgrade(database.owner_url)
    assert cutter.catalog() == migrated


@pytest.mark.parametrize(("older", "newer"), SPANS)
def test_migrations_that_are_cut_go_on_in_the_other_direction(
    database: TestDatabase, cutter: Cutter, older: str, newer: str
) -> None:
    downgrade(database.owner_url, newer)
    migrated = cutter.catalog()
    down, up = partial(downgrade, database.owner_url, older), partial(upgrade, database.owner_url, newer)
    points = 1
    while not cutter.run(down, points):
        up()
        assert cutter.catalog() == migrated, f"at point {points} down"
        points += 1
    before = cutter.catalog()
    points = 1
    while not cutter.run(up, points):
        down()
        assert cutter.catalog() == before, f"at point {points} up"
        points += 1
    assert cutter.catalog() == migrated


def test_a_migrator_that_is_killed_after_each_of_its_commits_goes_on(database: TestDatabase, cutter: Cutter) -> None:
    migrated = cutter.catalog()
    done = subprocess.run([*KILLED, database.owner_url], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 40
    assert (cutter.catalog(), cutter.stamp()) == (migrated, head_revision())


def test_a_build_that_was_killed_while_it_waited_is_done_anew(
    database: TestDatabase, superuser_connection: psycopg.Connection
) -> None:
    migrated = catalog_of(database.owner_url)
    downgrade(database.owner_url, "0007a")
    with (
        connect(database.owner_url) as reading,
        connect(database.owner_url) as looking,
        ThreadPoolExecutor(1) as next_one,
    ):
        looking.autocommit = True
        reading.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reading.execute("SELECT count(*) FROM component_test")
        migrator = subprocess.Popen([*COMMAND, "migrate"], env=environment(DATABASE_URL=database.owner_url))
        wait_until(lambda: looking.execute(BROKEN).fetchall(), seconds=30, what="an index that is being built")
        migrator.kill()
        migrator.wait()
        (abandoned,) = superuser_connection.execute(MIGRATORS, [MIGRATOR, database.name]).fetchall()
        migration = next_one.submit(upgrade, database.owner_url)
        wait_until(
            lambda: (
                superuser_connection.execute(MIGRATORS, [MIGRATOR, database.name]).fetchall() not in ([abandoned], [])
            ),
            what="the end of what the killed migrator left running",
        )
        reading.rollback()
        migration.result(60)
    assert catalog_of(database.owner_url) == migrated


def test_what_a_failed_way_down_left_is_mended_by_the_way_up(database: TestDatabase, tmp_path: Path) -> None:
    migrated = catalog_of(database.owner_url)
    settings = {"DATABASE_URL": database.owner_url}
    with connect(database.owner_url) as reading:
        reading.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reading.execute("SELECT count(*) FROM catalog_entry")
        down = devcenter("migrate", "--down", "0008", settings=settings, folder=tmp_path)
    assert down.returncode == 1
    assert "continues after the last completed revision" in down.stderr
    up = devcenter("migrate", settings=settings, folder=tmp_path)
    assert (up.returncode, up.stdout) == (0, f"The database is at {head_revision()}.\n")
    assert catalog_of(database.owner_url) == migrated


def test_ctrl_c_in_a_migration_is_one_line_and_it_goes_on(database: TestDatabase) -> None:
    migrated = catalog_of(database.owner_url)
    downgrade(database.owner_url, "0007a")
    with connect(database.owner_url) as reading, connect(database.owner_url) as looking:
        looking.autocommit = True
        reading.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reading.execute("SELECT count(*) FROM component_test")
        migrator = subprocess.Popen(
            [*COMMAND, "migrate"],
            env=environment(DATABASE_URL=database.owner_url),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        wait_until(lambda: looking.execute(BROKEN).fetchall(), seconds=30, what="an index that is being built")
        migrator.send_signal(signal.SIGINT)
        said, _ = migrator.communicate(timeout=60)
    assert (migrator.returncode, said) == (
        130,
        "The migration was broken off. Run it again: it goes on from where it is.\n",
    )
    upgrade(database.owner_url)
    assert catalog_of(database.owner_url) == migrated
