"""Servers that a test may kill."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from migrations.run import upgrade
from runtime.embedded.postgres import EmbeddedPostgres
from runtime.embedded.valkey import EmbeddedValkey


@pytest.fixture
def servers_of_its_own(tmp_path: Path) -> Iterator[tuple[EmbeddedPostgres, EmbeddedValkey, str]]:
    """A Postgres and a Valkey that this test may kill."""
    postgres = EmbeddedPostgres(tmp_path / "postgres", settings={"max_connections": "200"})
    valkey = EmbeddedValkey(tmp_path / "valkey")
    addresses = postgres.start()
    upgrade(addresses.owner_url)
    yield postgres, valkey, addresses.application_url
    valkey.discard()
    postgres.discard()
