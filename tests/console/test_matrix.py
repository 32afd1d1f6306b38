"""Every page and every form by every role, for what is its own, another company's, and for what there is not."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
import requests
from sqlalchemy import Engine, text
from starlette.routing import Route

from console.door import ONE_CLICK
from console.visiting import roles_of
from models.lifecycle import Role
from tests.api.access import colleague_in, company_in
from tests.api.running import Service
from tests.console.browsing import Page
from tests.console.prepared import PAGES, address_of
from tests.console.signing_in import Browser, browser_of, signed_in
from tests.console.test_pages import POLICY
from tests.console.walking import (
    ROUTES,
    SENT,
    Sent,
    every_form,
    filled,
    kept_fields,
    next_in,
    params_of,
    route_of,
    sent_to,
)
from tests.journeys import staff_member
from workflow.identity.actors import Actor

ROLES = ("partner", "reviewer", "admin")
SENT_BY_ALL = frozenset({"/sign-out"})
"""Forms for everybody that are not on a page of their own."""
NOT_OURS = "This page is not for you"
FOREIGN: tuple[Mapping[str, str], ...] = (
    {},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8787"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:8787.evil.example"},
)
"""What browsers, or programs, say of where a form is when it is on no page of ours."""


def is_to_sign_in(answer: requests.Response) -> bool:
    """Returns whether the answer sends somebody to sign in, or keeps what they sent until they have."""
    if answer.request.method == "GET":
        return answer.status_code == 303 and next_in(answer.headers["Location"]) != ""
    return answer.status_code == 401 and Page(answer.url, answer).heading == "You are signed out"


def paths_of(service: Service) -> list[str]:
    """Returns the paths of all pages that are for people who are signed in, with their queries."""
    addresses = [urlsplit(address_of(service, name)) for name in PAGES]
    guarded = [one for one in addresses if roles_of(route_of("GET", one.path)) is not None]
    return sorted({one.path + (f"?{one.query}" if one.query else "") for one in guarded})


def test_what_is_for_everybody_is_said_to_be_and_all_else_is_for_roles(prepared_service: Service) -> None:
    told: dict[str, set[str | None]] = {}
    for name, address in PAGES.items():
        told.setdefault(route_of("GET", urlsplit(address_of(prepared_service, name)).path).path, set()).add(
            address.role
        )
    for route in ROUTES:
        roles = roles_of(route)
        if roles is None:
            assert route.path in SENT_BY_ALL or None in told.get(route.path, set()), f"{route.path} is for everybody"
        else:
            assert set(roles) <= set(ROLES)
            assert told.get(route.path, set()) <= set(roles), f"{route.path} is opened by others than it is for"


@pytest.mark.parametrize("role", [None, *ROLES])
def test_every_page_and_every_form_is_refused_outside_its_roles(prepared_service: Service, role: str | None) -> None:
    browser = browser_of(prepared_service, role)
    for path in paths_of(prepared_service):
        page = browser.open(path, follow=False)
        _judge(route_of("GET", urlsplit(path).path), role, page, path)
    for route in SENT:
        sent, roles = sent_to(prepared_service, route), roles_of(route)
        if roles is not None and role not in roles:
            refused = browser.send(sent.path, sent.fields)
            _judge(route, role, Page(refused.url, refused), sent.path)
            if role is None:
                assert kept_fields(Page(refused.url, refused)) == set(sent.fields)
    for route in SENT:  # what acts is tried on what there is not, by a browser that may be signed out by it
        if role in (roles_of(route) or ()):  # last, because a person has some sessions at most
            used = browser_of(prepared_service, role).send(filled(route), ())
            _judge(route, role, Page(used.url, used), filled(route))


def _judge(route: Route, role: str | None, page: Page, path: str) -> None:
    """Holds the answer against who may use the route."""
    answer, roles = page.answer, roles_of(route)
    assert answer.headers["Content-Security-Policy"] == POLICY, path
    assert answer.headers["Cache-Control"] == "no-store", path
    if role is None:
        assert is_to_sign_in(answer), (path, answer.status_code, answer.text)
    elif role not in (roles or ()):
        assert (answer.status_code, page.heading) == (403, NOT_OURS), (path, role)
        assert role in page.words
        assert len(page.tree.xpath("//main//*")) <= 3, f"{path}: says more than that it is for others"
    else:
        assert answer.status_code < 500, (path, role, answer.text)
        assert not is_to_sign_in(answer), (path, role)
        assert NOT_OURS not in answer.text, (path, role)


def test_a_form_of_another_origin_changes_nothing_on_any_route(prepared_service: Service) -> None:
    every_form(prepared_service)  # whose pages have to be made before
    browsers = {role: browser_of(prepared_service, role) for role in (None, *ROLES)}
    before = contents_of(prepared_service.engine)
    for route in SENT:
        if route.path.startswith(ONE_CLICK):
            continue
        sent, roles = sent_to(prepared_service, route), roles_of(route)
        for headers in FOREIGN:
            refused = browsers[roles[0] if roles else None].send(sent.path, sent.fields, dict(headers))
            assert refused.status_code == 403, (route.path, headers)
            assert "does not come from one of our pages" in refused.text
            assert refused.headers["Content-Security-Policy"] == POLICY
            assert "Set-Cookie" not in refused.headers
    assert contents_of(prepared_service.engine) == before


def contents_of(engine: Engine) -> dict[str, str]:
    """Returns a digest of what is in each table. When tokens were used last is left out: looking at one notes that."""
    with engine.connect() as connection:
        tables = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars().all()
        return {
            table: str(
                connection.scalar(
                    text(
                        "SELECT md5(coalesce(string_agg(one, '' ORDER BY one), '')) FROM (SELECT (to_jsonb(t) -"
                        f" '{{last_used_at,idle_ends_at}}'::text[])::text AS one FROM {table} t) shown"
                    )
                )
            )
            for table in tables
        }


_EACH_ITS_OWN = ("date", "x-request-id")


@dataclass(frozen=True, slots=True)
class _Seen:
    """What somebody can tell an answer by."""

    status: int
    headers: tuple[tuple[str, str], ...]
    text: str

    @classmethod
    def of(cls, answer: requests.Response, *named: str) -> "_Seen":
        """Returns what is seen, with what the request named itself, and what is new on every page, left out."""
        headers = {name.lower(): value for name, value in answer.headers.items() if name.lower() not in _EACH_ITS_OWN}
        words = re.sub(r'(name="key" value=")[^"]*', r"\1", answer.text)
        for one in named:
            words = words.replace(one, "*" * len(one))
        return cls(answer.status_code, tuple(sorted(headers.items())), words)


def test_what_is_another_companys_is_answered_like_what_there_is_not(prepared_service: Service) -> None:
    _, person_id, owner = company_in(prepared_service, "elsewhere")
    company = owner("GET", "/v1/me").json()["organization_id"]
    own_app = owner("POST", "/v1/apps", {"slug": "elsewhere-charts", "name": "Elsewhere"})
    assert own_app.status_code == 201, own_app.text
    stranger = signed_in(prepared_service, Actor(UUID(person_id), Role.PARTNER, UUID(company)))
    pages = [("GET", Sent(path)) for path in paths_of(prepared_service)]
    (app, *_) = (path for path in paths_of(prepared_service) if path.startswith("/apps/"))
    tried = 0
    for method, sent in [*pages, *(("POST", sent_to(prepared_service, route)) for route in SENT)]:
        path = urlsplit(sent.path).path.replace("/apps/none", "/".join(app.split("/")[:3]))
        route = route_of(method, path)
        has_form = method == "GET" or route.path in every_form(prepared_service)
        for (theirs, named), (nobodys, other) in _pairs(route, path):
            seen = _Seen.of(_asked(stranger, method, theirs, sent), named)
            # A form may name the App too, in what is typed: it is shown again.
            nothing = _Seen.of(_asked(stranger, method, nobodys, sent), other, named)
            assert seen == nothing, (method, theirs, nobodys)
            assert seen.status == 404 or (seen.status == 422 and not has_form), (method, theirs, seen)
            tried += 1
    assert tried >= 8


def _pairs(route: Route, path: str) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """Yields pairs of paths with what they name: one that is another company's, and one that there is not.

    The App is one such thing; what belongs to an App is tried below an App of the stranger's own.
    """
    if "partner" not in (roles_of(route) or ()):
        return
    params = params_of(route, path)
    owned = [name for name in params if name == "slug" or name == "id" or name.endswith("_id")]
    for name in owned:
        theirs = params[name]
        other = str(uuid4()) if _is_uuid(theirs) else "z" * len(theirs)
        yield (
            (route.path_format.format(**params), theirs),
            (route.path_format.format(**params | {name: other}), other),
        )
        if name == "slug":
            params |= {"slug": "elsewhere-charts"}


def _is_uuid(given: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", given) is not None


def _asked(browser: Browser, method: str, path: str, sent: Sent) -> requests.Response:
    if method == "GET":
        return browser.open(path, follow=False).answer
    return browser.send(path, [(name, f"key-{uuid4().hex}" if name == "key" else one) for name, one in sent.fields])


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("how", ["revoked", "removed"])
def test_whoever_is_out_is_out_at_the_next_click_on_every_page(prepared_service: Service, role: str, how: str) -> None:
    actor = _somebody(prepared_service, role, f"{role}-{how}")
    browser = signed_in(prepared_service, actor)
    assert not is_to_sign_in(browser.open("/sessions", follow=False).answer)
    _end(prepared_service, actor, how)
    for path in paths_of(prepared_service):
        assert is_to_sign_in(browser.open(path, follow=False).answer), path
    for route in SENT:
        if roles_of(route) is not None:
            sent = sent_to(prepared_service, route)
            assert is_to_sign_in(browser.send(sent.path, sent.fields)), route.path


def _somebody(service: Service, role: str, name: str) -> Actor:
    if role != "partner":
        return staff_member(service.engine, name, Role(role))
    organization_id = service.people.partner.organization_id
    assert organization_id is not None
    person_id, _ = colleague_in(service, service.partner, str(organization_id), f"{name}@acme.example")
    return Actor(UUID(person_id), Role.PARTNER, organization_id)


def _end(service: Service, actor: Actor, how: str) -> None:
    if how == "removed":
        path = f"/v1/organizations/{actor.organization_id}/people/{actor.id}" if actor.organization_id else ""
        gone = service.partner("DELETE", path) if path else service.admin("DELETE", f"/v1/staff/{actor.id}")
        assert gone.status_code in (200, 204), gone.text
        return
    with service.engine.begin() as connection:
        statement = "UPDATE api_token SET revoked_at = now() WHERE person_id = :id AND kind = 'session'"
        assert connection.execute(text(statement), {"id": actor.id}).rowcount == 1
