"""An HTTP door: what stands around every application that is served, and serving it."""

import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE

from web import problems
from web.answering import Answering
from web.bodies import Admit, BodyBudget, everybody
from web.bounds import Bounds, LargerBody
from web.calls import CallLog
from web.limits import Limits, Rates, RedisRateCounter
from web.measuring import Measuring
from web.stopping import TellingServer
from web.wire import BoundedHttpProtocol

SHUTDOWN_SECONDS = 15
"""How long requests under way may take once the process is told to stop."""
OPERATORS_SECONDS = 3
"""How long those of operators may."""


def guard(
    app: FastAPI,
    *,
    rates: Rates,
    counting: RedisRateCounter,
    larger_bodies: Sequence[LargerBody] = (),
    describe_mismatch: problems.DescribeMismatch = problems.no_mismatch,
    admit: Admit = everybody,
    budget: BodyBudget | None = None,
    open_reads: Sequence[re.Pattern[str]] = (),
) -> None:
    """Makes every error of `app` a problem, and bounds, limits, measures and logs every request to it.

    `admit` looks at the sender of a body before it is taken, and `budget` bounds all bodies together. `open_reads` are
    the paths that pages of every origin may read.
    """
    problems.install(app, describe_mismatch)
    app.add_middleware(Bounds, larger=larger_bodies, admit=admit, budget=budget)
    app.add_middleware(Limits, rates=rates, counting=counting)
    app.add_middleware(Answering, open_reads=open_reads)
    app.add_middleware(Measuring)
    app.add_middleware(CallLog)


@dataclass(frozen=True, slots=True)
class Beside:
    """An application that the same process serves beside the other, at an address of its own: for operators."""

    app: ASGIApp
    host: str
    port: int


def serve(
    app: ASGIApp,
    *,
    host: str,
    port: int,
    trusted_proxies: str,
    keep_alive_s: int,
    connections_of_address: int,
    beside: Beside,
) -> None:
    """Serves `app` until SIGTERM or SIGINT, then finishes requests under way. Raises OSError when the port is taken.

    `beside` is served too, for as long. `trusted_proxies` are addresses or networks, comma-separated, whose
    X-Forwarded-For counts; none when empty. They may have any number of connections, any other address
    `connections_of_address`. A connection without a request under way is kept for `keep_alive_s`.
    """
    proxies = [one for one in trusted_proxies.split(",") if one]
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        ws="none",
        http=BoundedHttpProtocol.limited(max_of_address=connections_of_address, exempt=proxies),
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=trusted_proxies,
        log_config=None,
        access_log=False,
        timeout_keep_alive=keep_alive_s,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    operators = uvicorn.Config(
        beside.app,
        host=beside.host,
        port=beside.port,
        ws="none",
        http=BoundedHttpProtocol.limited(max_of_address=connections_of_address, exempt=proxies),
        lifespan="off",
        proxy_headers=False,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=OPERATORS_SECONDS,
    )
    server = TellingServer(config, uvicorn.Server(operators))
    with suppress(KeyboardInterrupt):  # it has stopped in order, and raises the signal again
        server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)
