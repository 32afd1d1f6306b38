"""Servers that a test may kill."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.embedded.postgres import EmbeddedPostgres, PostgresAddresses
from runtime.embedded.valkey import EmbeddedValkey
from tests.databases import connect_superuser, copy_template, drop, ensure_template
from tests.servers import POSTGRES_SETTINGS


@pytest.fixture(scope="session")
def postgres_to_kill(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[EmbeddedPostgres, PostgresAddresses]]:
    """A Postgres, as durable as an installation's, which the tests of this process may kill one after another."""
    settings = {name: POSTGRES_SETTINGS[name] for name in ("max_connections", "jit", "scram_iterations")}
    postgres = EmbeddedPostgres(tmp_path_factory.mktemp("killed") / "postgres", settings=settings)
    addresses = postgres.start()
    with connect_superuser(addresses) as superuser:
        ensure_template(superuser, addresses)
    yield postgres, addresses
    postgres.discard()


@pytest.fixture
def servers_of_its_own(
    postgres_to_kill: tuple[EmbeddedPostgres, PostgresAddresses], tmp_path: Path
) -> Iterator[tuple[EmbeddedPostgres, EmbeddedValkey, str]]:
    """A Postgres and a Valkey that this test may kill, and the URL of an empty, migrated database in the Postgres."""
    postgres, addresses = postgres_to_kill
    if not postgres.running:
        postgres.start()
    valkey = EmbeddedValkey(tmp_path / "valkey")
    with connect_superuser(addresses) as superuser:
        database = copy_template(superuser, addresses)
    yield postgres, valkey, database.application_url
    valkey.discard()
    if not postgres.running:
        postgres.start()
    with connect_superuser(addresses) as superuser:
        drop(superuser, database)
