"""What the embedded Postgres and Valkey share: the life cycle of one server in one private folder."""

import shutil
import signal
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Generic, TypeVar

from runtime.embedded.errors import AlreadyRunning, EmbeddedError
from runtime.embedded.folder import Memory, ServerFolder, remedy_for
from runtime.embedded.identity import Identity
from runtime.embedded.processes import LOOPBACK, ServerProcess, end_leftovers, free_port, port_is_free, wait_for

PORT_TRIES = 5

Addresses = TypeVar("Addresses")


class EmbeddedServer(ABC, Generic[Addresses]):
    """Keeps one server in `folder` for as long as this process lives. Not safe for use by several threads at once.

    The folder holds the data, the passwords (readable by its owner only), the port and the log. After a crash of the
    server or of this program the next `start` recovers the data. If this process dies, Linux stops the server in
    order; on other systems the next start in the folder does. `notices` holds messages for the operator about a start.
    """

    title: ClassVar[str]
    process_names: ClassVar[tuple[str, ...]]
    port_taken: ClassVar[str]
    """What the server logs when another program has its port."""
    stop_signals: ClassVar[tuple[signal.Signals, ...]]
    """The signals that end the server in order, the gentlest first."""
    stop_seconds: ClassVar[float]
    start_seconds: ClassVar[float]

    def __init__(self, folder: Path, *, port: int | None = None, settings: Mapping[str, str] | None = None) -> None:
        """Starts nothing yet. Without `port` a free one is chosen and kept. `settings` are the server's own."""
        self.notices: tuple[str, ...] = ()
        self._folder = ServerFolder(folder, self.title)
        self._wanted_port = port
        self._settings = dict(settings or {})
        self._server: ServerProcess | None = None

    @property
    def running(self) -> bool:
        return self._server is not None and self._server.running

    @property
    def pid(self) -> int | None:
        """The id of the server's main process; None while nothing runs."""
        return self._server.pid if self._server is not None and self._server.running else None

    @property
    def data_folder(self) -> Path:
        """The server's data and working folder: the given folder, unless the server runs as another user."""
        return self._folder.path

    @property
    def log(self) -> Path:
        """The log file, which begins with the server's last start."""
        return self._folder.log

    def start(self) -> Addresses:
        """Starts the server and returns its addresses once it answers: in about a second for new data, sooner later.

        Raises AlreadyRunning if a live program keeps a server in the folder, and EmbeddedError for anything else that
        prevents the start. After an error nothing is left running.
        """
        if self.running:
            raise AlreadyRunning(f"This {self.title} runs already in {self._folder.path}.", "Stop it first.", self.pid)
        self._folder.hold()
        try:
            return self._start()
        except OSError as error:
            self.kill()
            raise EmbeddedError(
                f"{self.title} cannot use {self._folder.path}: {error}.", remedy_for(str(error), self._folder.path)
            ) from error
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Stops the server in order, with all its data on disk. Safe to call twice."""
        if self._server is not None:
            self._server.stop(*self.stop_signals, seconds=self.stop_seconds)
        self._folder.release()

    def kill(self) -> None:
        """Kills the server and its children at once, as a crash would. A later `start` recovers the data."""
        if self._server is not None:
            self._server.kill()
        self._folder.release()

    def discard(self) -> None:
        """Ends the server and deletes its folder with all data. Raises AlreadyRunning if another program holds it."""
        if self._server is not None:
            self._server.stop(self.stop_signals[-1], seconds=self.stop_seconds)
        self._folder.hold()
        self._end_leftovers()
        for path in (self.data_folder, self._folder.path):
            shutil.rmtree(path, ignore_errors=True)
        self._folder.release()

    def __enter__(self) -> Addresses:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @abstractmethod
    def _start(self) -> Addresses:
        """Starts the server while the folder is held."""

    def _end_leftovers(self) -> tuple[str, ...]:
        """Ends the servers that an earlier run left here. Returns a notice for each. The folder must be held."""
        found = end_leftovers(self.data_folder, self.process_names, self.stop_signals[0], seconds=self.stop_seconds)
        return tuple(f"A {self.title} left by an earlier run (process {pid}) was stopped." for pid in found)

    def _launch(
        self,
        memory: Memory,
        command: Callable[[int], list[str]],
        ready: Callable[[int, int], bool],
        *,
        cwd: Path,
        identity: Identity,
    ) -> int:
        """Starts `command(port)` and waits until `ready(port, pid)`. Returns the port and stores it for the next start.

        Chooses another port if the first was taken in between. Raises EmbeddedError with the last lines of the log.
        """
        for _ in range(PORT_TRIES):
            port = self._choose_port(memory)
            memory = self._folder.remember_port(memory, port)
            self._folder.start_log()
            server = ServerProcess(
                command(port), folder=cwd, log=self.log, identity=identity, death=self.stop_signals[0]
            )
            self._server = server
            if _comes_up(server, ready, port, seconds=self.start_seconds):
                return port
            if server.running or self.port_taken not in self._folder.last_log_lines():
                break
        said = self._folder.last_log_lines()
        raise EmbeddedError(f"{self.title} did not start. Its last lines:\n{said}", remedy_for(said, cwd))

    def _choose_port(self, memory: Memory) -> int:
        if self._wanted_port is not None:
            if not port_is_free(self._wanted_port):
                raise EmbeddedError(
                    f"Port {self._wanted_port} of {LOOPBACK} is taken by another program.",
                    "Choose another port, or none to have a free one chosen.",
                )
            return self._wanted_port
        if memory.port is not None and port_is_free(memory.port):
            return memory.port
        return free_port()


def _comes_up(server: ServerProcess, ready: Callable[[int, int], bool], port: int, *, seconds: float) -> bool:
    """Waits until the server is ready or has ended. Returns whether it is ready."""
    seen_ready = False

    def settled() -> bool:
        nonlocal seen_ready
        seen_ready = ready(port, server.pid)
        return seen_ready or not server.running

    wait_for(settled, seconds=seconds)
    return seen_ready and server.running
