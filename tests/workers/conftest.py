"""The context of a worker, without a worker process."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from cryptography.fernet import Fernet

from runtime.doorbell import counted_doorbell
from runtime.settings import load_settings
from tests.databases import TestDatabase
from tests.journeys import KEY, People, app_building, people_in
from workers.context import WorkerContext
from workers.main import make_context
from workflow.work.bells import Bell


@pytest.fixture
def context(database: TestDatabase) -> Iterator[WorkerContext]:
    """The context of a worker, without Redis. Its bells ring unheard."""
    settings = load_settings(
        database_url=database.application_url,
        redis_url="redis://127.0.0.1:1/0",
        history_key=KEY.decode(),
        secret_keys=Fernet.generate_key().decode(),
    )
    made = make_context(settings, counted_doorbell(settings.redis_url, Bell))
    yield replace(made, ring=lambda *_bells: None)
    made.engine.dispose()


@pytest.fixture
def builders(context: WorkerContext) -> People:
    """The people of a company that builds the App `acme`."""
    made = people_in(context.engine)
    app_building(context.engine, made, "acme")
    return made
