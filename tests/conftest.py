"""The servers, databases and Valkey databases that tests ask for by name."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from sqlalchemy import Engine, create_engine

from runtime.embedded.postgres import PostgresAddresses
from tests.databases import TestDatabase, connect_superuser, copy_template, create_empty, drop, ensure_template
from tests.journeys import People, people_in
from tests.servers import VALKEY_DATABASES, Servers, TestRun, only_one, servers_of

pytest_plugins = ["tests.api.running", "tests.console.prepared", "tests.stored"]

RUN_FOLDER = pytest.StashKey[Path]()
LONGEST = (
    "tests/kills/test_leased_kills.py",
    "tests/api/test_schema.py",
    "tests/browser/test_every_page.py",
    "tests/cli/",
    "tests/browser/",
    "tests/storage/test_cut_migrations.py",
    "tests/kills/",
    "tests/clients/",
)
"""Where single tests take up to two minutes, because they run real installations or browsers, or wait for leases."""


def pytest_configure(config: pytest.Config) -> None:
    """Opens the run in pytest's main process. A worker of xdist gets the run's folder from it."""
    worker_input = getattr(config, "workerinput", None)
    if worker_input is not None:
        config.stash[RUN_FOLDER] = Path(worker_input["run_folder"])
        return
    run = TestRun.open()
    config.stash[RUN_FOLDER] = run.folder
    config.add_cleanup(run.close)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Passes the run's folder to a worker of xdist."""
    node.workerinput["run_folder"] = str(node.config.stash[RUN_FOLDER])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Returns one worker more than there are cores, because many tests wait for leases, sockets and processes.

    The variable of xdist wins if it is set.
    """
    return None if os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS") else (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Orders the tests so that each worker of xdist has its share of the longest ones, and begins with them.

    So no worker is left alone with one of them at the end, and some compute while others wait. A worker begins with a
    part of the list, all parts being equally long, and takes from others when it has none left.
    """
    workers = getattr(config, "workerinput", {"workercount": 1})["workercount"]
    modules: dict[str, list[pytest.Item]] = {}
    for item in sorted(items, key=_place_in_order):
        if item.nodeid.startswith(LONGEST):
            modules.setdefault(item.nodeid.partition("::")[0], []).append(item)
    others = [item for item in items if not item.nodeid.startswith(LONGEST)]
    ordered: list[pytest.Item] = []
    for worker in range(workers):
        part = [item for module in list(modules.values())[worker::workers] for item in module]
        many = (len(items) - len(ordered)) // (workers - worker) - len(part)
        ordered += part + others[: max(0, many)]
        del others[: max(0, many)]
    items[:] = ordered + others


def _place_in_order(item: pytest.Item) -> int:
    return next((place for place, path in enumerate(LONGEST) if item.nodeid.startswith(path)), len(LONGEST))


@pytest.fixture(scope="session")
def run_folder(pytestconfig: pytest.Config) -> Path:
    """The folder that all processes of this run share. It is deleted when the run ends."""
    return pytestconfig.stash[RUN_FOLDER]


@pytest.fixture(scope="session")
def servers(run_folder: Path) -> Servers:
    """The run's Postgres and Valkey. Do not stop, restart or flush them: other tests use them too."""
    return servers_of(run_folder)


@pytest.fixture(scope="session")
def postgres_server(servers: Servers) -> PostgresAddresses:
    """The addresses of the run's Postgres."""
    return servers.postgres


@pytest.fixture(scope="session")
def superuser_connection(postgres_server: PostgresAddresses, run_folder: Path) -> Iterator[psycopg.Connection]:
    """A superuser's connection, in autocommit, to the run's Postgres, which has the migrated template."""
    with connect_superuser(postgres_server) as connection:
        with only_one(run_folder, "template"):
            ensure_template(connection, postgres_server)
        yield connection


@pytest.fixture
def database(superuser_connection: psycopg.Connection, postgres_server: PostgresAddresses) -> Iterator[TestDatabase]:
    """A migrated, empty database of this test's own. It is dropped when the test ends, even if it has connections."""
    made = copy_template(superuser_connection, postgres_server)
    yield made
    drop(superuser_connection, made)


@pytest.fixture
def empty_database(
    superuser_connection: psycopg.Connection, postgres_server: PostgresAddresses
) -> Iterator[TestDatabase]:
    """Like `database`, before any migration."""
    made = create_empty(superuser_connection, postgres_server)
    yield made
    drop(superuser_connection, made)


@pytest.fixture(scope="module")
def module_database(
    superuser_connection: psycopg.Connection, postgres_server: PostgresAddresses
) -> Iterator[TestDatabase]:
    """A migrated database that the tests of one module share: each of them uses names of its own."""
    made = copy_template(superuser_connection, postgres_server)
    yield made
    drop(superuser_connection, made)


@pytest.fixture
def engine_options() -> dict[str, Any]:
    """Further arguments for the creation of `engine`. A module that needs other ones overrides this fixture."""
    return {}


@pytest.fixture
def engine(database: TestDatabase, engine_options: dict[str, Any]) -> Iterator[Engine]:
    """An engine for this test's database, in the application role."""
    made = create_engine(database.application_url, **engine_options)
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def module_engine(module_database: TestDatabase) -> Iterator[Engine]:
    """Like `engine`, for the database that the tests of one module share."""
    made = create_engine(module_database.application_url)
    yield made
    made.dispose()


@pytest.fixture
def people(engine: Engine) -> People:
    """A company and one actor of each role, in this test's database."""
    return people_in(engine)


@pytest.fixture(scope="module")
def module_people(module_engine: Engine) -> People:
    """Like `people`, in the database that the tests of one module share."""
    return people_in(module_engine)


@pytest.fixture
def logging_restored() -> Iterator[None]:
    """Restores the handlers and the level of the root logger after a test that configures logging."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)


@pytest.fixture
def valkey_url(servers: Servers) -> str:
    """The URL of a Valkey database that no other test of this run uses."""
    return fresh_valkey_url(servers)


@pytest.fixture(scope="module")
def module_valkey_url(servers: Servers) -> str:
    """Like `valkey_url`, shared by the tests of one module."""
    return fresh_valkey_url(servers)


def fresh_valkey_url(servers: Servers) -> str:
    """Returns the URL of a Valkey database that has not been used in this run.

    FLUSHDB is harmless. FLUSHALL, SHUTDOWN and CONFIG affect all tests, and channels are shared by all databases, so a
    test that uses those starts an `EmbeddedValkey` of its own.
    """
    with redis.Redis.from_url(servers.valkey_url) as client:
        index = int(client.incr("databases given"))
    if index >= VALKEY_DATABASES:
        raise AssertionError(f"All {VALKEY_DATABASES} Valkey databases are given; raise VALKEY_DATABASES.")
    return f"{servers.valkey_url.rsplit('/', 1)[0]}/{index}"
