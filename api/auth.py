"""Who calls: bearer tokens, and the roles and the scope that a route is for. One way, declared at the route."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncEngine

from api.context import ApiContext, context_of, transact
from models.lifecycle import Role
from models.token import Scope
from workflow.errors import Forbidden
from workflow.identity.actors import Actor
from workflow.identity.tokens import Principal, find_principals

EVERY_ROLE = (Role.PARTNER, Role.REVIEWER, Role.SERVICE, Role.ADMIN)
"""Whoever holds a token."""

_bearer = HTTPBearer(auto_error=False, description="A token: dc_<role>_...")


@dataclass(frozen=True)
class Access:
    """The dependency that lets a caller in whose token has one of `roles` and `scope`, and returns who they are.

    With `or_nobody` a call without a token is let in too, as None.
    Raises Forbidden: token.missing, token.invalid, token.expired, token.revoked, role.forbidden or scope.missing.
    """

    scope: Scope
    roles: frozenset[Role]
    or_nobody: bool = False

    async def __call__(
        self,
        request: Request,
        context: Annotated[ApiContext, Depends(context_of)],
        given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> Actor | None:
        if given is None and self.or_nobody:
            return None
        if given is None:
            raise Forbidden("token.missing", "The call has no token.", "Send Authorization: Bearer <token>.")
        try:
            principal = await context.find_caller(given.credentials)
        except Forbidden:
            request.state.role = None
            raise
        request.state.role = principal.actor.role
        if principal.actor.role not in self.roles:
            wanted = ", ".join(sorted(self.roles))
            raise Forbidden("role.forbidden", f"This call is for: {wanted}.", "Use the token of such a role.")
        if not principal.has(self.scope):
            raise Forbidden("scope.missing", f"The token has no scope {self.scope}.", "Use a token that has it.")
        context.token_use.note(principal.token_id)
        return principal.actor


def allow(scope: Scope, *roles: Role) -> Any:
    """Declares whom a route is for. Use it at the route: `actor: Annotated[Actor, allow(Scope.X, Role.Y)]`."""
    return Depends(Access(scope, frozenset(roles)))


def allow_or_nobody(scope: Scope, *roles: Role) -> Any:
    """Like `allow`, and lets in a call without a token, as None: the route has another way to know its caller."""
    return Depends(Access(scope, frozenset(roles), or_nobody=True))


async def find_callers(engine: AsyncEngine, tokens: Sequence[str]) -> Sequence[Principal | Forbidden]:
    """Returns who holds each token, read from the database now: what was revoked is refused at once.

    It is one statement, so `engine` may be one without transactions, which spares two round trips.
    """
    return await transact(engine, lambda session: find_principals(session, tokens))


OR_NOBODY: dict[str, Any] = {"security": [{}]}
"""What a route with `allow_or_nobody` adds to its description: no token is a way to call it too."""

InContext = Annotated[ApiContext, Depends(context_of)]
