"""Fixtures that run a service: a database, an API process, and a caller for each role."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from tests.api.service import UNLIMITED, Caller, api_running
from tests.databases import TestDatabase
from tests.journeys import People, people_in, token_of


@dataclass(frozen=True, slots=True)
class Service:
    """A running API, callers of each role, and its database, for inspection.

    `engine` has the privileges of the API; `database` has the addresses for other roles.
    """

    url: str
    database: TestDatabase
    engine: Engine
    people: People
    partner: Caller
    reviewer: Caller
    service: Caller
    admin: Caller
    nobody: Caller


@pytest.fixture
def service(database: TestDatabase, valkey_url: str, tmp_path: Path) -> Iterator[Service]:
    """An API process and a database of this test's own."""
    with service_on(database, valkey_url, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def shared_service(
    module_database: TestDatabase, module_valkey_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """An API process and a database that the tests of one module share: each of them uses names of its own."""
    with service_on(module_database, module_valkey_url, tmp_path_factory.mktemp("service")) as made:
        yield made


@contextmanager
def service_on(database: TestDatabase, valkey_url: str, tmp_path: Path, **settings: str) -> Iterator[Service]:
    """Runs an API on `database`, without rate limits, until the block ends. Yields it with a caller for each role."""
    engine = create_engine(database.application_url)
    people = people_in(engine)
    engine.dispose()
    with service_of(people, database, valkey_url, tmp_path, **settings) as made:
        yield made


@contextmanager
def service_of(
    people: People, database: TestDatabase, valkey_url: str, tmp_path: Path, **settings: str
) -> Iterator[Service]:
    """Like `service_on`, for a database that has these people."""
    engine = create_engine(database.application_url)
    try:
        with api_running(database.application_url, valkey_url, tmp_path, **UNLIMITED | settings) as url:
            callers = {
                role: Caller(url, token_of(engine, getattr(people, role)))
                for role in ("partner", "reviewer", "service", "admin")
            }
            yield Service(url=url, database=database, engine=engine, people=people, nobody=Caller(url), **callers)
    finally:
        engine.dispose()
