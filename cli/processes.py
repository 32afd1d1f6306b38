"""The processes of an installation that run elsewhere's code: a worker by Dramatiq's command, and a scheduler."""

import os
import socket
import sys

from cli.mistakes import USAGE, Mistake
from cli.place import as_application
from runtime.settings import Settings, environment_of, load_settings
from runtime.telemetry import shared_metrics_folder


def become_worker(processes: int) -> None:
    """Replaces this process by Dramatiq's command with the worker's world; returns only by an error."""
    settings = _settings()
    environment = environment_of(settings)
    if settings.metrics_port:
        _check_metrics_port(settings.metrics_host, settings.metrics_port)
        environment |= shared_metrics_folder()
    command = [sys.executable, "-P", "-m", "dramatiq", "workers.main:setup_broker"]
    command += ["--processes", str(processes), "--threads", str(settings.worker_threads), "--skip-logging"]
    os.execve(sys.executable, command, environment)  # noqa: S606 - a list, no shell


def run_scheduler_here() -> None:
    """Runs a scheduler until SIGTERM or SIGINT."""
    from workers.main import run_scheduler_process

    settings = _settings()
    if settings.metrics_port:
        _check_metrics_port(settings.metrics_host, settings.metrics_port)
    os.environ.update(environment_of(settings))
    run_scheduler_process()


def _check_metrics_port(host: str, port: int) -> None:
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        raise Mistake(
            f"Metrics cannot be shown at {host}:{port}: {error.strerror}.",
            "Give each worker and scheduler of this machine a DEVCENTER_METRICS_PORT of its own.",
            USAGE,
        ) from None


def _settings() -> Settings:
    return as_application(load_settings())
