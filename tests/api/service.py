"""A live API process and callers with tokens, for tests that speak HTTP."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import requests

from runtime.embedded.processes import free_port
from tests.preloaded import forked
from tests.waiting import wait_until
from tests.workers.processes import environment

API = (sys.executable, "-m", "cli.main", "api")
UNLIMITED = {
    f"DEVCENTER_RATE_{name}": "0" for name in ("PARTNER", "REVIEWER", "SERVICE", "ADMIN", "ADDRESS", "OPEN_WRITES")
}
"""Settings without rate limits, which fast tests would otherwise reach."""


STARTS = 3
"""How often to try to start, because another process may take the port between its choice and its use."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls the API with one token or none. Sends bytes unchanged and any other body as JSON."""

    url: str
    token: str | None = None

    def __call__(
        self, method: str, path: str, body: Any = None, *, timeout_s: float = 40, **headers: str
    ) -> requests.Response:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            given["Authorization"] = f"Bearer {self.token}"
        content: dict[str, Any] = {"data": body} if isinstance(body, bytes) else {"json": body}
        return requests.request(method, self.url + path, headers=given, timeout=timeout_s, **content)


_OPERATORS: dict[str, str] = {}
"""The address of the operators' listener of each process, by that of the process itself."""


def operators_of(url: str) -> Caller:
    """Returns who asks the operators' listener of the API or the sandbox at `url`."""
    return Caller(_OPERATORS[url])


def addresses_of(setting: str) -> tuple[str, dict[str, str]]:
    """Returns an address that is free, with the settings of a process that serves there, and operators beside it.

    `setting` is DEVCENTER_API or DEVCENTER_TRACKING.
    """
    port, beside = free_port(), free_port()
    url = f"http://127.0.0.1:{port}"
    _OPERATORS[url] = f"http://127.0.0.1:{beside}"
    return url, {f"{setting}_PORT": str(port), f"{setting}_OPERATORS_PORT": str(beside)}


@contextmanager
def api_running(database_url: str, redis_url: str, folder: Path, **settings: str) -> Iterator[str]:
    """Runs `devcenter api` until the block ends. Yields its address once it is ready."""
    log = folder / "api.log"
    for _ in range(STARTS):
        url, own = addresses_of("DEVCENTER_API")
        env = environment(database_url, redis_url, **own | settings)
        with forked(API, env, log) as process:
            wait_until(partial(_is_ready_or_ended, url, process), seconds=180, what="the API")
            if process.is_alive():
                yield url
                return
    raise AssertionError(f"The API ended: {log.read_text()}")


def _is_ready_or_ended(url: str, process: ForkServerProcess) -> bool:
    return not process.is_alive() or is_ready(url)


def is_ready(url: str) -> bool:
    """Returns whether the API or the sandbox at `url` says to its operators that it is ready."""
    try:
        return operators_of(url)("GET", "/readyz", timeout_s=2).status_code == 200
    except requests.RequestException:
        return False
