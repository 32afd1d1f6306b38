"""Looks up who sends a body before the body is taken, and knows which routes take one without a token."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from sqlalchemy.exc import SQLAlchemyError
from starlette.routing import compile_path
from starlette.types import Scope

from api.auth import Access
from web.bodies import Admitted
from web.headers import credentials_of, network_of_client
from web.in_process import signed_in
from web.problems import problem, problem_of
from workflow.errors import Forbidden, WorkflowError
from workflow.identity.principals import Principal

MAX_OPEN_BODY_BYTES = 128 * 1024
"""The most that a route takes from a sender without a token: an access request with its survey, with room to spare."""

FindCaller = Callable[[str], Awaitable[Principal]]


@dataclass(frozen=True, slots=True)
class _TakingRoute:
    """A route that takes bodies. `is_open` says that it can be called without a token."""

    path: re.Pattern[str]
    methods: frozenset[str]
    is_open: bool


class KnownSenders:
    """Admits a body whose token is known, or which is sent without one to a route that needs none.

    Any other sender is answered 401 before its body is taken. A body that no route takes is not read.
    """

    def __init__(self, app: FastAPI, find_caller: FindCaller) -> None:
        self._app = app
        self._find_caller = find_caller
        self._routes: list[_TakingRoute] = []

    async def __call__(self, scope: Scope) -> Admitted:
        """Returns what is known of the sender. Notes the role of its token for the limits."""
        route = self._route_of(scope)
        if route is None:
            return Admitted(unread=True)
        person = signed_in(scope)
        if person is not None:
            return Admitted(sender=str(person.actor.id))
        nobody = Admitted(sender=network_of_client(scope))
        token = credentials_of(scope).token
        refusal = Forbidden("token.missing", "The call has no token.", "Send Authorization: Bearer <token>.")
        if token is not None:
            state = scope.setdefault("state", {})
            try:
                principal = await self._find_caller(token)
            except Forbidden as error:
                state["role"], refusal = None, error
            except SQLAlchemyError:  # whatever the database's fault: nothing is known of the sender now
                return Admitted(refusal=problem(503, "database.away", "The database did not answer.", "Try again."))
            except WorkflowError as error:
                return Admitted(refusal=problem_of(error))
            else:
                state["role"], state["holder"] = principal.actor.role, str(principal.actor.id)
                return Admitted(sender=str(principal.actor.id))
        if route.is_open:
            return Admitted(sender=nobody.sender, max_bytes=MAX_OPEN_BODY_BYTES)
        return Admitted(refusal=problem_of(refusal))

    def _route_of(self, scope: Scope) -> _TakingRoute | None:
        if not self._routes:
            self._routes = _routes_of(self._app)
        at_path = (route for route in self._routes if route.path.match(scope["path"]))
        return next((route for route in at_path if scope["method"] in route.methods), None)


def _routes_of(app: FastAPI) -> list[_TakingRoute]:
    return [
        _TakingRoute(
            compile_path(context.path)[0],
            frozenset(context.methods or ()),
            is_open=not needs_token(getattr(context, "dependant", None)),
        )
        for context in iter_route_contexts(app.routes)
        if context.path is not None
    ]


def needs_token(dependant: Dependant | None) -> bool:
    """Returns whether a route with these dependencies refuses every call without a token."""
    if dependant is None:
        return False
    if isinstance(dependant.call, Access):
        return not dependant.call.or_nobody
    return any(needs_token(one) for one in dependant.dependencies)
