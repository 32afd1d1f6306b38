"""Servers for one test each, in a folder whose name has spaces."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.embedded.postgres import EmbeddedPostgres
from runtime.embedded.valkey import EmbeddedValkey

FAST = {"fsync": "off"}


@pytest.fixture
def folder(run_folder: Path) -> Iterator[Path]:
    """The path of a folder that does not exist yet, with spaces and a quote. It is deleted when the test ends."""
    path = run_folder / f"a partner's folder {uuid.uuid4().hex}"
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def postgres(folder: Path) -> Iterator[EmbeddedPostgres]:
    """A Postgres that is not started yet."""
    server = EmbeddedPostgres(folder, settings=FAST)
    yield server
    server.discard()


@pytest.fixture
def valkey(folder: Path) -> Iterator[EmbeddedValkey]:
    """A Valkey that is not started yet."""
    server = EmbeddedValkey(folder)
    yield server
    server.discard()
