"""A live API process and callers with tokens, for tests that speak HTTP."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import requests

from runtime.embedded.processes import free_port
from tests.waiting import wait_until
from tests.workers.processes import environment, running

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


@contextmanager
def api_running(database_url: str, redis_url: str, folder: Path, **settings: str) -> Iterator[str]:
    """Runs `devcenter api` until the block ends. Yields its address once it is ready."""
    log = folder / "api.log"
    for _ in range(STARTS):
        url = f"http://127.0.0.1:{(port := free_port())}"
        env = environment(database_url, redis_url, DEVCENTER_API_PORT=str(port), **settings)
        with running((*API,), env, log) as process:
            wait_until(partial(_is_ready_or_ended, url, process), seconds=60, what="the API")
            if process.poll() is None:
                yield url
                return
    raise AssertionError(f"The API ended: {log.read_text()}")


def _is_ready_or_ended(url: str, process: "subprocess.Popen[bytes]") -> bool:
    return process.poll() is not None or is_ready(url)


def is_ready(url: str) -> bool:
    """Returns whether the API at `url` says that it is ready."""
    try:
        return requests.get(f"{url}/readyz", timeout=2).status_code == 200
    except requests.RequestException:
        return False
