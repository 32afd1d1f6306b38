"""The composition root of `devcenter tracking`: builds the application from the settings."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from runtime.database import make_async_engine
from runtime.settings import TrackingSettings
from runtime.telemetry import UNCOUNTED
from tracking.answers import Refusal, refused
from tracking.database import SandboxDatabase
from tracking.door import Door, unknown_call
from tracking.limits import SenderLimits
from tracking.receiving import Receiver
from web.bodies import MIB, BodyBudget
from web.calls import CallLog
from web.gathering import Gatherer
from web.limits import Rate, RedisRateCounter
from web.measuring import Measuring

DELIVERIES_AT_ONCE: Final = 20
"""How many calls are stored in one transaction."""
OPEN_SHARE: Final = 4
"""Bodies whose sender is not known by the header may take this part of the memory, a quarter."""


def create_tracking(settings: TrackingSettings) -> tuple[ASGIApp, ASGIApp]:
    """Returns the application, and that of its operators' listener, without connecting to anything yet."""
    database = SandboxDatabase(make_async_engine(settings, hides_values=True))
    counting = RedisRateCounter(settings.redis_url, UNCOUNTED.inc)
    open_bytes = settings.body_budget_mib * MIB // OPEN_SHARE
    door = Door(
        receiver=Receiver(Gatherer(database.find), Gatherer(database.store, max_batch=DELIVERIES_AT_ONCE)),
        limits=SenderLimits(
            counting,
            by_key=Rate("write-key", settings.rate_write_key, burst=settings.rate_write_key),
            by_address=Rate("sender", settings.rate_sender, burst=2 * settings.rate_sender),
        ),
        known=BodyBudget(settings.body_budget_mib * MIB - open_bytes),
        open_bodies=BodyBudget(open_bytes),
        public_url=settings.tracking_url,
    )

    async def ready(_request: Request) -> Response:
        is_ready = await database.is_ready()
        return JSONResponse({"ready": is_ready}, 200 if is_ready else 503)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await counting.close()
        await database.engine.dispose()

    app = Starlette(
        routes=_routes(door),
        lifespan=lifespan,
        exception_handlers={HTTPException: _unknown, Exception: _broken},
        middleware=[Middleware(CallLog), Middleware(Measuring)],
    )
    app.router.redirect_slashes = False
    operators = Starlette(
        routes=[Route("/healthz", _healthy), Route("/readyz", ready), Route("/metrics", _metrics)],
        exception_handlers={HTTPException: _unknown, Exception: _broken},
    )
    return app, operators


Endpoint = Callable[[Request], Awaitable[Response]]


def _routes(door: Door) -> list[BaseRoute]:
    return [
        _route("/v1/{call}", door),
        _route("/v1/{call}/", door),
        _route("/v1/projects/{key}/settings", door.settings),
        _route("/v1/pixel/{kind}", door.pixel),
        _route("/healthz", _healthy),
    ]


def _route(path: str, endpoint: Endpoint | Door) -> Route:
    """Returns the route. One with a function answers GET and HEAD; the door answers every method itself."""
    route = Route(path, endpoint)
    route.app = _Labelled(path, route.app)
    return route


class _Labelled:
    """An endpoint that tells measurements and the log which route it is."""

    def __init__(self, path: str, app: ASGIApp) -> None:
        self.path = path
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = self
        await self._app(scope, receive, send)


async def _healthy(_request: Request) -> Response:
    return JSONResponse({"alive": True})


async def _metrics(_request: Request) -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _unknown(_request: Request, _error: Exception) -> Response:
    return unknown_call()


async def _broken(_request: Request, _error: Exception) -> Response:
    return refused(Refusal(500, "internal.error", "The service failed; its log says why.", "Send it again.", 2))
