"""The API's composition root: builds the house from the settings and serves it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import redis.asyncio
import uvicorn
from cryptography.fernet import Fernet, MultiFernet
from fastapi import FastAPI
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from api import errors
from api.bounds import Bounds
from api.house import House
from api.measuring import Measuring
from api.routes import apps, catalog, checklist, components, dead, health, reviews, transitions, usage
from api.waiting import Waiter
from api.wire import BoundedHead
from migrations.run import head_revision
from runtime.broker import WakingRedisBroker
from runtime.database import make_async_engine
from runtime.doorbell import APPLY, JOBS, NOTIFICATIONS, STEPS, Doorbell
from runtime.garbage import collect_seldom
from runtime.settings import Settings
from runtime.telemetry import BELL_FAILURES, configure_logging
from workflow.machine import AppRulebook

CONNECTIONS = 512
ROUTERS = (apps, components, checklist, transitions, reviews, usage, catalog, dead, health)
_BELLS = {bell.name: bell for bell in (APPLY, STEPS, NOTIFICATIONS, JOBS)}


def create_api(settings: Settings) -> FastAPI:
    """Gives the application. Connects to nothing yet."""
    engine = make_async_engine(settings)
    broker = WakingRedisBroker(url=settings.redis_url, middleware=[])
    for name in _BELLS:
        BELL_FAILURES.labels(name)  # a series that is there from the start shows its first failure as a growth
    doorbell = Doorbell(broker, on_failure=lambda bell: BELL_FAILURES.labels(bell).inc())

    pinging = redis.asyncio.Redis.from_url(
        settings.redis_url, socket_connect_timeout=0.5, socket_timeout=0.5, retry=Retry(NoBackoff(), 0)
    )

    async def redis_answers() -> bool:
        try:
            return bool(await pinging.ping())
        except (RedisError, OSError):
            return False

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        doorbell.close()
        await pinging.aclose()
        await engine.dispose()

    app = FastAPI(title="devcenter", version="1", lifespan=lifespan, redoc_url=None)
    keys = MultiFernet([Fernet(key.get_secret_value()) for key in settings.secret_keys])
    app.state.house = House(
        engine=engine,
        history_key=settings.history_key.get_secret_value().encode(),
        rulebook=AppRulebook(),
        ring_apply=lambda: doorbell.ring(APPLY),
        ring=lambda name: doorbell.ring(_BELLS[name]),
        seal=lambda secret: keys.encrypt(secret.encode()).decode(),
        waiter=Waiter(transitions.finder(engine)),
        revision=head_revision(),
        redis_answers=redis_answers,
    )
    errors.install(app)
    for room in ROUTERS:
        app.include_router(room.router)
    app.add_middleware(Bounds)
    app.add_middleware(Measuring)
    return app


def serve(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT, then finishes what is under way. Raises OSError when the port is taken."""
    configure_logging(settings.log_level)
    api = create_api(settings)
    collect_seldom()
    uvicorn.run(
        api,
        host=settings.api_host,
        port=settings.api_port,
        loop="uvloop",
        http=BoundedHead,
        log_config=None,
        access_log=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=10,
        timeout_graceful_shutdown=15,
    )
