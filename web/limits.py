"""Rate limits for tokens and addresses. Requests are counted in Redis for all processes; without Redis all may pass."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from math import ceil
from typing import Protocol, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from throttled.asyncio import RateLimiterRegistry, RedisStore
from throttled.rate_limiter import RateLimitResult, per_duration

from models.lifecycle import Role
from web.headers import credentials_of, network_of_client
from web.in_process import signed_in
from web.problems import problem
from workflow.outages import Outage

ANSWER_SECONDS = 0.1
"""How long Redis may take to answer before it counts as unavailable."""
REST_SECONDS = 1.0
"""How long Redis is not asked again after it failed to answer."""
MAX_REMEMBERED = 10_000
OPEN_WRITES = frozenset(
    {
        "access-requests",
        "invitations",
        "proofs",
        "sign-in-codes",
        "sign-ins",
        "staff-sign-ins",
        "token-recoveries",
    }
)
"""The resources that are created without a token. Each has a limit of its own."""
LINK_WRITES = frozenset({"unsubscribe"})
"""Writes by a link that cannot be made up. Mail providers send many from few addresses, so they count as reads do."""
WIDE_PREFIX = 48
WIDE_FACTOR = 10
"""So many times the writes of a /64 may come without a token from a /48, which one customer gets for nothing."""
UNLIMITED_PATHS = frozenset({"/healthz"})


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` requests in `seconds` on average, and `burst` at once. A count of 0 means no limit."""

    name: str
    count: int
    seconds: int = 1
    burst: int = 0

    @property
    def block(self) -> int:
        """How many requests one call to Redis pays for, so that high rates do not need a call for each request."""
        return max(1, self.count // self.seconds // 100)


@dataclass(frozen=True, slots=True)
class Rates:
    """The rates of known tokens by role, of addresses without a known token, and of writes without a token."""

    by_role: dict[Role, Rate]
    address: Rate
    open_writes: Rate


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of counting one request."""

    rate: Rate
    limited: bool
    remaining: int
    reset_seconds: float
    retry_seconds: float


class RateCounter(Protocol):
    """Counts requests."""

    async def take(self, rate: Rate, key: str) -> Verdict | None:
        """Returns the verdict on one more request, or None when it could not be counted."""


@dataclass(slots=True)
class _Paid:
    left: int = 0
    last: Verdict | None = None


@dataclass(slots=True)
class RedisRateCounter:
    """Counts in Redis, by GCRA. Never raises and never blocks for long: after a failure Redis rests for a second.

    `let_through` is called for each request that could not be counted.
    """

    redis_url: str
    let_through: Callable[[], None]
    _limiters: dict[Rate, Callable[[str, int], Awaitable[RateLimitResult]]] = field(default_factory=dict)
    _paid: "OrderedDict[str, _Paid]" = field(default_factory=OrderedDict)
    _store: RedisStore | None = None
    _resting_until: float = 0.0
    _broken: bool = False
    _outage: Outage = field(default_factory=lambda: Outage("Redis", "rate limits"))

    async def take(self, rate: Rate, key: str) -> Verdict | None:
        """Returns the verdict, from a block that is already paid for or from Redis; None when Redis does not answer."""
        paid = _kept(self._paid, f"{rate.name}:{key}", _Paid)
        if paid.left and paid.last is not None:
            paid.left -= 1
            return paid.last
        now = time.monotonic()
        if now < self._resting_until:
            self.let_through()
            return None
        if self._broken:  # one request tries again; the others do not wait for it
            self._resting_until = now + REST_SECONDS
        try:
            async with asyncio.timeout(2 * ANSWER_SECONDS):
                result = await self._limiter(rate)(key, rate.block)
                state = result.state
                verdict = Verdict(
                    rate, bool(result.limited), int(state.remaining), float(state.reset_after), float(state.retry_after)
                )
        except Exception as error:  # noqa: BLE001 (whatever Redis does, from hanging to nonsense, requests pass)
            self._broken, self._resting_until = True, time.monotonic() + REST_SECONDS
            self._outage.failed(error)
            self.let_through()
            return None
        self._broken, self._resting_until = False, 0.0
        self._outage.works()
        if not result.limited:
            paid.left, paid.last = paid.left + rate.block - 1, verdict
        return verdict

    async def close(self) -> None:
        """Closes the connections."""
        if self._store is not None:
            with suppress(Exception):
                # The library offers no other access to its client.
                await cast(Redis, self._store._backend.get_client()).aclose(close_connection_pool=True)  # noqa: SLF001

    def _limiter(self, rate: Rate) -> Callable[[str, int], Awaitable[RateLimitResult]]:
        if self._store is None:
            pool = {
                "socket_timeout": ANSWER_SECONDS,
                "socket_connect_timeout": ANSWER_SECONDS,
                "retry": Retry(NoBackoff(), 0),
            }
            self._store = RedisStore(self.redis_url, options={"CONNECTION_POOL_KWARGS": pool})
        if rate not in self._limiters:
            quota = per_duration(timedelta(seconds=rate.seconds), rate.count, rate.burst or rate.count)
            limiter = RateLimiterRegistry.get("gcra")(quota, self._store, key_prefix=f"devcenter:rate:{rate.name}")
            self._limiters[rate] = limiter.limit
        return self._limiters[rate]


class Limits:
    """Answers 429 to requests above the rate. The answer to every counted request says how many are left.

    Requests are counted by the token's holder once a route has recognised the token, until a route rejects it, so that
    further tokens of one holder gain nothing. Before that, and without a token, they are counted by the client's
    address, so that invented tokens gain nothing. A request counts
    once, whatever its body asks for. UNLIMITED_PATHS are not counted, nor are calls for a person who is signed in to a
    page, because the page was counted; open writes are, by address.
    """

    def __init__(self, app: ASGIApp, *, rates: Rates, counting: RateCounter) -> None:
        self._app = app
        self._rates = rates
        self._counting = counting
        self._known: OrderedDict[str, tuple[Role, str]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in UNLIMITED_PATHS:
            await self._app(scope, receive, send)
            return
        token = _token_of(scope)
        rate, key = self._bucket_of(scope, token)
        is_counted = signed_in(scope) is not None and rate != self._rates.open_writes
        verdict = await self._verdict_on(scope, rate, key) if rate.count and not is_counted else None
        if verdict is None:
            await self._app(scope, receive, send)
        elif verdict.limited:
            await self._refuse(verdict, scope, receive, send)
            return
        else:
            await self._app(scope, receive, _with_rate_headers(verdict, send))
        if token is not None:
            self._remember(token, scope)

    async def _verdict_on(self, scope: Scope, rate: Rate, key: str) -> Verdict | None:
        verdict = await self._counting.take(rate, key)
        wide_network = network_of_client(scope, WIDE_PREFIX)
        if verdict is None or verdict.limited or rate != self._rates.open_writes or ":" not in wide_network:
            return verdict
        wide = replace(rate, name=f"{rate.name}-wide", count=WIDE_FACTOR * rate.count)
        beyond = await self._counting.take(wide, f"{key.partition(':')[0]}:{wide_network}")
        return beyond if beyond is not None and beyond.limited else verdict

    def _bucket_of(self, scope: Scope, token: str | None) -> tuple[Rate, str]:
        role, holder = self._known.get(token, (None, "")) if token is not None else (None, "")
        person = signed_in(scope)
        if person is not None:
            role, holder = person.actor.role, str(person.actor.id)
        writes = scope["method"] not in ("GET", "HEAD", "OPTIONS")
        part = scope["path"].removeprefix("/v1/").partition("/")[0]
        is_open = part in OPEN_WRITES and role not in (Role.REVIEWER, Role.ADMIN)
        if writes and (is_open or (token is None and person is None)) and part not in LINK_WRITES:
            # Counted by address even with a token, which the routes of open writes do not look at.
            network = network_of_client(scope)
            return self._rates.open_writes, f"{part if part in OPEN_WRITES else 'other'}:{network}"
        if role is not None:
            return self._rates.by_role[role], holder
        return self._rates.address, network_of_client(scope)

    def _remember(self, token: str, scope: Scope) -> None:
        state = scope.get("state", {})
        if "role" not in state:
            return  # no route looked the token up, or the database was unavailable: nothing new is known
        role = state["role"]
        if role is None:
            self._known.pop(token, None)
        else:
            self._known[token] = (role, state["holder"])
            _trim(self._known)

    async def _refuse(self, verdict: Verdict, scope: Scope, receive: Receive, send: Send) -> None:
        seconds = max(1, ceil(verdict.retry_seconds))
        allowed = f"{verdict.rate.count} requests in {verdict.rate.seconds} s"
        answer = problem(429, "rate.limited", f"This is more than {allowed}.", f"Try again in {seconds} s.")
        answer.headers["Retry-After"] = str(seconds)
        if scope["method"] not in ("GET", "HEAD"):
            answer.headers["Connection"] = "close"  # the body is not read
        await answer(scope, receive, _with_rate_headers(verdict, send))


def _with_rate_headers(verdict: Verdict, send: Send) -> Send:
    """Adds the headers of the IETF draft on rate limits."""
    rate = verdict.rate
    headers = [
        (b"ratelimit-policy", f'"{rate.name}";q={rate.count};w={rate.seconds}'.encode()),
        (b"ratelimit", f'"{rate.name}";r={verdict.remaining};t={ceil(verdict.reset_seconds)}'.encode()),
    ]

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *headers]}
        await send(message)

    return sending


def _token_of(scope: Scope) -> str | None:
    """Returns the hash of the token that the routes read, or None without a token that can be read."""
    token = credentials_of(scope).token
    return hashlib.sha256(token.encode()).hexdigest()[:32] if token is not None else None


def _kept(kept: "OrderedDict[str, _Paid]", key: str, make: Callable[[], _Paid]) -> _Paid:
    if key not in kept:
        kept[key] = make()
        _trim(kept)
    kept.move_to_end(key)
    return kept[key]


def _trim(kept: "OrderedDict[str, _Paid] | OrderedDict[str, tuple[Role, str]]") -> None:
    while len(kept) > MAX_REMEMBERED:
        kept.popitem(last=False)
