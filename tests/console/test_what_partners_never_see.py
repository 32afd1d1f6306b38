"""No page for a partner holds a note, a draft or a reviewer's name, whatever was written about the company's Apps."""

from collections import Counter
from urllib.parse import urljoin, urlsplit

import pytest
import requests
from sqlalchemy import text

from console.visiting import roles_of
from models.lifecycle import AppState, AppTrigger, ReviewKind
from tests.api.running import Service
from tests.console.browsing import Page
from tests.console.prepared import PAGES, address_of
from tests.console.signing_in import COOKIE, Browser, signed_in
from tests.console.walking import SHOWN
from tests.factories import app_in, move

NAMES = ("Quillon Zebrawood", "Xanthippe Ironmonger")
NOTE = "Only among ourselves: their last product was a disaster."
DRAFT = "Perhaps we should refuse this one."
MOST_PAGES = 500
ALIKE = 3
"""Of the pages of one route that are about Apps without secrets, how many are opened."""
NARROWED = 4
"""In how many ways a list is narrowed: its filters show the same rows, or fewer."""


@pytest.fixture(scope="module")
def secrets(prepared_service: Service) -> list[str]:
    """What partners never see: of Apps in all states, whose reviews have notes, drafts and decided steps."""
    people, engine = prepared_service.people, prepared_service.engine
    staff = [(people.reviewer, NAMES[0], "quillon@zebrawood.example"), (people.admin, NAMES[1], "xan@iron.example")]
    with engine.begin() as connection:
        for actor, name, email in staff:
            statement = "UPDATE person SET name = :name, email = :email WHERE id = :id"
            connection.execute(text(statement), {"name": name, "email": email, "id": actor.id})
    for state, kind in (
        (AppState.SUBMITTED, ReviewKind.FIRST),
        (AppState.SUBMITTED, ReviewKind.APPEAL),
        (AppState.PUBLIC_BETA, ReviewKind.REVISION),
        (AppState.PUBLIC, None),
        (AppState.SUSPENDED, None),
    ):
        app_in(engine, people, f"whispered-{state.replace('_', '-')}-{kind or 'none'}", state, kind)
    app_in(engine, people, "whispered-changes", AppState.SUBMITTED)
    for review in prepared_service.reviewer("GET", "/v1/reviews?show=open&limit=200").json()["items"]:
        if review["app"].startswith("whispered"):
            _write(prepared_service, review["id"])
        elif (review["holder"] or {}).get("id") == str(people.reviewer.id):  # one person holds some reviews at most
            prepared_service.reviewer("POST", f"/v1/reviews/{review['id']}/release")
    move(engine, people, "whispered-changes", AppTrigger.REQUEST_CHANGES)
    return [*NAMES, NOTE, DRAFT, *(email for _, _, email in staff), *(str(actor.id) for actor, _, _ in staff)]


def _write(service: Service, review_id: str) -> None:
    """Has the reviewer hold the review, note something, keep a draft, decide a step, and write to the partner."""
    path = f"/v1/reviews/{review_id}"
    held = service.reviewer("POST", f"{path}/claim")
    noted = service.reviewer("POST", f"{path}/notes", {"text": NOTE})
    drafted = service.reviewer("PUT", f"{path}/draft", {"text": DRAFT, "saved": []})
    written = service.reviewer("POST", f"{path}/messages", {"text": "What do you mean?"})
    assert [one.status_code < 300 for one in (noted, drafted, written)] == [True] * 3
    if held.status_code == 200:  # an appeal is another person's than the decision
        for step in service.reviewer("GET", path).json()["steps"][:2]:
            passed = {"decision": "pass", "reason": NOTE}
            assert service.reviewer("POST", f"{path}/steps/{step['code']}", passed).status_code == 200


def walked(browser: Browser, starts: list[str]) -> dict[str, Page]:
    """Returns the pages that links lead to from these, by path, with the answers to what asks for itself.

    They are all pages but those about Apps that have no secrets, of which they are some of each route, and but lists
    that are narrowed in too many ways.
    """
    waiting, found = list(starts), dict[str, Page]()
    alike, narrowed = Counter[str](), Counter[str]()
    while waiting and len(found) < MOST_PAGES:
        path = waiting.pop(0)
        page = browser.open(path)
        found[path] = page
        if not page.answer.headers["Content-Type"].startswith("text/html"):
            continue
        for live in page.tree.xpath("//@hx-get"):
            headers = {"Cookie": f"{COOKIE}={browser.cookie}", "HX-Request": "true"}
            answer = requests.get(urljoin(page.url, live), headers=headers, timeout=20)
            found[f"{live}, refreshed"] = Page(answer.url, answer)
        for href in page.tree.xpath("//a/@href"):
            parts = urlsplit(urljoin(page.url, href))
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            is_ours = parts.netloc == urlsplit(browser.url).netloc
            if not is_ours or target in found or target in waiting or parts.path.startswith("/sign-in"):
                continue
            route = next((one.path for one in SHOWN if one.path_regex.match(parts.path)), parts.path)
            alike[route] += 1
            narrowed[parts.path] += bool(parts.query)
            is_wanted = "whispered" in target or not target.startswith("/apps/") or alike[route] <= ALIKE
            if is_wanted and narrowed[parts.path] <= NARROWED:
                waiting.append(target)
    return found


def test_no_page_of_a_partner_holds_a_note_or_a_reviewers_name(prepared_service: Service, secrets: list[str]) -> None:
    own = [address_of(prepared_service, name) for name, address in PAGES.items() if address.role == "partner"]
    starts = ["/", *(url.removeprefix(prepared_service.url) for url in own)]
    pages = walked(signed_in(prepared_service, prepared_service.people.partner), starts)
    assert 20 < len(pages) < MOST_PAGES
    told = {(path, one) for path, page in pages.items() for one in secrets if one in page.answer.text}
    assert told == set()
    paths = [urlsplit(path.partition(",")[0]).path for path in pages]
    partners = [route for route in SHOWN if "partner" in (roles_of(route) or ())]
    assert [route.path for route in partners if not any(map(route.path_regex.match, paths))] == []
    seen = "".join(page.answer.text for path, page in pages.items() if "whispered" in path)
    assert "What do you mean?" in seen
    assert "because" in seen


def test_reviewers_see_all_of_it(prepared_service: Service, secrets: list[str]) -> None:
    pages = walked(signed_in(prepared_service, prepared_service.people.admin), ["/reviews"])
    whole = "".join(page.answer.text for page in pages.values())
    assert [one for one in (NOTE, *NAMES) if one not in whole] == []
    assert secrets
