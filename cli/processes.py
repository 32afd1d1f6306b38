"""The processes of an installation: the API, the sandbox of streams, a worker (Dramatiq's command), a scheduler."""

import multiprocessing
import os
import socket
import sys
from collections.abc import Sequence
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING

from cli.history_key import check_key_beside, wait_for_key
from cli.mistakes import USAGE, Mistake
from cli.place import as_application, tracking_url
from runtime.garbage import exempt_what_exists
from runtime.logs import configure_logging
from runtime.settings import Settings, environment_name, environment_of, load_settings, load_tracking_settings
from runtime.shared_metrics import shared_metrics_folder
from workflow.profile.loading import load_profile
from workflow.work.bells import QUEUES
from workflow.work.kinds import LEASED_KINDS

if TYPE_CHECKING:
    from console.rendering import Words

LONGEST_ATTEMPT = max(kind.longest_attempt for kind in LEASED_KINDS.values())
"""How long a worker that stops waits for what it has begun: as long as attempts may take."""
SWITCH_SECONDS = 0.0003
"""How long the event loop may hold the interpreter while the ringing thread waits: a tenth of a request's time."""


def serve_here() -> None:
    """Serves HTTP until SIGTERM or SIGINT. Raises Mistake if the port is in use or the history key is wrong."""
    from api.main import create_api
    from api.operators import create_operators
    from console.main import with_pages
    from web.door import Beside, serve

    settings = _settings()
    if settings.api_port:
        _check_port(settings.api_host, settings.api_port, "Choose another with DEVCENTER_API_PORT; 0 takes a free one.")
    _check_operators_port(settings, "api_operators_port")
    check_key_beside(settings)
    configure_logging(settings.log_level, settings.log_format)
    api = create_api(settings)
    app = with_pages(api, words=_words(settings), public_url=settings.public_url) if settings.pages else api
    exempt_what_exists()
    sys.setswitchinterval(SWITCH_SECONDS)
    serve(
        app,
        host=settings.api_host,
        port=settings.api_port,
        trusted_proxies=settings.trusted_proxies,
        keep_alive_s=settings.keep_alive_s,
        connections_of_address=settings.connections_of_address,
        beside=Beside(create_operators(api.state.context), settings.operators_host, settings.api_operators_port),
    )


def serve_tracking_here() -> None:
    """Serves the sandbox of streams until SIGTERM or SIGINT. Raises Mistake if the port is in use."""
    from tracking.main import create_tracking
    from web.door import Beside, serve

    settings = load_tracking_settings()
    settings = settings.model_copy(update={"database_url": tracking_url(settings.database_url)})
    if settings.tracking_port:
        remedy = "Choose another with DEVCENTER_TRACKING_PORT; 0 takes a free one."
        _check_port(settings.tracking_host, settings.tracking_port, remedy)
    _check_operators_port(settings, "tracking_operators_port")
    configure_logging(settings.log_level, settings.log_format)
    app, operators = create_tracking(settings)
    exempt_what_exists()
    serve(
        app,
        host=settings.tracking_host,
        port=settings.tracking_port,
        trusted_proxies=settings.trusted_proxies,
        keep_alive_s=settings.keep_alive_s,
        connections_of_address=settings.connections_of_address,
        beside=Beside(operators, settings.operators_host, settings.tracking_operators_port),
    )


def run_worker_here(processes: int, queues: Sequence[str]) -> None:
    """Runs Dramatiq's command with the worker's context, and exits with its exit code.

    Without `queues` the worker serves all queues. Raises ProfileInvalid, and Mistake for a wrong history key or the
    name of an unknown queue.
    """
    from dramatiq.cli import main, make_argument_parser

    unknown = sorted(set(queues) - set(QUEUES))
    if unknown:
        raise Mistake(f"No queue is named {', '.join(unknown)}.", f"Those are: {', '.join(QUEUES)}.", USAGE)
    settings = _settings()
    load_profile(settings.profile)  # fails here with an explanation, rather than in each of Dramatiq's processes
    _check_metrics_port(settings)
    wait_for_key(settings)
    os.environ.update(environment_of(settings))
    if settings.metrics_port:
        os.environ.update(shared_metrics_folder())
    arguments = ["workers.main:setup_broker", "--skip-logging"]
    arguments += ["--processes", str(processes), "--threads", str(settings.worker_threads)]
    arguments += ["--worker-shutdown-timeout", str(LONGEST_ATTEMPT // timedelta(milliseconds=1))]
    if queues:
        arguments += ["--queues", *queues]
    _import_once_for_forks()
    sys.exit(main(make_argument_parser().parse_args(arguments)))


def _import_once_for_forks() -> None:
    """Imports what Dramatiq's processes run, which have it too if they are forks, as they are on Linux."""
    if sys.platform == "linux":
        multiprocessing.set_start_method("fork", force=True)  # no thread runs yet
        import_module("workers.main")


def run_scheduler_here() -> None:
    """Runs a scheduler until SIGTERM or SIGINT. Raises ProfileInvalid, and Mistake for a wrong history key."""
    from workers.main import run_scheduler_process

    settings = _settings()
    load_profile(settings.profile)  # fails here, rather than after a wait for the database
    _check_metrics_port(settings)
    wait_for_key(settings)
    os.environ.update(environment_of(settings))
    run_scheduler_process()


def _words(settings: Settings) -> "Words":
    from console.rendering import Words

    profile = load_profile(settings.profile)
    return Words(
        developer_center=profile.platform.developer_center,
        support_email=profile.contact.support_email,
        platform=profile.platform.name,
        partner_program=profile.platform.partner_program,
        enable_flow=profile.brand.enable_flow,
        documentation_url=profile.contact.documentation_url,
    )


def _check_port(host: str, port: int, remedy: str) -> None:
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        raise Mistake(f"{host}:{port} cannot be listened on: {error.strerror}.", remedy, USAGE) from None


def _check_operators_port(settings: Settings, name: str) -> None:
    port = getattr(settings, name)
    if port:
        remedy = f"Choose another with {environment_name(name)}; 0 takes a free one."
        _check_port(settings.operators_host, port, remedy)


def _check_metrics_port(settings: Settings) -> None:
    if settings.metrics_port:
        remedy = "Give each worker and scheduler of this machine a DEVCENTER_METRICS_PORT of its own."
        _check_port(settings.metrics_host, settings.metrics_port, remedy)


def _settings() -> Settings:
    return as_application(load_settings())
