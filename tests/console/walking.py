"""All routes of the pages, and a walk over all that can be opened, which finds the forms that lead to them."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urljoin, urlsplit

from lxml import html
from starlette.applications import Starlette
from starlette.convertors import IntegerConvertor, StringConvertor, UUIDConvertor
from starlette.routing import Match, Route

from console.client import ApiClient
from console.main import ROOMS
from console.rendering import Pages, Words
from tests.api.running import Service
from tests.console.browsing import Page
from tests.console.prepared import PAGES, address_of
from tests.console.signing_in import browser_of

ROUTES = [route for room in ROOMS for route in room.routes(ApiClient(Starlette()), Pages(Words("", "")))]
SHOWN = [route for route in ROUTES if "GET" in (route.methods or ())]
SENT = [route for route in ROUTES if "POST" in (route.methods or ())]
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
_UNKNOWN: dict[type, str] = {UUIDConvertor: UNKNOWN_ID, IntegerConvertor: "1", StringConvertor: "none"}


@dataclass(frozen=True, slots=True)
class Sent:
    """What the browser sends when a button is pressed: where to, and the fields of its form."""

    path: str
    fields: tuple[tuple[str, str], ...] = ()


def route_of(method: str, path: str) -> Route:
    """Returns the route that answers a request."""
    scope = {"type": "http", "method": method, "path": path, "headers": []}
    found: Route = next(route for route in ROUTES if route.matches(scope)[0] is Match.FULL)
    return found


def params_of(route: Route, path: str) -> dict[str, str]:
    """Returns the parameters of the route in the path."""
    found = route.path_regex.match(path)
    assert found is not None, (route.path, path)
    return found.groupdict()


def filled(route: Route) -> str:
    """Returns a path of the route that names nothing that there is."""
    kinds = {name: type(kind).__name__ for name, kind in route.param_convertors.items()}
    unknown = {
        name: {"UUIDConvertor": UNKNOWN_ID, "IntegerConvertor": "1"}.get(kind, "none") for name, kind in kinds.items()
    }
    return route.path_format.format(**unknown)


def forms_on(page: Page) -> Iterator[Sent]:
    """Yields what each button of the page sends, with the fields as the page fills them."""
    for form in page.tree.xpath("//form[@method='post']"):
        for button in form.xpath(".//button[not(@type) or @type='submit']"):
            pairs = [(name, str(value)) for name, value in form.form_values()]
            if button.get("name"):
                pairs.append((button.get("name"), button.get("value", "")))
            where = urljoin(page.url, button.get("formaction") or form.get("action") or page.url)
            yield Sent(urlsplit(where).path, tuple(pairs))


def every_form(service: Service) -> dict[str, Sent]:
    """Returns a form for each route to which one leads on our people's pages, by its path. Looks once for a service."""
    if service.url not in _forms:
        found: dict[str, Sent] = {}
        browsers = {role: browser_of(service, role) for role in {address.role for address in PAGES.values()}}
        for name, address in PAGES.items():
            for sent in forms_on(browsers[address.role].open(address_of(service, name))):
                found.setdefault(route_of("POST", sent.path).path, sent)
        _forms[service.url] = found
    return _forms[service.url]


_forms: dict[str, dict[str, Sent]] = {}


def sent_to(service: Service, route: Route) -> Sent:
    """Returns what a form for the route sends. If no page has one now, it is empty, and for what there is not."""
    return every_form(service).get(route.path) or Sent(filled(route))


def kept_fields(page: Page) -> set[tuple[str, str]]:
    """Returns the fields that the one form of the page's main part holds."""
    (form,) = page.tree.xpath("//main//form")
    assert isinstance(form, html.FormElement)
    return {(name, str(value)) for name, value in form.form_values()}


def next_in(location: str) -> str:
    """Returns where somebody is sent back to who is sent to sign in, "" for an answer that does not send to sign in."""
    parts = urlsplit(location)
    return parse_qs(parts.query).get("next", [""])[0] if parts.path == "/sign-in" else ""
