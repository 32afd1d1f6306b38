"""Files of others that the pages bring are what the registry has: npm checks the package by the hash in the lock."""

import pytest

from console.rendering import FILES
from tests.clients.test_clients import MODULES


@pytest.mark.parametrize(("name", "path"), [("htmx.min.js", "htmx.min.js"), ("hx-ptag.min.js", "ext/hx-ptag.min.js")])
def test_a_file_is_that_of_its_package(name: str, path: str) -> None:
    assert FILES[name] == (MODULES / "htmx.org" / "dist" / path).read_bytes()
