"""Whatever Redis does, every call is answered as if there were none."""

from functools import partial
from pathlib import Path

from tests.api.service import Caller, api_running, operators_of
from tests.databases import TestDatabase
from tests.misbehaving_redis import MODES, MisbehavingRedis, misbehaving_redis
from tests.waiting import wait_until


def test_whatever_redis_does_calls_are_answered(database: TestDatabase, tmp_path: Path) -> None:
    with misbehaving_redis() as server, api_running(database.application_url, server.url, tmp_path) as url:
        call = Caller(url)
        for mode in MODES:
            server.switch(mode)
            seen: list[int] = []
            wait_until(partial(_has_asked_redis_again, server, call, seen, server.connections + 2), seconds=20)
            assert set(seen) == {200}, (mode, seen)
    assert "Traceback" not in (tmp_path / "api.log").read_text()


def _has_asked_redis_again(server: MisbehavingRedis, call: Caller, seen: list[int], connections: int) -> bool:
    """Calls, and returns whether so many connections have been made: the API lets Redis rest after a failure."""
    seen += [call("GET", "/v1/catalog").status_code, operators_of(call.url)("GET", "/readyz").status_code]
    return server.connections >= connections
