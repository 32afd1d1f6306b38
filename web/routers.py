"""The routers of an application with very many routes, of which finding one would take much of a call's time."""

from functools import cached_property

from fastapi import APIRouter
from starlette.routing import Match, Route
from starlette.types import Scope


class Router(APIRouter):
    """A router that is passed over at once for a path which none of its routes can have.

    All of its routes are declared before the first call.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Returns whether one of its routes has the path, and what that adds to the scope."""
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        return super().matches(scope) if path.startswith(self._beginnings) else (Match.NONE, {})

    @cached_property
    def _beginnings(self) -> tuple[str, ...]:
        """The paths of its routes, each up to the first parameter."""
        paths = [route.path if isinstance(route, Route) else "" for route in self.routes]
        return tuple(dict.fromkeys(path.partition("{")[0] for path in paths))
