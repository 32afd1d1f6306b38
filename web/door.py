"""An HTTP door: what stands around every application that is served, and serving it."""

from collections.abc import Sequence

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from web import problems
from web.bounds import Bounds, LargerBody
from web.limits import Limits, Rates, RedisRateCounter
from web.measuring import Measuring
from web.wire import BoundedHttpProtocol

KEEP_ALIVE_SECONDS = 10
SHUTDOWN_SECONDS = 15
"""How long requests under way may take once the process is told to stop."""


def guard(
    app: FastAPI,
    *,
    rates: Rates,
    counting: RedisRateCounter,
    larger_bodies: Sequence[LargerBody] = (),
    describe_mismatch: problems.DescribeMismatch = problems.no_mismatch,
) -> None:
    """Makes every error of `app` a problem, and bounds, limits and measures every request to it."""
    problems.install(app, describe_mismatch)
    app.add_middleware(Bounds, larger=larger_bodies)
    app.add_middleware(Limits, rates=rates, counting=counting)
    app.add_middleware(Measuring)


def serve(app: ASGIApp, *, host: str, port: int, trusted_proxies: str) -> None:
    """Serves `app` until SIGTERM or SIGINT, then finishes requests under way. Raises OSError when the port is taken.

    `trusted_proxies` are addresses or networks, comma-separated, whose X-Forwarded-For counts; none when empty.
    """
    uvicorn.run(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http=BoundedHttpProtocol,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=trusted_proxies,
        log_config=None,
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
