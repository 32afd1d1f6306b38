"""An embedded Postgres 18, on loopback, in one private folder."""

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import psycopg

from runtime.embedded.environment import forget_libpq_variables
from runtime.embedded.errors import EmbeddedError
from runtime.embedded.folder import remedy_for
from runtime.embedded.identity import Identity, choose_identity
from runtime.embedded.postgres_data import PostgresData, binary
from runtime.embedded.postgres_roles import APPLICATION, DATABASE, OWNER, SUPERUSER, TRACKING, USERS, ensure_roles
from runtime.embedded.processes import LOOPBACK
from runtime.embedded.server import EmbeddedServer


@dataclass(frozen=True, slots=True)
class PostgresAddresses:
    """The server's addresses, as SQLAlchemy URLs with passwords. The superuser's is for tests and repairs."""

    host: str
    port: int
    owner_url: str
    application_url: str
    tracking_url: str
    superuser_url: str


class EmbeddedPostgres(EmbeddedServer[PostgresAddresses]):
    """A Postgres with the database `devcenter`, its owner and the roles of the processes. Fully durable by default.

    `settings` are Postgres's own, such as `{"fsync": "off"}`. A start removes libpq's variables (PGSSLMODE, PGHOSTADDR)
    from this process, which then reaches the server as its URL says. If it cannot run as the current user, `notices`
    says so.
    """

    title: ClassVar[str] = "Postgres"
    process_names: ClassVar[tuple[str, ...]] = ("postgres", "initdb")
    port_taken: ClassVar[str] = "could not create any TCP/IP sockets"
    stop_signals: ClassVar[tuple[signal.Signals, ...]] = (signal.SIGINT, signal.SIGQUIT)
    stop_seconds: ClassVar[float] = 30.0
    start_seconds: ClassVar[float] = 120.0

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
        owner_may_create_databases: bool = False,
        identity: Identity | None = None,
    ) -> None:
        """Starts nothing yet. Without `port` a free one is chosen and kept; without `identity` a suitable user."""
        super().__init__(folder, port=port, settings=settings)
        self._owner_may_create_databases = owner_may_create_databases
        self._identity = identity

    @property
    def data_folder(self) -> Path:
        """The server's data and working folder: the given folder, unless the server runs as another user."""
        return self._data().home

    def _start(self) -> PostgresAddresses:
        forget_libpq_variables()
        data = self._data()
        memory = self._folder.remembered(USERS, secures=data.path)
        moved = () if data.identity.notice is None else (f"{data.identity.notice} Its data is in {data.home}.",)
        self.notices = moved + self._end_leftovers()
        data.prepare(memory.passwords[SUPERUSER], durable=self._settings.get("fsync", "on") != "off")
        data.remove_stale_pid_file()
        port = self._launch(
            memory,
            lambda port: [str(binary("postgres")), "-D", str(data.path), *self._options(port)],
            lambda _, pid: data.is_ready(pid),
            cwd=data.home,
            identity=data.identity,
        )
        self._ensure_roles(port, memory.passwords)
        return _addresses(port, memory.passwords)

    def _data(self) -> PostgresData:
        self._identity = self._identity or choose_identity()
        return PostgresData.of(self._folder.path, self._identity)

    def _options(self, port: int) -> list[str]:
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(port),
            "unix_socket_directories": "",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **self._settings,
        }
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def _ensure_roles(self, port: int, passwords: Mapping[str, str]) -> None:
        try:
            with psycopg.connect(
                host=LOOPBACK,
                port=port,
                user=SUPERUSER,
                password=passwords[SUPERUSER],
                dbname="postgres",
                connect_timeout=10,
                autocommit=True,
            ) as connection:
                ensure_roles(connection, passwords, owner_may_create_databases=self._owner_may_create_databases)
        except psycopg.Error as error:
            said = self._folder.last_log_lines()
            raise EmbeddedError(
                f"Postgres runs, but its roles cannot be created: {error}\nIts last lines:\n{said}",
                remedy_for(said, self._folder.path),
            ) from error


def _addresses(port: int, passwords: Mapping[str, str]) -> PostgresAddresses:
    def url(user: str) -> str:
        return f"postgresql+psycopg://{user}:{passwords[user]}@{LOOPBACK}:{port}/{DATABASE}"

    return PostgresAddresses(LOOPBACK, port, url(OWNER), url(APPLICATION), url(TRACKING), url(SUPERUSER))
