"""`devcenter up`: a whole installation on one machine, with embedded parts for whatever is not named."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import requests

from cli.doctor.disk import check_disk
from cli.doctor.redis import check_redis
from cli.history_key import refuse_wrong_key, settle_key
from cli.home import Home, Run
from cli.mistakes import USAGE, Mistake
from cli.place import as_application, database_now, tracking_url, unit_of_work
from cli.seed import seed
from cli.sign_in import sign_in_links
from cli.stopping import stop_telling
from cli.supervisor import MARK, Child, Program, Supervisor, end_marked
from migrations.run import upgrade
from runtime.embedded.postgres import EmbeddedPostgres, PostgresAddresses
from runtime.embedded.processes import free_port, port_is_free
from runtime.embedded.valkey import EmbeddedValkey
from runtime.settings import Settings, environment_name, environment_of, load_settings, profile_file
from workflow.profile.document import Profile
from workflow.profile.loading import load_profile

CHECKOUT = Path(__file__).resolve().parent.parent
WORKERS = 2
READY_SECONDS = 60.0
LOOK_SECONDS = 0.05
LAST_PORT = 65_535
TOLD = (
    "profile",
    "public_url",
    "mail_from",
    "smtp_host",
    "smtp_port",
    "smtp_tls",
    "smtp_starttls",
    "heads_file",
    "allow_loopback_urls",
    "tracking_url",
)
"""The settings that other commands of this folder use too."""
PORTS = ("api_port", "tracking_port", "api_operators_port", "tracking_operators_port")
KEYS = frozenset({"DEVCENTER_HISTORY_KEY", "DEVCENTER_SECRET_KEYS"})

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Installation:
    """What runs now, for the platform of `profile`.

    `supervisor` may be given more to keep, `tokens` those of who comes in later, and `sign_in` a link for each
    role of people. `owner_url` is for backups, and
    `tracking_database_url` the database as the role of `devcenter tracking`.
    """

    home: Home
    settings: Settings
    tokens: dict[str, str]
    supervisor: Supervisor
    profile: Profile
    owner_url: str
    tracking_database_url: str
    sign_in: dict[str, str] = field(default_factory=dict)

    @property
    def mail(self) -> Path | None:
        """The folder of the mailbox; None when mails go to a server that the environment names."""
        return None if "DEVCENTER_SMTP_HOST" in os.environ else self.home.mail

    @property
    def api_url(self) -> str:
        return f"http://{self.settings.api_host}:{self.settings.api_port}"

    @property
    def operators_addresses(self) -> tuple[str, str]:
        """Where the API and `devcenter tracking` say that they are ready, for this machine."""
        given = self.settings
        ports = (given.api_operators_port, given.tracking_operators_port)
        return (f"http://{given.operators_host}:{ports[0]}", f"http://{given.operators_host}:{ports[1]}")

    @property
    def tracking_address(self) -> str:
        """Where `devcenter tracking` listens, for this machine."""
        return f"http://{self.settings.tracking_host}:{self.settings.tracking_port}"

    def environment(self) -> dict[str, str]:
        """Returns the environment of a process of this installation."""
        environment = environment_of(self.settings)
        environment.pop("DATABASE_OWNER_URL", None)
        environment.pop("DEVCENTER_METRICS_PORT", None)  # its workers and scheduler cannot share one
        return environment | {"DEVCENTER_HOME": str(self.home.path), MARK: str(self.home.path)}

    def tracking_environment(self) -> dict[str, str]:
        """Returns the environment of `devcenter tracking`, which has a role of its own and none of the keys."""
        environment = {name: value for name, value in self.environment().items() if name not in KEYS}
        return environment | {"DATABASE_URL": self.tracking_database_url}


class _Embedded:
    """An embedded server, as something that a supervisor keeps."""

    def __init__(self, name: str, server: EmbeddedPostgres | EmbeddedValkey) -> None:
        self.name = name
        self.starts = 0
        self._server = server

    @property
    def pid(self) -> int | None:
        return self._server.pid

    @property
    def running(self) -> bool:
        return self._server.running

    def start(self) -> None:
        self._server.stop()
        self._server.start()
        self.starts += 1

    @property
    def works(self) -> bool:
        return False

    def ask_to_stop(self) -> None:
        """Does nothing: a server is stopped when nothing needs it any more."""

    def stop(self) -> None:
        self._server.stop()

    def hurry(self) -> None:
        if (pid := self._server.pid) is not None:
            os.kill(pid, self._server.stop_signals[-1])


@contextmanager
def installation(home: Home, say: Say) -> Iterator[Installation]:
    """Runs everything while the block lasts; stops all in order when it ends, however it ends.

    Nobody is told of it before `announce`. Raises Mistake (a history key that is not the database's, too),
    EmbeddedError, SettingsInvalid, ProfileInvalid, or what the database says. Killed anywhere, it goes on with the next
    start.
    """
    profile = load_profile(profile_file())
    home.create()
    room = check_disk(home.path)
    if not room.fine:
        raise Mistake(f"The disk is nearly full: {room.found}.", room.remedy)
    lock = home.hold()
    supervisor = Supervisor(say)
    try:
        left = end_marked(str(home.path))
        if left:
            say(f"Ended {len(left)} processes that an earlier run left.")
        settings, tracking_login = _parts(home, supervisor, say)
        key = settings.history_key.get_secret_value().encode()
        refuse_wrong_key(settings.owner_url, key)
        upgrade(settings.owner_url)
        settle_key(settings.owner_url, key)
        owner_url = settings.owner_url
        as_tracking = tracking_url(tracking_login or owner_url)
        settings = as_application(settings).model_copy(update={"database_owner_url": None})
        with unit_of_work(settings.database_url) as session:
            tokens = seed(session, database_now(session), home.secrets().token_label)
        started = Installation(home, settings, tokens, supervisor, profile, owner_url, as_tracking)
        _start_processes(started)
        _wait_until_ready(started)
        try:
            yield started
        finally:
            stop_telling(supervisor, started.settings.database_url, say)
    finally:
        supervisor.stop()
        home.forget_run()
        os.close(lock)


def keep_program(
    to: Installation,
    name: str,
    *arguments: str,
    folder: Path | None = None,
    serves: bool = False,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Starts Python with `arguments` as a process of the installation, with a fresh log.

    One that `serves` the others is stopped after them. Without an `environment` it has that of the installation.
    """
    log = to.home.log_of(name)
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    log.touch(mode=0o600)
    command = (sys.executable, *arguments)
    to.supervisor.keep(
        Child(Program(name, command, environment or to.environment(), folder or to.home.path, log, serves))
    )


def announce(started: Installation) -> None:
    """Writes run.json, now and after every start from now on. Do it when there is a token for each role.

    It has a link for each person with a token, which signs them in to the pages once.
    """
    new = {role: token for role, token in started.tokens.items() if role not in started.sign_in}
    if started.settings.pages:
        started.sign_in.update(sign_in_links(started.settings.database_url, started.settings.public_url, new))

    def write() -> None:
        started.home.write_run(_run(started))

    started.supervisor.announce_to(write)
    write()


def _run(started: Installation) -> Run:
    return Run(
        api_url=started.api_url,
        tracking_url=started.settings.tracking_url,
        operators_url=started.operators_addresses[0],
        database_url=started.settings.database_url,
        database_owner_url=started.owner_url,
        redis_url=started.settings.redis_url,
        settings={name: str(value) for name in TOLD if (value := getattr(started.settings, name)) is not None},
        tokens=started.tokens,
        console_url=started.settings.public_url,
        sign_in=started.sign_in,
        pids={"up": os.getpid(), **started.supervisor.pids()},
    )


def _start_processes(started: Installation) -> None:
    devcenter = ("-P", "-m", "cli.main")
    if started.mail is not None:
        keep_program(
            started, "mailserver", *devcenter, "mailserver", "--port", str(started.settings.smtp_port), serves=True
        )
    keep_program(started, "api", *devcenter, "api")
    keep_program(started, "tracking", *devcenter, "tracking", environment=started.tracking_environment())
    for number in range(1, WORKERS + 1):
        keep_program(started, f"worker-{number}", *devcenter, "worker")
    keep_program(started, "scheduler", *devcenter, "scheduler")


def _parts(home: Home, supervisor: Supervisor, say: Say) -> tuple[Settings, str | None]:
    """Starts the embedded parts that are needed and gives settings that name them; the environment goes first.

    Also gives the URL of an embedded database as the role of `devcenter tracking`, None for another database.
    """
    kept = home.secrets()
    ports = {name: _port(name) for name in PORTS}
    own = {
        "history_key": kept.history_key,
        "secret_keys": kept.secret_key,
        "heads_file": home.path / "history-heads.jsonl",
        "allow_loopback_urls": True,
        "public_url": f"http://127.0.0.1:{ports['api_port']}",
        "tracking_url": f"http://127.0.0.1:{ports['tracking_port']}",
        "smtp_host": "127.0.0.1",
    }
    given: dict[str, Any] = {name: own[name] for name in own if environment_name(name) not in os.environ}
    if "smtp_host" in given:
        given["smtp_port"] = free_port()
    addresses = _addresses(home, supervisor, say)
    tracking_login = addresses.pop("tracking", None)
    return load_settings(**given, **addresses, **ports), tracking_login


def _port(setting: str) -> int:
    """Returns the port of a setting: the usual one, or a free one when that is busy and nobody insisted on it.

    Raises Mistake when the port that was asked for is busy, before anything is started.
    """
    usual = int(Settings.model_fields[setting].default)
    variable = environment_name(setting)
    asked = os.environ.get(variable)
    if asked is None:
        return usual if port_is_free(usual) else free_port()
    if not asked.isdecimal() or int(asked) > LAST_PORT:
        raise Mistake(f"{variable} is {asked!r}.", f"Set it to a number from 0 to {LAST_PORT}.", USAGE)
    if not port_is_free(int(asked)):
        raise Mistake(f"Port {asked} is busy.", f"Choose another with {variable}; 0 takes a free one.", USAGE)
    return int(asked) or free_port()


def _addresses(home: Home, supervisor: Supervisor, say: Say) -> dict[str, str]:
    given = {}
    postgres = None if os.environ.get("DATABASE_URL") else EmbeddedPostgres(home.path / "postgres")
    valkey = None if os.environ.get("REDIS_URL") else EmbeddedValkey(home.path / "valkey")
    database, redis_url = _start_both(postgres, valkey)
    if postgres and database:
        if not database.exception():
            supervisor.keep(_Embedded("postgres", postgres))
            given["database_url"] = database.result().application_url
            given["database_owner_url"] = database.result().owner_url
            given["tracking"] = database.result().tracking_url
        for notice in postgres.notices:
            say(notice)
    if valkey and redis_url:
        if not redis_url.exception():
            supervisor.keep(_Embedded("valkey", valkey))
        given["redis_url"] = redis_url.result()
    else:
        found = check_redis(os.environ["REDIS_URL"])
        if not found.fine:
            raise Mistake(found.found + ".", found.remedy)
    if database:
        database.result()
    return given


def _start_both(
    postgres: EmbeddedPostgres | None, valkey: EmbeddedValkey | None
) -> tuple["Future[PostgresAddresses] | None", "Future[str] | None"]:
    """Starts both at once and returns when both have started or failed. Ctrl-C stops them: nobody keeps them so far."""
    try:
        with ThreadPoolExecutor(2) as pool:
            return (
                pool.submit(postgres.start) if postgres else None,
                pool.submit(valkey.start) if valkey else None,
            )
    except KeyboardInterrupt:
        for server in (postgres, valkey):
            if server is not None:
                server.stop()
        raise


def _wait_until_ready(started: Installation) -> None:
    http = requests.Session()
    http.trust_env = False  # a proxy of the shell does not lead to this machine
    ends_at = time.monotonic() + READY_SECONDS
    waited_for = dict(zip(("api", "tracking"), started.operators_addresses, strict=True))
    while True:
        pids = started.supervisor.pids()
        waited_for = {
            name: address for name, address in waited_for.items() if not _is_ready(http, pids.get(name), address)
        }
        if not waited_for:
            return
        failing = next((name for name in ("api", "tracking") if started.supervisor.starts_of(name) > 3), None)
        if failing is not None or time.monotonic() > ends_at:
            log = started.home.log_of(failing or "api")
            raise Mistake(
                f"`devcenter {failing or 'api'}` does not come up. The end of its log:\n{_end_of(log)}",
                f"Mend what the log names ({log}), then start again. `devcenter doctor` checks the parts.",
            )
        time.sleep(LOOK_SECONDS)


def _is_ready(http: requests.Session, pid: int | None, address: str) -> bool:
    """Returns whether the process says that it is ready. Asks only if it listens itself.

    The port may have been taken by another `up`, which began at the same moment, and asking in vain costs as much as
    an answer.
    """
    try:
        held = psutil.Process(pid).net_connections(kind="tcp") if pid is not None else []
        ports = {one.laddr.port for one in held if one.status == psutil.CONN_LISTEN}
        return urlsplit(address).port in ports and http.get(f"{address}/readyz", timeout=2).ok
    except (OSError, psutil.Error):
        return False


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-12:])
