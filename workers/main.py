"""The composition root of workers and schedulers: builds a process's dependencies and declares the Dramatiq actors.

`devcenter worker` runs `dramatiq workers.main:setup_broker`.
"""

import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import holidays.countries  # noqa: F401 (hundreds of modules, which the first batch would otherwise import while Apps are locked)
from dramatiq import Middleware, set_broker
from dramatiq.middleware import CurrentMessage, MiddlewareError, Retries, ShutdownNotifications, TimeLimit

from migrations.run import known_revisions
from runtime.broker import WakingRedisBroker
from runtime.confined import ConfinedCalls, FailedError, Limits, TooCostlyError
from runtime.database import make_engine
from runtime.doorbell import Doorbell, counted_doorbell
from runtime.faults import fault_points
from runtime.garbage import exempt_what_exists
from runtime.guarded_http import FetchLimits, GuardedHttp
from runtime.logs import configure_logging
from runtime.name_texts import NameTexts
from runtime.private_files import open_private
from runtime.secrets import KeyRing
from runtime.settings import Settings, load_settings
from runtime.smtp import SmtpServer
from runtime.telemetry import (
    BATCH_SECONDS,
    DROPPED,
    IN_HAND,
    JUDGED,
    REJECTED,
    WORKED,
    show_metrics,
    show_shared_metrics,
)
from workers.actors import LEASED_WORK
from workers.actors.transition_messages import declare_actor
from workers.context import WorkerContext
from workers.intake import record_rejected
from workers.judging.in_flight import InFlightBatches
from workers.leasing.consumer import LeasedConsumer
from workers.leasing.work import declare_leased_actor
from workers.processes import ProcessWork
from workers.scheduler import run_scheduler
from workflow.component_tests.bundles.reading import TARGET as BUNDLE_TARGET
from workflow.component_tests.bundles.reading import Confined, UncheckedError
from workflow.lifecycle.rulebook import AppRulebook
from workflow.notifications.letterhead import Letterhead
from workflow.profile.loading import load_profile
from workflow.work.bells import Bell

CONNECTIONS = 14
"""The number of connections to Postgres of one process: two for judging, two for a job in steps, and the rest for
threads, which hold one for milliseconds only and none while they fetch pages or send mail."""
BUNDLES_AT_ONCE = 2
BUNDLE_LIMITS = Limits(memory_bytes=1 << 30, cpu_s=20, wait_s=10, wall_s=25)
"""The bounds of the process that reads a bundle. The largest one in use needs a quarter of them."""
SAME_SIGNAL_SECONDS = 0.5
"""A further SIGTERM within this time is the same one."""

log = logging.getLogger(__name__)
heads_log = logging.getLogger("devcenter.history_heads")


def setup_broker() -> None:
    """Builds this worker process from the environment's settings and sets Dramatiq's broker.

    Raises SettingsInvalid and ProfileInvalid.
    """
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    broker = make_broker(settings)
    set_broker(broker)
    doorbell = counted_doorbell(settings.redis_url, Bell)
    context = make_context(settings, doorbell)
    broker.on_undecodable = lambda queue, raw, error: record_rejected(context, queue, raw, repr(error))
    work = ProcessWork(context, doorbell, settings.sweep_seconds, lambda kind, many: IN_HAND.labels(kind).set(many))
    broker.add_middleware(_WorkWhileRunning(work))
    if settings.metrics_port:
        broker.add_middleware(_ShowMetrics())
    declare_actor(broker, context)
    for queue in work.queues:
        broker.declare_source(queue.kind.bell.value, partial(LeasedConsumer, queue))
    for leased in LEASED_WORK:
        declare_leased_actor(broker, context, leased)
    exempt_what_exists()
    _debounce_sigterm(work)


def _debounce_sigterm(work: ProcessWork) -> None:
    """Ignores a further SIGTERM within SAME_SIGNAL_SECONDS, because a second one ends a Dramatiq worker at once.

    Says what a second one leaves. A supervisor may signal the whole process group, and Dramatiq's parent then forwards
    the same signal.
    """
    before = signal.getsignal(signal.SIGTERM)
    if not callable(before) or threading.current_thread() is not threading.main_thread():
        return
    heard_at = -SAME_SIGNAL_SECONDS  # not heard yet

    def once(number: int, frame: Any) -> None:
        nonlocal heard_at
        now = time.monotonic()
        if now - heard_at >= SAME_SIGNAL_SECONDS:
            if heard_at >= 0:
                _say_leftovers(work)
            heard_at = now
            before(number, frame)

    signal.signal(signal.SIGTERM, once)


def _say_leftovers(work: ProcessWork) -> None:
    """Logs what is left, in a thread: the main one may hold the locks that this needs."""
    saying = threading.Thread(
        target=lambda: log.warning("stopped at once: %s", work.leftovers()), name="leftovers", daemon=True
    )
    saying.start()
    saying.join(SAME_SIGNAL_SECONDS)


def run_scheduler_process() -> None:
    """Runs a scheduler until SIGTERM or SIGINT. A second signal ends it at once."""
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    if settings.metrics_port:
        show_metrics(settings.metrics_host, settings.metrics_port)
    stop = threading.Event()
    heard_at = 0.0

    def heard(number: int, _frame: Any) -> None:
        nonlocal heard_at
        if stop.is_set():
            if number == signal.SIGTERM and time.monotonic() - heard_at < SAME_SIGNAL_SECONDS:
                return  # the same one: a supervisor may signal both a group and its processes
            sys.exit(128 + number)  # ticks that were not committed fire when a scheduler is back
        heard_at = time.monotonic()
        stop.set()
        log.info(
            "stopping: waiting for the ticks that are being written, at most %s s; press Ctrl-C again to stop now",
            settings.statement_timeout_s,
        )

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, heard)
    doorbell = counted_doorbell(settings.redis_url, Bell)
    run_scheduler(make_context(settings, doorbell), stop)
    doorbell.close()


def show_worker_metrics() -> int:
    """Serves the metrics of all processes of this worker, in a separate process, until SIGTERM. Returns 0."""
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    if settings.metrics_port:
        show_shared_metrics(settings.metrics_host, settings.metrics_port)
    return 0


def make_broker(settings: Settings) -> WakingRedisBroker:
    """Returns the broker. Its Retries applies only to messages without a row; Postgres schedules all other retries."""
    middleware = [TimeLimit(time_limit=600_000), ShutdownNotifications(), CurrentMessage(), Retries()]
    return WakingRedisBroker(url=settings.redis_url, middleware=middleware)


def make_context(settings: Settings, doorbell: Doorbell) -> WorkerContext:
    """Returns the dependencies of a worker or scheduler process. Raises ProfileInvalid."""
    profile = load_profile(settings.profile)
    engine = make_engine(settings, pool_size=CONNECTIONS)
    guarded = GuardedHttp(
        FetchLimits(total=timedelta(seconds=20)),
        user_agent=profile.protocol.user_agent,
        allow_loopback=settings.allow_loopback_urls,
    )
    return WorkerContext(
        engine=engine,
        in_flight=InFlightBatches(engine),
        history_key=settings.history_key.get_secret_value().encode(),
        rulebook=AppRulebook(),
        ring=doorbell.ring,
        reached=fault_points(settings.fault_point),
        seal=KeyRing(settings.secret_keys).seal,
        unseal=KeyRing(settings.secret_keys).unseal,
        http=guarded,
        endpoints=guarded,
        names=NameTexts(),
        read_bundle=confined_bundles(),
        mail=SmtpServer(settings),
        profile=profile,
        letterhead=Letterhead(
            sender=settings.mail_from,
            reply_to=settings.mail_reply_to or profile.contact.support_email,
            public_url=settings.public_url,
            profile=profile,
            pages=settings.pages,
        ),
        batch_size=settings.batch_size,
        export_head=_head_exporter(settings.heads_file),
        count_outcomes=lambda status, count: JUDGED.labels(status).inc(count),
        count_worked=lambda kind, outcome: WORKED.labels(kind, outcome).inc(),
        observe_batch=BATCH_SECONDS.observe,
        count_rejected=_count_rejected,
        revisions=known_revisions(),
        allow_loopback=settings.allow_loopback_urls,
    )


def confined_bundles() -> Confined:
    """Returns what reads a web plugin's bundle in a process of its own, of which a few run at a time."""
    calls = ConfinedCalls(BUNDLE_TARGET, BUNDLE_LIMITS, at_once=BUNDLES_AT_ONCE)

    def confined(content: bytes) -> bytes:
        try:
            return calls.run(content)
        except TooCostlyError:
            raise UncheckedError("reading it took more memory or time than a bundle may need") from None
        except FailedError:
            raise UncheckedError("its reader failed") from None

    return confined


def _count_rejected(dropped: int) -> None:
    REJECTED.inc()
    DROPPED.inc(dropped)


class _WorkWhileRunning(Middleware):
    """Starts and stops the process's own threads with Dramatiq's. `--queues` limits the queues that a worker serves."""

    def __init__(self, work: "ProcessWork") -> None:
        self._work = work

    def before_worker_boot(self, broker: Any, worker: Any) -> None:  # noqa: ARG002
        try:
            self._work.check(worker.consumer_whitelist)
        except ValueError as error:
            raise MiddlewareError(str(error)) from None  # Dramatiq logs and ignores any other exception

    def after_worker_boot(self, broker: Any, worker: Any) -> None:  # noqa: ARG002
        self._work.start(worker.worker_threads, worker.consumer_whitelist)

    def before_worker_shutdown(self, broker: Any, worker: Any) -> None:  # noqa: ARG002
        self._work.stop()

    def after_worker_shutdown(self, broker: Any, worker: Any) -> None:  # noqa: ARG002
        self._work.close()


class _ShowMetrics(Middleware):
    @property
    def forks(self) -> list[Callable[[], int]]:
        return [show_worker_metrics]


def _head_exporter(file: Path | None) -> Callable[[dict[str, object]], None]:
    def to_file(head: dict[str, object]) -> None:
        with open(open_private(Path(str(file)), os.O_WRONLY | os.O_APPEND), "a", encoding="utf-8") as heads:
            heads.write(json.dumps(head) + "\n")

    def to_log(head: dict[str, object]) -> None:
        heads_log.info(json.dumps(head))

    return to_file if file else to_log
