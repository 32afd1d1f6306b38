"""Who is signed in to the pages: looks up the session that a browser sends, and counts the request by its person."""

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from math import ceil
from typing import cast
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from starlette.types import Scope

from models.lifecycle import Role
from web.headers import network_of_client
from web.in_process import of_person
from web.limits import MAX_REMEMBERED, RateCounter, Rates
from workflow.errors import Forbidden, WorkflowError
from workflow.identity.principals import Principal
from workflow.identity.sessions import is_own_path as is_own_path

FindSession = Callable[[str], Awaitable[Principal]]


@dataclass(frozen=True, slots=True)
class Visitor:
    """The person who is signed in, for a page. `session_id` is the session's, `signed_in_at` its beginning.

    They read times in `time_zone`, an IANA name.
    """

    id: str
    name: str
    role: str
    organization_id: str | None
    session_id: str
    signed_in_at: str
    time_zone: str = "UTC"

    @classmethod
    def of(cls, principal: Principal) -> "Visitor":
        """Returns the visitor whose session it is."""
        actor, began = principal.actor, principal.authenticated_at
        company = None if actor.organization_id is None else str(actor.organization_id)
        return cls(
            str(actor.id),
            principal.name,
            actor.role.value,
            company,
            str(principal.token_id),
            began.isoformat() if began else "",
            principal.time_zone,
        )


@dataclass(frozen=True, slots=True)
class Visit:
    """What is known of a request for a page: its visitor, None for nobody, and what the API's calls for it are given.

    A request that is refused has a `status` of an error, with words.
    """

    visitor: Visitor | None = None
    in_process: dict[str, Principal | None] = field(default_factory=lambda: of_person(None))
    status: int = 200
    detail: str = ""
    remedy: str = ""
    retry_after_s: int = 0


def note_visit(scope: Scope, visit: Visit) -> None:
    """Notes in the scope of a request for a page what is known of it."""
    scope.setdefault("state", {})[_NOTED] = visit


def visit_in(scope: Scope) -> Visit:
    """Returns what was noted of a request for a page."""
    return cast("Visit | None", scope.get("state", {}).get(_NOTED)) or Visit()


@dataclass(slots=True)
class Browsers:
    """Looks up sessions. A request is counted once: by its person, and by its address while the session is unknown.

    `has_staff_provider` says that the platform's people sign in by their own provider.
    """

    find_session: FindSession
    note_use: Callable[[UUID], None]
    rates: Rates
    counting: RateCounter
    has_staff_provider: bool = False
    _known: "OrderedDict[str, tuple[Role, str]]" = field(default_factory=OrderedDict)

    async def visit(self, scope: Scope, secret: str, *, is_use: bool = True) -> Visit:
        """Returns who sends the session with this secret. Raises nothing: a session that has ended is nobody's.

        A request that is no use of the session does not put off its idle end.
        """
        name = hashlib.sha256(secret.encode()).hexdigest()
        refused = await self._count(scope, name)
        if refused is not None:
            return refused
        try:
            principal = await self.find_session(secret)
        except Forbidden:
            self._known.pop(name, None)
            return Visit()
        except (SQLAlchemyError, WorkflowError):  # whatever the database's fault: nothing is known of the session now
            return _AWAY
        self._known[name] = principal.actor.role, str(principal.actor.id)
        while len(self._known) > MAX_REMEMBERED:
            self._known.popitem(last=False)
        if is_use:
            self.note_use(principal.token_id)
        return Visit(Visitor.of(principal), of_person(principal))

    async def _count(self, scope: Scope, name: str) -> Visit | None:
        role, holder = self._known.get(name, (None, ""))
        rate = self.rates.address if role is None else self.rates.by_role[role]
        verdict = await self.counting.take(rate, holder or network_of_client(scope)) if rate.count else None
        if verdict is None or not verdict.limited:
            return None
        seconds = max(1, ceil(verdict.retry_seconds))
        detail = f"This is more than {rate.count} requests in {rate.seconds} s."
        return Visit(status=429, detail=detail, remedy=f"Try again in {seconds} s.", retry_after_s=seconds)


_NOTED = "visit"
_AWAY = Visit(status=503, detail="The database did not answer.", remedy="Try again.", retry_after_s=2)
