"""When `devcenter up` takes one of its processes for ready."""

import os
from contextlib import closing

import pytest
import requests

from cli.up import _is_ready
from tests.guarded_http.hostile_server import HostileServer, page


@pytest.mark.parametrize(
    ("pid", "ready"), [(os.getpid(), True), (os.getppid(), False), (None, False)], ids=["itself", "another", "none"]
)
def test_only_what_listens_itself_is_ready(pid: int | None, ready: bool) -> None:
    """Two installations that start at the same moment choose the same ports; one of them gets them."""
    with HostileServer({"/readyz": page(b"ready")}).running() as server, closing(requests.Session()) as http:
        assert _is_ready(http, pid, server.url("")) is ready
