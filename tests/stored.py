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


def connect(url: str) -> psycopg.Connection:
    """Opens a plain connection to an SQLAlchemy URL."""
    return psycopg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))
