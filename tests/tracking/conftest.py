"""Fixtures of the sandbox."""

from collections.abc import Iterator

import pytest

from tests.databases import TestDatabase
from tests.tracking.sandbox import UNLIMITED, Sandbox, sandbox_on


@pytest.fixture(scope="module")
def sandbox(
    module_database: TestDatabase, module_valkey_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sandbox]:
    """A sandbox without limits of rate, which the tests of one module share: each of them uses streams of its own."""
    with sandbox_on(module_database, module_valkey_url, tmp_path_factory.mktemp("sandbox"), **UNLIMITED) as made:
        yield made
