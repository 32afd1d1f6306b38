"""Who may call what, as data: one line a route. `test_matrix` holds the application to it.

A new route needs a line here: its scope and its roles, a valid body, and, when it uses something up, `given`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from models.lifecycle import AppState, Role
from models.token import Scope
from tests.api.world import World
from workflow.actors import Actor

Given = Callable[[World, Actor], dict[str, str]]
Body = Callable[[World, Actor], Any]

ALL = frozenset({Role.PARTNER, Role.REVIEWER, Role.SERVICE, Role.ADMIN})
PARTNERS = frozenset({Role.PARTNER})
REVIEWERS = frozenset({Role.REVIEWER, Role.ADMIN})
SERVICES = frozenset({Role.SERVICE})
ADMINS = frozenset({Role.ADMIN})


def nothing(_world: World, _actor: Actor) -> dict[str, str]:
    """What stands in the world already is enough."""
    return {}


@dataclass(frozen=True, slots=True)
class Call:
    """A route, who may call it, and a call of it that works.

    `body` is sent as it is, or made for the caller. `given` makes what the call uses up and gives path parameters in
    place of the world's. `gives` is the status for who may. `hides` tells that a partner of another company gets 404;
    it is so wherever the path names an App. `audited` is whether the call is noted in the audit log.
    """

    route: str
    scope: Scope
    roles: frozenset[Role]
    body: Any | Body = None
    gives: int = 200
    given: Given = nothing
    path: dict[str, str] = field(default_factory=dict)
    hides: bool | None = None
    audited: bool | None = None

    @property
    def method(self) -> str:
        return self.route.split()[0]

    @property
    def template(self) -> str:
        return self.route.split()[1]

    @property
    def hides_from_others(self) -> bool:
        return "{slug}" in self.template if self.hides is None else self.hides

    @property
    def is_audited(self) -> bool:
        return self.method != "GET" if self.audited is None else self.audited

    def body_for(self, world: World, actor: Actor) -> Any:
        """Gives the body that the actor sends."""
        return self.body(world, actor) if callable(self.body) else self.body


def _new_app(world: World, _actor: Actor) -> dict[str, str]:
    return {"slug": world.name("new"), "name": "New"}


def _component(world: World, _actor: Actor) -> dict[str, str]:
    return {"component_id": str(world.new_component())}


def _open_review(world: World, _actor: Actor) -> dict[str, str]:
    return {"review_id": str(world.new_review())}


def _held_review(world: World, actor: Actor) -> dict[str, str]:
    return {"review_id": str(world.new_review(holder=actor))}


def _dead_request(world: World, _actor: Actor) -> dict[str, str]:
    return {"row_id": str(world.new_dead_request())}


def _asked(world: World, actor: Actor) -> dict[str, str]:
    if actor.role is Role.PARTNER:
        return {"app": world.slugs[AppState.BUILDING], "trigger": "submit"}
    return {"app": world.slugs[AppState.PUBLIC_BETA], "trigger": "promote"}


_APP = "/v1/apps/{slug}"
_COMPONENTS = "/v1/apps/{slug}/components"
_REVIEW = "/v1/reviews/{review_id}"

CALLS: tuple[Call, ...] = (
    Call("POST /v1/apps", Scope.APPS_WRITE, PARTNERS, _new_app, 201),
    Call("GET /v1/apps", Scope.APPS_READ, ALL),
    Call(f"GET {_APP}", Scope.APPS_READ, ALL),
    Call(f"PATCH {_APP}", Scope.APPS_WRITE, PARTNERS, {"name": "Other"}),
    Call(f"POST {_COMPONENTS}", Scope.APPS_WRITE, PARTNERS, {"kind": "stream", "name": "Events"}, 201),
    Call(f"PATCH {_COMPONENTS}/{{component_id}}", Scope.APPS_WRITE, PARTNERS, {"name": "Other"}),
    Call(f"DELETE {_COMPONENTS}/{{component_id}}", Scope.APPS_WRITE, PARTNERS, gives=204, given=_component),
    Call(
        f"POST {_COMPONENTS}/{{component_id}}/tests",
        Scope.APPS_WRITE,
        PARTNERS | SERVICES,
        {"results": [{"event": "track", "status": 200}]},
        201,
    ),
    Call(f"GET {_COMPONENTS}/{{component_id}}/tests", Scope.APPS_READ, ALL),
    Call(f"GET {_APP}/checklist", Scope.APPS_READ, ALL),
    Call(
        f"PUT {_APP}/checklist/{{code}}",
        Scope.APPS_WRITE,
        PARTNERS,
        {"evidence": {"url": "https://acme.example/docs"}},
        path={"code": "partner_documentation"},
    ),
    Call("POST /v1/transition-requests", Scope.TRANSITIONS_REQUEST, ALL, _asked, 202, hides=True),
    Call("GET /v1/transition-requests/{request_id}", Scope.APPS_READ, ALL, hides=True),
    Call(f"GET {_APP}/triggers", Scope.APPS_READ, ALL),
    Call(f"GET {_APP}/transitions", Scope.APPS_READ, ALL),
    Call("GET /v1/reviews", Scope.REVIEWS_READ, REVIEWERS),
    Call(f"GET {_REVIEW}", Scope.REVIEWS_READ, REVIEWERS),
    Call(f"POST {_REVIEW}/claim", Scope.REVIEWS_DECIDE, REVIEWERS, given=_open_review),
    Call(f"POST {_REVIEW}/release", Scope.REVIEWS_DECIDE, REVIEWERS, given=_held_review),
    Call(
        f"POST {_REVIEW}/steps/{{code}}",
        Scope.REVIEWS_DECIDE,
        REVIEWERS,
        {"decision": "pass"},
        given=_held_review,
        path={"code": "end_to_end_check"},
    ),
    Call(
        f"POST {_REVIEW}/decision",
        Scope.REVIEWS_DECIDE,
        REVIEWERS,
        {"decision": "request_changes", "reasons": [{"text": "Mend it."}]},
        202,
        given=_held_review,
    ),
    Call(f"PUT {_APP}/customers/{{workspace}}", Scope.USAGE_REPORT, SERVICES, audited=False),
    Call(f"DELETE {_APP}/customers/{{workspace}}", Scope.USAGE_REPORT, SERVICES, audited=False),
    Call(f"PUT {_APP}/oauth-installs/{{workspace}}", Scope.USAGE_REPORT, SERVICES, audited=False),
    Call(f"DELETE {_APP}/oauth-installs/{{workspace}}", Scope.USAGE_REPORT, SERVICES, audited=False),
    Call("GET /v1/dead", Scope.ADMIN, ADMINS),
    Call(
        "POST /v1/dead/{kind}/{row_id}/replay",
        Scope.ADMIN,
        ADMINS,
        given=_dead_request,
        path={"kind": "transition_request"},
    ),
)

PUBLIC: frozenset[str] = frozenset(
    {
        "GET /healthz",
        "GET /metrics",
        "GET /readyz",
        "GET /v1/catalog",
        "GET /v1/catalog/{slug}",
        "GET /docs",
        "GET /docs/{name}",
        "GET /openapi.json",
    }
)
"""Routes that need no token. Each of them shows nothing that not everyone may know."""
