"""The processes of an installation that run elsewhere's code: a worker by Dramatiq's command, and a scheduler."""

import os
import sys

from cli.place import as_application
from runtime.settings import Settings, environment_of, load_settings


def become_worker(processes: int) -> None:
    """Replaces this process by Dramatiq's command with the worker's world; returns only by an error."""
    settings = _settings()
    command = [sys.executable, "-P", "-m", "dramatiq", "workers.main:setup_broker"]
    command += ["--processes", str(processes), "--threads", str(settings.worker_threads), "--skip-logging"]
    os.execve(sys.executable, command, environment_of(settings))  # noqa: S606 - a list, no shell


def run_scheduler_here() -> None:
    """Runs a scheduler until SIGTERM or SIGINT."""
    from workers.main import run_scheduler_process

    os.environ.update(environment_of(_settings()))
    run_scheduler_process()


def _settings() -> Settings:
    return as_application(load_settings())
