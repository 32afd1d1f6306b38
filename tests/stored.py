"""An App in a database of its own, and connections to that database."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Engine, make_url

from tests.databases import TestDatabase
from tests.journeys import People, apps_in_public_beta


@dataclass(frozen=True, slots=True)
class Stored:
    """An App `acme` in public beta at version 3, the people around it, and connections."""

    engine: Engine
    people: People
    app_id: UUID
    prompt: psycopg.Connection
    superuser: psycopg.Connection


@pytest.fixture
def stored(database: TestDatabase, engine: Engine, people: People) -> Iterator[Stored]:
    (app_id,) = apps_in_public_beta(engine, people, ["acme"])
    with connect(database.application_url) as prompt, connect(database.superuser_url) as superuser:
        yield Stored(engine, people, app_id, prompt, superuser)


@pytest.fixture(scope="module")
def module_stored(module_database: TestDatabase, module_engine: Engine, module_people: People) -> Iterator[Stored]:
    """Like `stored`, in the database that the tests of one module share. Each takes back what it did: `unchanged`."""
    (app_id,) = apps_in_public_beta(module_engine, module_people, ["acme"])
    with connect(module_database.application_url) as prompt, connect(module_database.superuser_url) as superuser:
        yield Stored(module_engine, module_people, app_id, prompt, superuser)


@pytest.fixture
def unchanged(module_stored: Stored) -> Iterator[Stored]:
    """What the tests of one module share, for a test that commits nothing: its transactions are rolled back."""
    yield module_stored
    module_stored.prompt.rollback()
    module_stored.superuser.rollback()


def connect(url: str) -> psycopg.Connection:
    """Opens a plain connection to an SQLAlchemy URL."""
    return psycopg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))
