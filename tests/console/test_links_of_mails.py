"""Every mail leads to its page: one that the console serves, and that whoever gets the mail may open."""

from uuid import UUID

import pytest
from starlette.applications import Starlette

from console.client import ApiClient
from console.main import ROOMS
from console.rendering import Pages, Words
from models.lifecycle import AppState, Role
from tests.api.access import ask, body_of
from tests.api.catalog import listed
from tests.api.running import Service
from tests.console.pages.review import review_page
from tests.console.signing_in import browser_of
from tests.factories import app_in
from tests.launch import WEBHOOK
from tests.workers.test_mail import DATA, composed_letter
from tests.workflow.lifecycle.test_batch import FOLLOWS
from workflow.notifications.kinds import NotificationKind
from workflow.notifications.links import PLACES, link_of, mended_at

KNOWN = {
    "app": "acme",
    "review": str(UUID(int=1)),
    "component": str(UUID(int=2)),
    "request": str(UUID(int=3)),
    "organization": str(UUID(int=4)),
}
IN_THE_TEXT = {"welcome", "colleague_invited", "access_proof", "address_proof", "token_proof", "sign_in"}
NOWHERE = {"person_removed", "address_changed"}
"""Who was removed, and whose address it no longer is, can open nothing."""
PEOPLE = (Role.PARTNER, Role.REVIEWER, Role.ADMIN)


def _route_of(path: str) -> str | None:
    rooms = [route for room in ROOMS for route in room.routes(ApiClient(Starlette()), Pages(Words("", "")))]
    shown = [route for route in rooms if "GET" in (route.methods or ())]
    return next((route.path for route in shown if route.path_regex.match(path.partition("?")[0])), None)


def _roles_of(kind: NotificationKind) -> list[Role | None]:
    """Returns the roles of the people whom this mail leads anywhere, None for an address of nobody yet."""
    return [role for role in (*PEOPLE, None) if link_of(kind, role, KNOWN, call=None, pages=True)]


@pytest.mark.parametrize("kind", NotificationKind)
def test_every_mail_leads_to_a_page_that_the_console_serves(kind: NotificationKind) -> None:
    roles = _roles_of(kind)
    assert bool(roles) == (kind not in IN_THE_TEXT | NOWHERE)
    for known in (KNOWN, {"app": "acme"}, {}):
        for role in roles:
            link = link_of(kind, role, known, call=None, pages=True)
            assert link is None or _route_of(link.path), link
            assert link is None or link.label
    for place in PLACES[kind]:
        assert _route_of(place.path.format(**KNOWN)), place


@pytest.mark.parametrize("kind", sorted(IN_THE_TEXT))
def test_a_mail_with_a_code_has_its_page_in_its_text(kind: str) -> None:
    said = composed_letter(kind).get_content()
    (page,) = [line.strip() for line in said.splitlines() if line.strip().startswith("https://platform.example/")]
    assert _route_of(page.removeprefix("https://platform.example")), page
    assert page.endswith(f"/{DATA['secret']}")


def test_whoever_is_told_of_a_transition_is_led_somewhere() -> None:
    told = {one for _, follows in FOLLOWS.values() for one in follows.told}
    assert [one for one in told if Role(one[1]) not in _roles_of(NotificationKind(one[0]))] == []


def test_every_page_of_a_mail_opens_for_each_of_its_recipients(shared_service: Service) -> None:
    listed(shared_service, "mailed-app", "Mailed", ["Video"], "Is an App about which many mails are sent to everybody.")
    app_in(shared_service.engine, shared_service.people, "mailed-other", AppState.BUILDING)
    review = review_page(shared_service, "mailed-review").rpartition("/")[2]
    made = shared_service.partner("POST", "/v1/apps/mailed-app/components", WEBHOOK)
    assert made.status_code == 201, made.text
    component_id = made.json()["id"]
    request = ask(shared_service, body_of("mailed-company"))["id"]
    about = {"app": "mailed-app", "review": review, "component": component_id, "request": request}
    about["organization"] = str(shared_service.people.partner.organization_id)
    browsers = {role: browser_of(shared_service, role.value if role else None) for role in (*PEOPLE, None)}
    links = {
        (role, link.path)
        for kind in NotificationKind
        for role in _roles_of(kind)
        if (link := link_of(kind, role, about, call=None, pages=True))
    }
    answers = {one: browsers[one[0]].open(one[1]).answer.status_code for one in links}
    refused = {one: status for one, status in answers.items() if status != 200}
    assert refused == {}
    assert len(links) > len(PEOPLE)


def test_without_pages_a_mail_keeps_the_call() -> None:
    kind = NotificationKind.NEW_ACCESS_REQUEST
    link = link_of(kind, Role.REVIEWER, KNOWN, call="/v1/access-requests/1", pages=False)
    assert link is not None
    assert (link.path, link.label) == ("/v1/access-requests/1", "")
    assert link_of(kind, Role.REVIEWER, KNOWN, call=None, pages=False) is None
    assert mended_at("partners_page", "acme", pages=False) == "/v1/apps/acme/checklist/partners_page"
    assert mended_at("partners_page", "acme", pages=True) == "/apps/acme/checklist/partners_page"
    assert _route_of(mended_at("component_tests", "acme", pages=True))
