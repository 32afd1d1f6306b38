"""Authenticates callers, and checks the roles and the scope that each route declares."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import HTTPConnection

from api.context import ApiContext, context_of, transact
from models.lifecycle import Role
from models.token import Scope, TokenKind
from web.headers import credentials_of
from web.in_process import signed_in
from workflow.errors import Forbidden
from workflow.identity.actors import Actor
from workflow.identity.principals import RECENT, Principal, find_principals

STALE = "session.stale"
"""The code of the refusal of a grave call for somebody who signed in too long ago."""
EVERY_ROLE = (Role.PARTNER, Role.REVIEWER, Role.SERVICE, Role.ADMIN)
"""Every role that can hold a token."""


class _Bearer(HTTPBearer):
    """The scheme as the OpenAPI description names it. The header itself has one reader, which the limits use too."""

    async def __call__(self, request: HTTPConnection) -> HTTPAuthorizationCredentials | None:
        token = credentials_of(request.scope).token
        return None if token is None else HTTPAuthorizationCredentials(scheme="Bearer", credentials=token)


_bearer = _Bearer(scheme_name="HTTPBearer", auto_error=False, description="A token: dc_<role>_...")


@dataclass(frozen=True)
class Access:
    """The dependency that admits a caller whose token has one of `roles` and has `scope`. Returns the caller.

    A call that a page makes has no token: it is made for whoever is signed in.
    With `recent` whoever is signed in to a page must have signed in a short while ago, because the call is grave.

    A role in `other_scopes` needs the scope there instead. With `or_nobody` it also admits a call without a token, and
    returns None for it.
    Raises Forbidden: token.missing, token.invalid, token.expired, token.revoked, role.forbidden, scope.missing or
    session.stale.
    """

    scope: Scope
    roles: frozenset[Role]
    or_nobody: bool = False
    other_scopes: tuple[tuple[Role, Scope], ...] = ()
    recent: bool = False

    def scope_of(self, role: Role) -> Scope:
        """Returns the scope that a token of the role needs."""
        return dict(self.other_scopes).get(role, self.scope)

    async def __call__(
        self,
        request: Request,
        context: Annotated[ApiContext, Depends(context_of)],
        given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> Actor | None:
        visitor = signed_in(request.scope)
        principal = visitor or await _holder(request, context, given)
        if principal is None and self.or_nobody:
            return None
        if principal is None:
            raise Forbidden("token.missing", "The call has no token.", "Send Authorization: Bearer <token>.")
        request.state.role, request.state.holder = principal.actor.role, str(principal.actor.id)
        request.state.principal = principal
        if principal.actor.role not in self.roles:
            wanted = ", ".join(sorted(self.roles))
            raise Forbidden(
                "role.forbidden",
                f"Only these roles may make this call: {wanted}.",
                "Use a token of one of these roles.",
            )
        scope = self.scope_of(principal.actor.role)
        if not principal.has(scope):
            raise Forbidden("scope.missing", f"The token lacks the scope {scope}.", "Use a token that has it.")
        if self.recent and not principal.recent:
            detail = f"For this you must have signed in within {RECENT.total_seconds() / 60:.0f} minutes."
            raise Forbidden(STALE, detail, "Sign in again.")
        if visitor is None:  # the request for a page was the session's use, if it was one
            context.token_use.note(principal.token_id)
        return principal.actor


async def _holder(
    request: Request, context: ApiContext, given: HTTPAuthorizationCredentials | None
) -> Principal | None:
    if given is None:
        return None
    try:
        return await context.find_caller(given.credentials)
    except Forbidden:
        request.state.role = None
        raise


def allow(scope: Scope, *roles: Role, other_scopes: tuple[tuple[Role, Scope], ...] = (), recent: bool = False) -> Any:
    """Declares who may call a route. Use it in the signature: `actor: Annotated[Actor, allow(Scope.X, Role.Y)]`."""
    return Depends(Access(scope, frozenset(roles), other_scopes=other_scopes, recent=recent))


def allow_or_nobody(scope: Scope, *roles: Role) -> Any:
    """Like `allow`, but also admits a call without a token, as None, for a route that can identify it otherwise."""
    return Depends(Access(scope, frozenset(roles), or_nobody=True))


async def find_callers(
    engine: AsyncEngine, tokens: Sequence[str], kind: TokenKind = TokenKind.BEARER
) -> Sequence[Principal | Forbidden]:
    """Returns the holder of each token of the kind, or the reason why it is refused, in the order of `tokens`.

    Reads the database each time, so a revocation takes effect at once. Runs one statement, so `engine` may be in
    autocommit mode, which saves two round trips.
    """
    return await transact(engine, lambda session: find_principals(session, tokens, kind), only_reads=True)


def principal_of(request: Request) -> Principal:
    """Returns the holder of the token of a call that `allow` has admitted, with the scopes of the token."""
    principal: Principal = request.state.principal
    return principal


OR_NOBODY: dict[str, Any] = {"security": [{}]}
"""The OpenAPI extra of a route with `allow_or_nobody`: it may also be called without a token."""

InContext = Annotated[ApiContext, Depends(context_of)]
