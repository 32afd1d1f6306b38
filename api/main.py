"""The API's composition root: builds the context from the settings and serves it."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from uuid import UUID

import redis.asyncio
from fastapi import Depends, FastAPI
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from api import docs_page
from api.accepting import Accepting
from api.admission import Admission
from api.auth import find_callers
from api.context import ApiContext, now_of, transact
from api.openapi import TAGS, VERSION, DescribedAPI, about, operation_name
from api.openid import OpenIdProvider
from api.routes import (
    access_requests,
    app_changes,
    apps,
    assets,
    audit,
    catalog,
    checklist,
    component_states,
    component_test_runs,
    component_test_scopes,
    component_test_settings,
    component_tests,
    components,
    conversation,
    dead,
    draft_checks,
    erasures,
    grace_periods,
    guides,
    health,
    host_proofs,
    invitations,
    mapping_tries,
    me,
    memberships,
    messages,
    people,
    planned_publications,
    policies,
    previews,
    proofs,
    request_tries,
    review_drafts,
    reviews,
    sandbox,
    saved_reasons,
    sessions,
    sign_ins,
    slugs,
    spec,
    staff,
    staff_sign_ins,
    statistics,
    status,
    suspensions,
    test_account,
    tokens,
    transitions,
    turns,
    unread_messages,
    unsubscribe,
    usage,
)
from api.senders import KnownSenders
from api.signed_in import Browsers
from api.token_use import TokenUse
from api.waiting import Waiter
from migrations.run import head_revision
from models.lifecycle import Role
from models.token import TokenKind
from runtime.confined import BusyError, ConfinedPool, FailedError, Limits, TooCostlyError
from runtime.database import make_async_engine
from runtime.doorbell import counted_doorbell
from runtime.secrets import KeyRing
from runtime.settings import Settings
from runtime.telemetry import UNCOUNTED
from web.bodies import MIB, BodyBudget
from web.door import guard
from web.gathering import Gatherer
from web.limits import Rate, Rates, RedisRateCounter
from web.parameters import refuse_unknown_parameters
from workflow.assets.reading import TARGET as PICTURE_TARGET
from workflow.assets.reading import Confined, busy, read_picture, too_costly, unreadable
from workflow.component_tests.starting import ended_runs
from workflow.identity.secrets import Envelope
from workflow.identity.tokens import record_token_use
from workflow.lifecycle.reading import finished_requests
from workflow.lifecycle.rulebook import AppRulebook
from workflow.notifications.letterhead import Letterhead
from workflow.profile.loading import load_profile
from workflow.sandbox.reading import streams_with_news
from workflow.work.bells import Bell

NEWS_LOOK_SECONDS = 0.25
"""How often it is looked for news of the streams whose debuggers wait."""
PICTURES_AT_ONCE = 2
PICTURES_WAITING = 16
PICTURE_LIMITS = Limits(memory_bytes=1 << 30, cpu_s=10, wait_s=10, wall_s=40)
"""The bounds of the process that reads a picture. The largest one allowed needs a tenth of them."""
ROUTERS = (
    transitions,
    usage,
    access_requests,
    invitations,
    proofs,
    sign_ins,
    staff_sign_ins,
    sessions,
    me,
    turns,
    unread_messages,
    unsubscribe,
    people,
    host_proofs,
    apps,
    components,
    sandbox,
    component_states,
    component_tests,
    component_test_runs,
    component_test_scopes,
    component_test_settings,
    mapping_tries,
    request_tries,
    checklist,
    draft_checks,
    assets,
    test_account,
    status,
    app_changes,
    planned_publications,
    previews,
    guides,
    spec,
    messages,
    review_drafts,
    reviews,
    suspensions,
    grace_periods,
    conversation,
    saved_reasons,
    slugs,
    staff,
    statistics,
    memberships,
    catalog,
    tokens,
    policies,
    audit,
    dead,
    erasures,
    health,
)
"""Routes are matched in this order, so the ones that services call most come first."""
OPEN_READS = (
    re.compile(r"/v1/(catalog|guides|spec)(/[^/]+)?"),
    re.compile(r"/v1/categories"),
    re.compile(r"/v1/assets/[^/]+"),
    re.compile(r"/openapi\.json"),
)
"""The paths that anybody may read, pages of other origins included. A preview is for those who have its link."""


def create_api(settings: Settings) -> FastAPI:
    """Returns the application, without connecting to anything yet. Raises ProfileInvalid."""
    profile = load_profile(settings.profile)
    engine = make_async_engine(settings)
    by_statement = engine.execution_options(isolation_level="AUTOCOMMIT")
    doorbell = counted_doorbell(settings.redis_url, Bell)

    pinging = redis.asyncio.Redis.from_url(
        settings.redis_url, socket_connect_timeout=0.5, socket_timeout=0.5, retry=Retry(NoBackoff(), 0)
    )

    async def write_uses(ids: Sequence[UUID]) -> None:
        await transact(engine, lambda session: record_token_use(session, ids, now_of(session)))

    async def find_finished(ids: list[UUID]) -> set[UUID]:
        return await transact(by_statement, lambda session: finished_requests(session, ids))

    async def find_news(waiting: list[tuple[UUID, int]]) -> set[tuple[UUID, int]]:
        return await transact(by_statement, lambda session: streams_with_news(session, waiting), only_reads=True)

    async def find_ended(ids: list[UUID]) -> set[UUID]:
        return await transact(by_statement, lambda session: ended_runs(session, ids))

    token_use = TokenUse(write_uses)

    async def redis_answers() -> bool:
        try:
            async with asyncio.timeout(1.0):
                return bool(await pinging.ping())
        except Exception:  # noqa: BLE001 (whatever Redis does, from hanging to nonsense, it does not answer)
            return False

    counting = RedisRateCounter(settings.redis_url, UNCOUNTED.inc)
    admission = Admission(settings.database_pool)
    accepting = Accepting(engine, by_statement, admission, doorbell.ring)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await token_use.flush()
        doorbell.close()
        with suppress(Exception):
            await pinging.aclose()
        await counting.close()
        await engine.dispose()

    app = DescribedAPI(
        **about(profile),
        version=VERSION,
        openapi_tags=[{"name": name, "description": words} for name, words in TAGS],
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operation_name,
        servers=[{"url": settings.public_url, "description": "This installation."}],
        dependencies=[Depends(refuse_unknown_parameters)],
    )
    keys = KeyRing(settings.secret_keys)
    app.state.context = ApiContext(
        engine=engine,
        by_statement=by_statement,
        admission=admission,
        history_key=settings.history_key.get_secret_value().encode(),
        rulebook=AppRulebook(),
        find_caller=Gatherer(partial(find_callers, by_statement)),
        accept_one=accepting.one,
        accept_many=accepting.many,
        ring=doorbell.ring,
        envelope=Envelope(keys.seal, keys.unseal),
        allow_loopback_urls=settings.allow_loopback_urls,
        tracking_url=settings.tracking_url,
        profile=profile,
        letterhead=Letterhead(
            sender=settings.mail_from,
            reply_to=settings.mail_reply_to or profile.contact.support_email,
            public_url=settings.public_url,
            profile=profile,
            pages=settings.pages,
        ),
        read_picture=partial(read_picture, confined_pictures()),
        waiter=Waiter(find_finished),
        news=Waiter(find_news, look_seconds=NEWS_LOOK_SECONDS),
        run_waiter=Waiter(find_ended),
        token_use=token_use,
        revision=head_revision(),
        redis_answers=redis_answers,
        staff_provider=_staff_provider(settings),
    )
    app.state.browsers = Browsers(
        find_session=Gatherer(partial(find_callers, by_statement, kind=TokenKind.SESSION)),
        note_use=token_use.note,
        rates=_rates(settings),
        counting=counting,
        has_staff_provider=settings.oidc_issuer is not None,
    )
    app.include_router(docs_page.router)
    for room in ROUTERS:
        app.include_router(room.router)
    guard(
        app,
        rates=_rates(settings),
        counting=counting,
        larger_bodies=assets.LARGER_BODIES,
        admit=KnownSenders(app, app.state.context.find_caller),
        budget=BodyBudget(settings.body_budget_mib * MIB),
        open_reads=OPEN_READS,
        describe_mismatch=app.state.context.describe_mismatch,
    )
    return app


def confined_pictures() -> Confined:
    """Returns what examines a picture in a process of its own, of which a few run at a time."""
    pool = ConfinedPool(PICTURE_TARGET, PICTURE_LIMITS, at_once=PICTURES_AT_ONCE, waiting=PICTURES_WAITING)

    async def confined(asked: bytes) -> bytes:
        try:
            return await pool.run(asked)
        except BusyError:
            raise busy() from None
        except TooCostlyError:
            raise too_costly() from None
        except FailedError:
            raise unreadable() from None

    return confined


def _staff_provider(settings: Settings) -> OpenIdProvider | None:
    if settings.oidc_issuer is None or settings.oidc_client_id is None or settings.oidc_client_secret is None:
        return None
    return OpenIdProvider(
        settings.oidc_issuer,
        settings.oidc_client_id,
        settings.oidc_client_secret.get_secret_value(),
        f"{settings.public_url.rstrip('/')}/sign-in/callback",
    )


def _rates(settings: Settings) -> Rates:
    by_role = {
        Role.PARTNER: settings.rate_partner,
        Role.REVIEWER: settings.rate_reviewer,
        Role.SERVICE: settings.rate_service,
        Role.ADMIN: settings.rate_admin,
    }
    return Rates(
        by_role={role: Rate(role.value, count, burst=2 * count) for role, count in by_role.items()},
        address=Rate("address", settings.rate_address, burst=2 * settings.rate_address),
        open_writes=Rate("open-writes", settings.rate_open_writes, seconds=60),
    )
