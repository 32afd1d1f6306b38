"""Who calls: bearer tokens, and the roles that a route is for. One way, declared at the route."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.house import House, house_of, now_of
from models.lifecycle import Role
from workflow.actors import Actor
from workflow.errors import Forbidden
from workflow.tokens import find_principal

_bearer = HTTPBearer(auto_error=False, description="A token: dc_<role>_...")


def needs(*roles: Role) -> Callable[..., Awaitable[Actor]]:
    """Gives the dependency that lets only holders of tokens with one of `roles` in, and gives who they are."""

    async def who(
        house: Annotated[House, Depends(house_of)],
        given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> Actor:
        if given is None:
            raise Forbidden("token.missing", "The call has no token.", "Send Authorization: Bearer <token>.")
        principal = await house.transact(lambda session: find_principal(session, given.credentials, now_of(session)))
        if principal.actor.role not in roles:
            wanted = ", ".join(roles)
            raise Forbidden("role.forbidden", f"This call is for: {wanted}.", "Use the token of such a role.")
        return principal.actor

    return who


Partner = Annotated[Actor, Depends(needs(Role.PARTNER))]
PartnerOrService = Annotated[Actor, Depends(needs(Role.PARTNER, Role.SERVICE))]
Reviewer = Annotated[Actor, Depends(needs(Role.REVIEWER, Role.ADMIN))]
ServiceCaller = Annotated[Actor, Depends(needs(Role.SERVICE))]
Admin = Annotated[Actor, Depends(needs(Role.ADMIN))]
Anyone = Annotated[Actor, Depends(needs(Role.PARTNER, Role.REVIEWER, Role.SERVICE, Role.ADMIN))]
"""Whoever holds a token."""

InHouse = Annotated[House, Depends(house_of)]
