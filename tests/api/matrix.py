"""Who may call which route, as data with one line for each route. `test_matrix` compares the application with it.

A new route needs a line here: its scope, its roles, a valid body and, if a call uses something up, `given`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from models.lifecycle import AppState, Role
from models.token import Scope
from tests.api.world import World, key_ring, slug_of
from tests.launch import LOGO, RIG, SENT, STREAM
from workflow.identity.actors import Actor
from workflow.operating.previewed import proof_of_preview
from workflow.usage.reports import Use

Given = Callable[[World, Actor], dict[str, str]]
Body = Callable[[World, Actor], Any]

ALL = frozenset({Role.PARTNER, Role.REVIEWER, Role.SERVICE, Role.ADMIN})
PARTNERS = frozenset({Role.PARTNER})
REVIEWERS = frozenset({Role.REVIEWER, Role.ADMIN})
SERVICES = frozenset({Role.SERVICE})
ADMINS = frozenset({Role.ADMIN})
PEOPLE = frozenset({Role.PARTNER, Role.REVIEWER, Role.ADMIN})
OWNERS = frozenset({Role.PARTNER, Role.ADMIN})

OWNED = ("{slug}", "{organization_id}")
"""Path parameters that name something of a company."""


def nothing(_world: World, _actor: Actor) -> dict[str, str]:
    """Makes nothing, for calls that need no more than the world has already."""
    return {}


@dataclass(frozen=True, slots=True)
class Call:
    """A route, who may call it, and a call of it that works.

    `body` is sent as it is, or is a function that makes it for the caller. `given` makes what the call uses up, and
    returns path parameters that replace the world's. `query` is appended to the path. `status` is the answer's for
    callers who may call it. `hides` says whether a partner of another company gets 404; by default this is so if the
    path names an App or an organization. `audited` says whether the call is recorded in the audit log. `or_nobody` says
    that the route identifies callers without a token in another way; if that fails too, they get 404. `recent` says
    that whoever is signed in to a page must have signed in a short while ago.
    """

    route: str
    scope: Scope
    roles: frozenset[Role]
    body: Any | Body = None
    status: int = 200
    given: Given = nothing
    path: dict[str, str] = field(default_factory=dict)
    query: str = ""
    hides: bool | None = None
    audited: bool | None = None
    or_nobody: bool = False
    other_scopes: tuple[tuple[Role, Scope], ...] = ()
    recent: bool = False

    def scope_of(self, role: Role) -> Scope:
        """Returns the scope that a token of the role needs."""
        return dict(self.other_scopes).get(role, self.scope)

    @property
    def method(self) -> str:
        return self.route.split()[0]

    @property
    def template(self) -> str:
        return self.route.split()[1]

    @property
    def hides_from_others(self) -> bool:
        return any(owned in self.template for owned in OWNED) if self.hides is None else self.hides

    @property
    def is_audited(self) -> bool:
        return self.method != "GET" if self.audited is None else self.audited

    def body_for(self, world: World, actor: Actor) -> Any:
        """Returns the body that the actor sends."""
        return self.body(world, actor) if callable(self.body) else self.body


def _new_app(world: World, _actor: Actor) -> dict[str, str]:
    return {"slug": world.name("new"), "name": "New"}


def _component(world: World, _actor: Actor) -> dict[str, str]:
    return {"component_id": str(world.new_component())}


def _new_host(world: World, _actor: Actor) -> dict[str, str]:
    world.forget_host_proofs()
    return {"host": f"{world.name('hooks')}.hosting.example"}


def _host_proof(world: World, _actor: Actor) -> dict[str, str]:
    world.forget_host_proofs()
    return {"proof_id": str(world.new_host_proof())}


def _function(world: World, _actor: Actor) -> dict[str, str]:
    return {"component_id": str(world.new_function())}


def _subscription(world: World, _actor: Actor) -> dict[str, str]:
    return {"component_id": str(world.new_subscription())}


def _test_run(world: World, _actor: Actor) -> dict[str, str]:
    component_id, run_id = world.new_test_run()
    return {"component_id": str(component_id), "run_id": str(run_id)}


def _open_review(world: World, _actor: Actor) -> dict[str, str]:
    return {"review_id": str(world.new_review())}


def _held_review(world: World, actor: Actor) -> dict[str, str]:
    return {"review_id": str(world.new_review(holder=actor))}


def _drafted(world: World, actor: Actor) -> dict[str, str]:
    return {"review_id": str(world.new_draft(actor))}


def _test_account(world: World, actor: Actor) -> dict[str, str]:
    return {"slug": world.new_test_account(holder=actor)}


def _planned(world: World, _actor: Actor) -> dict[str, str]:
    return {"slug": world.new_planned_publication()}


def _asset(world: World, _actor: Actor) -> dict[str, str]:
    return {"asset_id": str(world.new_asset())}


def _link(world: World, _actor: Actor) -> dict[str, str]:
    return {"link_id": str(world.new_preview())}


def _dead_request(world: World, _actor: Actor) -> dict[str, str]:
    return {"row_id": str(world.new_dead_request())}


def _rejected_message(world: World, _actor: Actor) -> dict[str, str]:
    return {"message_id": str(world.new_rejected_message())}


def _due_request(world: World, actor: Actor) -> dict[str, str]:
    return {"request_id": str(world.new_due_request(actor))}


def _access_request(world: World, _actor: Actor) -> dict[str, str]:
    return {"request_id": str(world.new_access_request())}


def _invitation(world: World, _actor: Actor) -> dict[str, str]:
    return {"invitation_id": str(world.new_invitation())}


def _colleague(world: World, _actor: Actor) -> dict[str, str]:
    world.give_ownership_back()
    return {"person_id": str(world.new_colleague())}


def _reviewer(world: World, _actor: Actor) -> dict[str, str]:
    return {"person_id": str(world.new_reviewer())}


def _oneself(_world: World, actor: Actor) -> dict[str, str]:
    return {"person_id": str(actor.id)}


def _new_reviewer(world: World, _actor: Actor) -> dict[str, str]:
    return {"name": "Bo", "email": f"{world.name('bo')}@platform.example", "role": "reviewer"}


def _token(world: World, actor: Actor) -> dict[str, str]:
    """Makes a token of the reviewer for the reviewer, who sees their own only, and one of the partner for others."""
    holder = world.people.reviewer if actor.role is Role.REVIEWER else world.people.partner
    return {"token_id": str(world.new_token(holder.id))}


def _public_app(world: World, _actor: Actor) -> dict[str, str]:
    return {"slug": world.new_public_app(applied=False)}


def _applicant(world: World, _actor: Actor) -> dict[str, str]:
    return {"slug": world.new_public_app(applied=True)}


def _suspended(world: World, actor: Actor) -> dict[str, str]:
    return {"slug": world.new_suspended_app(confirmed_by=actor)}


def _saved_reason(world: World, _actor: Actor) -> dict[str, str]:
    return {"code": world.new_saved_reason()}


def _new_workspace(world: World, _actor: Actor) -> dict[str, str]:
    return {"workspace": world.name("workspace")}


def _customer(world: World, _actor: Actor) -> dict[str, str]:
    return {"workspace": world.new_workspace(Use.CUSTOMER)}


def _install(world: World, _actor: Actor) -> dict[str, str]:
    return {"workspace": world.new_workspace(Use.OAUTH_INSTALL)}


def _asked(_world: World, actor: Actor) -> dict[str, str]:
    if actor.role is Role.PARTNER:
        return {"app": slug_of(AppState.BUILDING), "trigger": "submit"}
    return {"app": slug_of(AppState.PUBLIC_BETA), "trigger": "promote"}


def _used(world: World, _actor: Actor) -> dict[str, Any]:
    report = {"app": slug_of(AppState.BUILDING), "use": "customer", "workspace": world.name("workspace")}
    return {"items": [report]}


def _new_colleague(world: World, _actor: Actor) -> dict[str, str]:
    return {"name": "Olga", "email": f"{world.name('olga')}@acme.example"}


def _new_address(world: World, _actor: Actor) -> dict[str, str]:
    return {"email": f"{world.name('new')}@acme.example"}


def _leaver(world: World, _actor: Actor) -> dict[str, str]:
    return {"person": str(world.new_colleague())}


def _owner(world: World, _actor: Actor) -> dict[str, str]:
    return {"person_id": str(world.new_colleague())}


def _owned(world: World, _actor: Actor) -> dict[str, str]:
    world.give_ownership_back()
    return {}


def _company_of_partner(world: World, _actor: Actor) -> dict[str, str]:
    return {"organization_id": str(world.people.partner.organization_id)}


def _allowed_slug(world: World, _actor: Actor) -> dict[str, str]:
    return {"look_alike": world.new_allowed_slug()}


def _another_reviewer(world: World, actor: Actor) -> dict[str, str]:
    other = world.people.admin if actor.role is Role.REVIEWER else world.people.reviewer
    return {"to": str(other.id)}


def _new_reason(world: World, _actor: Actor) -> dict[str, str]:
    return {"code": world.name("new_reason").replace("-", "_"), "text": "Mend it."}


def _session(world: World, actor: Actor) -> dict[str, str]:
    return {"session_id": str(world.new_session(actor))}


def _new_token(world: World, actor: Actor) -> dict[str, str]:
    if actor.role is not Role.ADMIN:
        return {"label": "own"}
    return {"person_id": str(world.people.partner.id), "label": "new"}


def _document(world: World, _actor: Actor) -> dict[str, Any]:
    return {"document": world.policy()[1]}


def _new_policy(world: World, actor: Actor) -> dict[str, Any]:
    version, document = world.policy()
    changed = document | {"customers_to_promote": 3 + version}
    proof = proof_of_preview(actor, version, changed, datetime.now(UTC), key_ring().seal)
    return {"document": changed, "base_version": version, "previewed": proof, "note": "Another number."}


_APP = "/v1/apps/{slug}"
_COMPONENTS = "/v1/apps/{slug}/components"
_TEST_RUNS = f"{_COMPONENTS}/{{component_id}}/test-runs"
_REVIEW = "/v1/reviews/{review_id}"
_ACCESS = "/v1/access-requests"
_ORGANIZATION = "/v1/organizations/{organization_id}"
_HOSTS = f"{_ORGANIZATION}/host-proofs"
_REASONS = "/v1/saved-reasons"
_WORDS = {"text": "What do you mean?"}
_READ = {"up_to": "01a214e4-0807-70d4-81d1-d4e178774917"}
_OWN_TOKENS = ((Role.PARTNER, Scope.PEOPLE_MANAGE), (Role.REVIEWER, Scope.REVIEWS_DECIDE))
_OWN_SESSIONS = ((Role.PARTNER, Scope.PEOPLE_MANAGE), (Role.ADMIN, Scope.ADMIN))
_SUBMITTED = {"slug": slug_of(AppState.SUBMITTED)}
_APPLIED = {"slug": slug_of(AppState.PUBLIC)}

CALLS: tuple[Call, ...] = (
    Call(f"GET {_ACCESS}", Scope.ACCESS_DECIDE, REVIEWERS),
    Call(f"GET {_ACCESS}/{{request_id}}", Scope.ACCESS_DECIDE, REVIEWERS, given=_access_request, or_nobody=True),
    Call(
        f"POST {_ACCESS}/{{request_id}}/decision",
        Scope.ACCESS_DECIDE,
        REVIEWERS,
        {"decision": "approve"},
        given=_access_request,
    ),
    Call(
        f"POST {_ACCESS}/{{request_id}}/decision/preview",
        Scope.ACCESS_DECIDE,
        REVIEWERS,
        {"decision": "approve"},
        given=_access_request,
        audited=False,
    ),
    Call("POST /v1/invitations/{invitation_id}/reissue", Scope.ACCESS_DECIDE, REVIEWERS, None, 201, given=_invitation),
    Call("GET /v1/organizations", Scope.APPS_READ, PEOPLE),
    Call(f"GET {_ORGANIZATION}", Scope.APPS_READ, PEOPLE),
    Call(f"PATCH {_ORGANIZATION}", Scope.PEOPLE_MANAGE, OWNERS, {"name": "Acme"}, given=_owned),
    Call(f"PUT {_ORGANIZATION}/website", Scope.ADMIN, ADMINS, {"website": "https://acme.example"}),
    Call(f"GET {_ORGANIZATION}/people", Scope.APPS_READ, PEOPLE),
    Call(
        f"DELETE {_ORGANIZATION}/people/{{person_id}}",
        Scope.PEOPLE_MANAGE,
        OWNERS,
        status=204,
        given=_colleague,
        recent=True,
    ),
    Call(f"PUT {_ORGANIZATION}/owner", Scope.PEOPLE_MANAGE, OWNERS, _owner, given=_owned, recent=True),
    Call(f"GET {_ORGANIZATION}/invitations", Scope.APPS_READ, PEOPLE),
    Call(f"POST {_ORGANIZATION}/invitations", Scope.PEOPLE_MANAGE, OWNERS, _new_colleague, 201, given=_owned),
    Call(
        f"DELETE {_ORGANIZATION}/invitations/{{invitation_id}}",
        Scope.PEOPLE_MANAGE,
        OWNERS,
        status=204,
        given=_invitation,
    ),
    Call(f"GET {_HOSTS}", Scope.APPS_READ, PEOPLE),
    Call(f"POST {_HOSTS}", Scope.APPS_WRITE, PARTNERS, _new_host, 201),
    Call(f"POST {_HOSTS}/{{proof_id}}/checks", Scope.APPS_WRITE, PARTNERS, None, 202, given=_host_proof),
    Call(f"DELETE {_HOSTS}/{{proof_id}}", Scope.APPS_WRITE, PARTNERS, status=204, given=_host_proof),
    Call("POST /v1/apps", Scope.APPS_WRITE, PARTNERS, _new_app, 201),
    Call("GET /v1/apps", Scope.APPS_READ, ALL),
    Call(f"GET {_APP}", Scope.APPS_READ, ALL),
    Call(f"PATCH {_APP}", Scope.APPS_WRITE, PARTNERS, {"name": "Other"}),
    Call(f"GET {_APP}/status", Scope.APPS_READ, ALL),
    Call("GET /v1/app-changes", Scope.APPS_READ, REVIEWERS | SERVICES),
    Call(
        f"PUT {_APP}/planned-publication",
        Scope.REVIEWS_DECIDE,
        REVIEWERS,
        {"publish_at": f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"},
        given=_planned,
    ),
    Call(f"DELETE {_APP}/planned-publication", Scope.REVIEWS_DECIDE, REVIEWERS, status=204, given=_planned),
    Call(f"GET {_COMPONENTS}", Scope.APPS_READ, ALL),
    Call(f"GET {_APP}/component-states", Scope.APPS_READ, PEOPLE),
    Call(f"GET {_COMPONENTS}/{{component_id}}", Scope.APPS_READ, ALL),
    Call(
        f"POST {_COMPONENTS}",
        Scope.APPS_WRITE,
        PARTNERS,
        {"kind": "stream", "name": "Events", "settings": STREAM},
        201,
    ),
    Call(f"POST {_COMPONENTS}/{{component_id}}/write-key", Scope.APPS_WRITE, PARTNERS, None, 201),
    Call(f"PATCH {_COMPONENTS}/{{component_id}}", Scope.APPS_WRITE, PARTNERS, {"name": "Other"}),
    Call(f"DELETE {_COMPONENTS}/{{component_id}}", Scope.APPS_WRITE, PARTNERS, status=204, given=_component),
    Call(
        f"POST {_COMPONENTS}/{{component_id}}/tests",
        Scope.TESTS_REPORT,
        SERVICES,
        {"rig": RIG, "results": SENT},
        201,
    ),
    Call(f"GET {_COMPONENTS}/{{component_id}}/tests", Scope.APPS_READ, ALL),
    Call(f"POST {_TEST_RUNS}", Scope.APPS_WRITE, PARTNERS, {"scope": "suite"}, 202, given=_subscription),
    Call(f"GET {_TEST_RUNS}", Scope.APPS_READ, PEOPLE),
    Call(f"GET {_TEST_RUNS}/{{run_id}}", Scope.APPS_READ, PEOPLE, given=_test_run),
    Call(f"GET {_COMPONENTS}/{{component_id}}/test-settings", Scope.APPS_READ, PEOPLE, given=_subscription),
    Call(
        f"PUT {_COMPONENTS}/{{component_id}}/test-settings",
        Scope.APPS_WRITE,
        PARTNERS,
        {"key": "a test key", "settings": {}},
        given=_subscription,
    ),
    Call(
        f"DELETE {_COMPONENTS}/{{component_id}}/test-settings",
        Scope.APPS_WRITE,
        PARTNERS,
        status=204,
        given=_subscription,
    ),
    Call(
        f"POST {_COMPONENTS}/{{component_id}}/mapping-tries",
        Scope.APPS_READ,
        PEOPLE,
        {"event_type": "track"},
        given=_function,
        audited=False,
    ),
    Call(
        f"POST {_COMPONENTS}/{{component_id}}/request-tries",
        Scope.APPS_READ,
        PEOPLE,
        {"event_type": "track"},
        given=_subscription,
        audited=False,
    ),
    Call(f"GET {_COMPONENTS}/{{component_id}}/test-scopes", Scope.APPS_READ, PEOPLE),
    Call(f"GET {_COMPONENTS}/{{component_id}}/events", Scope.APPS_READ, PEOPLE),
    Call(
        f"POST {_COMPONENTS}/{{component_id}}/events",
        Scope.APPS_WRITE,
        PARTNERS,
        {"event": {"type": "track", "event": "Email Opened", "userId": "user-1"}},
        status=201,
    ),
    Call(f"GET {_COMPONENTS}/{{component_id}}/declared-events", Scope.APPS_READ, PEOPLE),
    Call(f"GET {_APP}/checklist", Scope.APPS_READ, ALL),
    Call(f"GET {_APP}/checklist/{{code}}", Scope.APPS_READ, ALL, path={"code": "partner_documentation"}),
    Call(
        f"PUT {_APP}/checklist/{{code}}",
        Scope.APPS_WRITE,
        PARTNERS,
        {"evidence": {"url": "https://acme.example/docs"}},
        path={"code": "partner_documentation"},
    ),
    Call(f"GET {_APP}/checks", Scope.APPS_READ, ALL),
    Call(f"POST {_APP}/checks", Scope.APPS_WRITE, PARTNERS, None, 202),
    Call(f"GET {_APP}/assets", Scope.APPS_READ, ALL),
    Call(f"POST {_APP}/assets", Scope.APPS_WRITE, PARTNERS, LOGO, 201, query="?kind=logo"),
    Call(f"GET {_APP}/assets/{{asset_id}}", Scope.APPS_READ, ALL),
    Call(f"DELETE {_APP}/assets/{{asset_id}}", Scope.APPS_WRITE, PARTNERS, status=204, given=_asset),
    Call(f"GET {_APP}/previews", Scope.APPS_READ, PARTNERS),
    Call(f"POST {_APP}/previews", Scope.APPS_WRITE, PARTNERS, {}, 201),
    Call(f"DELETE {_APP}/previews/{{link_id}}", Scope.APPS_WRITE, PARTNERS, status=204, given=_link),
    Call(f"GET {_APP}/test-account", Scope.REVIEWS_DECIDE, REVIEWERS, given=_test_account, audited=True, recent=True),
    Call(f"GET {_APP}/test-account/readings", Scope.APPS_READ, PEOPLE),
    Call(f"GET {_APP}/messages", Scope.APPS_READ, PARTNERS, path=_SUBMITTED),
    Call(f"POST {_APP}/messages", Scope.APPS_WRITE, PARTNERS, _WORDS, 201, path=_SUBMITTED),
    Call("GET /v1/unread-messages", Scope.APPS_READ, PEOPLE),
    Call("GET /v1/turns", Scope.APPS_READ, PARTNERS),
    Call(f"PUT {_APP}/messages/read", Scope.APPS_WRITE, PARTNERS, _READ, audited=False),
    Call(f"PUT {_REVIEW}/messages/read", Scope.REVIEWS_DECIDE, REVIEWERS, _READ, audited=False),
    Call("POST /v1/transition-requests", Scope.TRANSITIONS_REQUEST, ALL, _asked, 202, hides=True),
    Call("GET /v1/transition-requests", Scope.APPS_READ, ALL, status=404, query="?idempotency_key=nobody-s"),
    Call("GET /v1/transition-requests/{request_id}", Scope.APPS_READ, ALL, hides=True),
    Call(
        "POST /v1/transition-requests/{request_id}/cancel",
        Scope.TRANSITIONS_REQUEST,
        ALL,
        given=_due_request,
        hides=True,
    ),
    Call(f"GET {_APP}/triggers", Scope.APPS_READ, ALL),
    Call(f"GET {_APP}/transitions", Scope.APPS_READ, ALL),
    Call(f"GET {_APP}/transition-requests", Scope.APPS_READ, ALL),
    Call("GET /v1/reviews", Scope.REVIEWS_READ, REVIEWERS),
    Call(f"GET {_REVIEW}", Scope.REVIEWS_READ, REVIEWERS),
    Call("GET /v1/reviews/refused-decisions", Scope.REVIEWS_READ, REVIEWERS),
    Call("POST /v1/reviews/next", Scope.REVIEWS_DECIDE, REVIEWERS, given=_open_review),
    Call("GET /v1/suspensions", Scope.REVIEWS_READ, REVIEWERS),
    Call("GET /v1/grace-periods", Scope.REVIEWS_READ, REVIEWERS),
    Call(f"POST {_APP}/suspension/confirm", Scope.REVIEWS_DECIDE, REVIEWERS, given=_suspended),
    Call(f"POST {_REVIEW}/claim", Scope.REVIEWS_DECIDE, REVIEWERS, given=_open_review),
    Call(f"POST {_REVIEW}/release", Scope.REVIEWS_DECIDE, REVIEWERS, given=_held_review),
    Call(f"POST {_REVIEW}/hand-over", Scope.REVIEWS_DECIDE, REVIEWERS, _another_reviewer, given=_held_review),
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
    Call(
        f"POST {_REVIEW}/decision/preview",
        Scope.REVIEWS_DECIDE,
        REVIEWERS,
        {"decision": "request_changes", "reasons": [{"text": "Mend it."}]},
        given=_held_review,
        audited=False,
    ),
    Call(f"GET {_REVIEW}/draft", Scope.REVIEWS_DECIDE, REVIEWERS, given=_drafted),
    Call(f"PUT {_REVIEW}/draft", Scope.REVIEWS_DECIDE, REVIEWERS, {"text": "Mend"}, audited=False),
    Call(f"DELETE {_REVIEW}/draft", Scope.REVIEWS_DECIDE, REVIEWERS, status=204, audited=False),
    Call(f"GET {_REVIEW}/said", Scope.REVIEWS_READ, REVIEWERS),
    Call(f"GET {_REVIEW}/messages", Scope.REVIEWS_READ, REVIEWERS),
    Call(f"POST {_REVIEW}/messages", Scope.REVIEWS_DECIDE, REVIEWERS, _WORDS, 201),
    Call(f"GET {_REVIEW}/notes", Scope.REVIEWS_READ, REVIEWERS),
    Call(f"POST {_REVIEW}/notes", Scope.REVIEWS_DECIDE, REVIEWERS, _WORDS, 201),
    Call(f"GET {_REASONS}", Scope.REVIEWS_READ, REVIEWERS),
    Call(f"POST {_REASONS}", Scope.REVIEWS_DECIDE, REVIEWERS, _new_reason, 201),
    Call(f"GET {_REASONS}/{{code}}", Scope.REVIEWS_READ, REVIEWERS),
    Call(f"POST {_REASONS}/{{code}}/versions", Scope.REVIEWS_DECIDE, REVIEWERS, {"text": "Mend all of it."}, 201),
    Call(f"DELETE {_REASONS}/{{code}}", Scope.REVIEWS_DECIDE, REVIEWERS, given=_saved_reason),
    Call("GET /v1/statistics/reviews", Scope.REVIEWS_READ, REVIEWERS),
    Call("GET /v1/statistics/saved-reasons", Scope.REVIEWS_READ, REVIEWERS),
    Call("GET /v1/memberships", Scope.REVIEWS_READ, REVIEWERS),
    Call(f"GET {_APP}/membership", Scope.APPS_READ, PEOPLE, path=_APPLIED),
    Call(f"POST {_APP}/membership", Scope.APPS_WRITE, PARTNERS, {}, 201, given=_public_app, path=_APPLIED),
    Call(
        f"POST {_APP}/membership/decision",
        Scope.REVIEWS_DECIDE,
        REVIEWERS,
        {"decision": "accept"},
        given=_applicant,
    ),
    Call(
        f"DELETE {_APP}/membership",
        Scope.APPS_WRITE,
        PEOPLE,
        given=_applicant,
        path=_APPLIED,
        other_scopes=((Role.REVIEWER, Scope.REVIEWS_DECIDE),),
    ),
    Call("POST /v1/usage", Scope.USAGE_REPORT, SERVICES, _used),
    Call(f"GET {_APP}/customers", Scope.APPS_READ, ALL),
    Call(f"PUT {_APP}/customers/{{workspace}}", Scope.USAGE_REPORT, SERVICES, given=_new_workspace),
    Call(f"DELETE {_APP}/customers/{{workspace}}", Scope.USAGE_REPORT, SERVICES, given=_customer),
    Call(f"GET {_APP}/oauth-installs", Scope.APPS_READ, ALL),
    Call(f"PUT {_APP}/oauth-installs/{{workspace}}", Scope.USAGE_REPORT, SERVICES, given=_new_workspace),
    Call(f"DELETE {_APP}/oauth-installs/{{workspace}}", Scope.USAGE_REPORT, SERVICES, given=_install),
    Call("GET /v1/tokens", Scope.ADMIN, PEOPLE, other_scopes=_OWN_TOKENS),
    Call("POST /v1/tokens", Scope.ADMIN, PEOPLE, _new_token, 201, other_scopes=_OWN_TOKENS, recent=True),
    Call("GET /v1/tokens/{token_id}", Scope.ADMIN, PEOPLE, given=_token, hides=True, other_scopes=_OWN_TOKENS),
    Call(
        "DELETE /v1/tokens/{token_id}",
        Scope.ADMIN,
        PEOPLE,
        status=204,
        given=_token,
        hides=True,
        other_scopes=_OWN_TOKENS,
        recent=True,
    ),
    Call("GET /v1/sessions", Scope.REVIEWS_DECIDE, PEOPLE, other_scopes=_OWN_SESSIONS),
    Call(
        "DELETE /v1/sessions/{session_id}",
        Scope.REVIEWS_DECIDE,
        PEOPLE,
        status=204,
        given=_session,
        path={"session_id": str(uuid4())},
        other_scopes=_OWN_SESSIONS,
    ),
    Call("GET /v1/me", Scope.APPS_READ, PEOPLE),
    Call(
        "PUT /v1/me/news",
        Scope.PEOPLE_MANAGE,
        PEOPLE,
        {"news": {}},
        other_scopes=((Role.REVIEWER, Scope.REVIEWS_DECIDE),),
    ),
    Call(
        "PUT /v1/me/time-zone",
        Scope.PEOPLE_MANAGE,
        PEOPLE,
        {"time_zone": "Europe/Berlin"},
        other_scopes=((Role.REVIEWER, Scope.REVIEWS_DECIDE),),
    ),
    Call("POST /v1/me/address", Scope.PEOPLE_MANAGE, OWNERS, _new_address, 202),
    Call("GET /v1/staff", Scope.REVIEWS_READ, REVIEWERS),
    Call("POST /v1/staff", Scope.ADMIN, ADMINS, _new_reviewer, 201, recent=True),
    Call("GET /v1/staff/{person_id}", Scope.REVIEWS_READ, REVIEWERS, given=_reviewer),
    Call("DELETE /v1/staff/{person_id}", Scope.ADMIN, ADMINS, status=204, given=_reviewer, recent=True),
    Call(
        "PUT /v1/staff/{person_id}/absence",
        Scope.REVIEWS_DECIDE,
        REVIEWERS,
        {"until": f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"},
        given=_oneself,
    ),
    Call("DELETE /v1/staff/{person_id}/absence", Scope.REVIEWS_DECIDE, REVIEWERS, given=_oneself),
    Call("GET /v1/policies", Scope.ADMIN, ADMINS),
    Call("POST /v1/policies", Scope.ADMIN, ADMINS, _new_policy, 201, recent=True),
    Call("POST /v1/policies/preview", Scope.ADMIN, ADMINS, _document, audited=False),
    Call("GET /v1/policies/current", Scope.ADMIN, ADMINS),
    Call("GET /v1/policies/schema", Scope.ADMIN, ADMINS),
    Call("GET /v1/policies/{version}", Scope.ADMIN, ADMINS),
    Call("GET /v1/audit", Scope.ADMIN, ADMINS),
    Call("GET /v1/allowed-slugs", Scope.ADMIN, ADMINS),
    Call("PUT /v1/allowed-slugs/{look_alike}", Scope.ADMIN, ADMINS, _company_of_partner, path={"look_alike": "mall"}),
    Call(
        "DELETE /v1/allowed-slugs/{look_alike}",
        Scope.ADMIN,
        ADMINS,
        status=204,
        given=_allowed_slug,
        path={"look_alike": "mall"},
    ),
    Call("POST /v1/erasures", Scope.ADMIN, ADMINS, _leaver, recent=True),
    Call("GET /v1/dead", Scope.ADMIN, ADMINS),
    Call("GET /v1/dead/{kind}", Scope.ADMIN, ADMINS, path={"kind": "transition_request"}),
    Call("POST /v1/dead/{kind}/replay", Scope.ADMIN, ADMINS, body={"lane": "-"}, path={"kind": "notification"}),
    Call("POST /v1/dead/rejected_message/acknowledge", Scope.ADMIN, ADMINS, {"error": "no such error"}),
    Call(
        "POST /v1/dead/rejected_message/{message_id}/acknowledge",
        Scope.ADMIN,
        ADMINS,
        given=_rejected_message,
    ),
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
        "POST /v1/access-requests",
        "GET /v1/invitations/{code}",
        "POST /v1/invitations/{code}/accept",
        "GET /v1/proofs/{code}",
        "POST /v1/proofs/{code}",
        "POST /v1/token-recoveries",
        "POST /v1/sign-in-codes",
        "POST /v1/sign-ins",
        "POST /v1/staff-sign-ins",
        "POST /v1/staff-sign-ins/finish",
        "GET /v1/sign-ins/{secret}",
        "POST /v1/sign-ins/{secret}",
        "GET /v1/unsubscribe/{token}",
        "POST /v1/unsubscribe/{token}",
        "GET /v1/assets/{asset_id}",
        "GET /v1/catalog",
        "GET /v1/categories",
        "GET /v1/catalog/{slug}",
        "GET /v1/guides",
        "GET /v1/guides/{name}",
        "GET /v1/previews/{token}",
        "GET /v1/spec/events",
        "GET /docs",
        "GET /docs/{name}",
        "GET /openapi.json",
    }
)
"""Routes that need no token. They return only what everyone may have. For an invitation or
a proof one needs its one-time code, and to see a preview or to switch news off one needs its link."""
