"""The worker's composition root: builds the world of a process and hands it to the watch and to Dramatiq's actor.

Dramatiq's command starts it: `dramatiq workers.main:setup_broker`; `devcenter worker` does that for you.
"""

import json
import logging
import signal
import smtplib
import ssl
import threading
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import holidays.countries  # noqa: F401 (some hundred modules, which the first batch would import with Apps locked)
from dramatiq import Middleware, set_broker
from dramatiq.middleware import CurrentMessage, Retries, ShutdownNotifications, TimeLimit

from runtime.broker import WakingRedisBroker
from runtime.database import make_engine
from runtime.doorbell import Doorbell, counted_doorbell
from runtime.faults import fault_points
from runtime.garbage import collect_seldom
from runtime.guarded_http import FetchLimits, GuardedHttp
from runtime.secrets import KeyRing
from runtime.settings import Settings, load_settings
from runtime.telemetry import (
    BATCH_SECONDS,
    JUDGED,
    WORKED,
    configure_logging,
    show_metrics,
    show_shared_metrics,
)
from workers.actors.transition_messages import declare_actor
from workers.context import WorkerContext
from workers.intake import record_rejected
from workers.judging.in_flight import Announcements
from workers.judging.watch import CONNECTIONS, Watch
from workers.scheduler import run_scheduler
from workflow.lifecycle.rulebook import AppRulebook
from workflow.work.bells import Bell

SMTP_SECONDS = 20
USER_AGENT = "devcenter (+https://segment.com/docs/partners/)"

heads_log = logging.getLogger("devcenter.history_heads")


def setup_broker() -> None:
    """Builds this worker process from the environment and sets Dramatiq's broker. Raises SettingsInvalid."""
    settings = load_settings()
    configure_logging(settings.log_level)
    broker = make_broker(settings)
    set_broker(broker)
    doorbell = counted_doorbell(settings.redis_url, Bell)
    context = make_context(settings, doorbell)
    broker.on_undecodable = lambda queue, raw, error: record_rejected(context, queue, raw, repr(error))
    broker.add_middleware(_WatchWhileRunning(Watch(context, doorbell.wait, settings.sweep_seconds), doorbell))
    if settings.metrics_port:
        broker.add_middleware(_ShowMetrics())
    declare_actor(broker, context)
    collect_seldom()


def run_scheduler_process() -> None:
    """Runs a scheduler until SIGTERM or SIGINT."""
    settings = load_settings()
    configure_logging(settings.log_level)
    if settings.metrics_port:
        show_metrics(settings.metrics_host, settings.metrics_port)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    doorbell = counted_doorbell(settings.redis_url, Bell)
    run_scheduler(make_context(settings, doorbell), stop)
    doorbell.close()


def show_worker_metrics() -> int:
    """Shows the metrics of all processes of this worker, as a process of its own, until SIGTERM."""
    settings = load_settings()
    configure_logging(settings.log_level)
    if settings.metrics_port:
        show_shared_metrics(settings.metrics_host, settings.metrics_port)
    return 0


def make_broker(settings: Settings) -> WakingRedisBroker:
    """Returns the broker. Retry times of work live in Postgres; Retries serves only messages that await their row."""
    middleware = [TimeLimit(time_limit=600_000), ShutdownNotifications(), CurrentMessage(), Retries()]
    return WakingRedisBroker(url=settings.redis_url, middleware=middleware)


def make_context(settings: Settings, doorbell: Doorbell) -> WorkerContext:
    """Returns the world of a worker or scheduler process."""
    # One connection for each thread that takes messages in, one to record a message that cannot be read.
    engine = make_engine(settings, pool_size=settings.worker_threads + 1 + CONNECTIONS)
    return WorkerContext(
        engine=engine,
        announcements=Announcements(engine),
        history_key=settings.history_key.get_secret_value().encode(),
        rulebook=AppRulebook(),
        ring=doorbell.ring,
        reached=fault_points(settings.fault_point),
        unseal=KeyRing(settings.secret_keys).unseal,
        http=GuardedHttp(
            FetchLimits(total=timedelta(seconds=20)),
            user_agent=USER_AGENT,
            allow_loopback=settings.allow_loopback_urls,
        ),
        mail=SmtpServer(settings),
        mail_from=settings.mail_from,
        public_url=settings.public_url,
        batch_size=settings.batch_size,
        export_head=_head_exporter(settings.heads_file),
        count_outcomes=lambda status, count: JUDGED.labels(status).inc(count),
        count_worked=lambda kind, outcome: WORKED.labels(kind, outcome).inc(),
        took_batch=BATCH_SECONDS.observe,
    )


class SmtpServer:
    """The mail server of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def send(self, message: EmailMessage) -> None:
        """Returns when the server took the message; raises OSError or smtplib.SMTPException."""
        settings = self._settings
        with smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=SMTP_SECONDS) as smtp:
            if settings.smtp_starttls:
                smtp.starttls(context=ssl.create_default_context())
            if settings.smtp_user and settings.smtp_password:
                smtp.login(settings.smtp_user, settings.smtp_password.get_secret_value())
            smtp.send_message(message)


class _WatchWhileRunning(Middleware):
    """The watch answers the bells that Dramatiq's option `--queues` names; without it, all."""

    def __init__(self, watch: Watch, doorbell: Doorbell) -> None:
        self._watch = watch
        self._doorbell = doorbell

    def after_worker_boot(self, broker: Any, worker: Any) -> None:  # noqa: ARG002
        served = worker.consumer_whitelist or set(Bell)
        self._watch.start([bell for bell in Bell if bell in served])

    def before_worker_shutdown(self, broker: Any, worker: Any) -> None:  # noqa: ARG002
        self._watch.stop()
        self._doorbell.close()


class _ShowMetrics(Middleware):
    @property
    def forks(self) -> list[Callable[[], int]]:
        return [show_worker_metrics]


def _head_exporter(file: Path | None) -> Callable[[dict[str, object]], None]:
    def to_file(head: dict[str, object]) -> None:
        with Path(str(file)).open("a", encoding="utf-8") as heads:
            heads.write(json.dumps(head) + "\n")

    def to_log(head: dict[str, object]) -> None:
        heads_log.info(json.dumps(head))

    return to_file if file else to_log
