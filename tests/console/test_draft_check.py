"""Checking a draft by a button: the report as it comes, and what is new, still there or fixed since the last time."""

import json
from typing import Any

from sqlalchemy import text

from tests.api.running import Service
from tests.console.browsing import Page
from tests.console.signing_in import browser_of

OLD = {"code": "link.missing", "detail": "A link is missing.", "remedy": "Add it.", "where": "a"}
BOTH = {"code": "docs.not_named", "detail": "The page does not name it.", "remedy": "Name it.", "where": "b"}
NEW = {
    "code": "link.broken",
    "detail": "A link is broken.",
    "remedy": "Mend it.",
    "where": "c",
    "evidence": "<b>404</b>",
}


def check_page(service: Service, slug: str) -> str:
    """Creates an App with evidence that can be checked. Returns the path of the page of its checks."""
    service.partner("POST", "/v1/apps", {"slug": slug, "name": "Acme Charts"})
    evidence = {"evidence": {"url": "https://acme.example/docs"}}
    given = service.partner("PUT", f"/v1/apps/{slug}/checklist/partner_documentation", evidence)
    assert given.status_code == 200, given.text
    return f"/apps/{slug}/review"


def checked(service: Service, slug: str, *findings: dict[str, Any]) -> None:
    """Has the draft checked, and every step look at it: the one of the page finds `findings`, the others nothing."""
    started = service.partner("POST", f"/v1/apps/{slug}/checks")
    assert started.status_code == 202, started.text
    with service.engine.begin() as connection:
        connection.execute(
            text("""UPDATE draft_check SET status = 'done', finished_at = now(),
                           state = CASE WHEN code = 'partner_documentation' AND :found <> '[]' THEN 'failed'
                                        ELSE 'passed' END,
                           findings = CASE WHEN code = 'partner_documentation' THEN CAST(:found AS jsonb)
                                           ELSE '[]' END
                     WHERE status = 'due' AND app_id = (SELECT id FROM app WHERE slug = :slug)"""),
            {"slug": slug, "found": json.dumps(findings)},
        )


def checked_twice_page(service: Service, slug: str) -> str:
    """Has the draft checked twice. Returns the path of the page of its checks."""
    path = check_page(service, slug)
    checked(service, slug, OLD, BOTH)
    checked(service, slug, BOTH, NEW)
    return path


def test_a_draft_is_checked_once_by_its_button_and_the_report_comes_by_itself(shared_service: Service) -> None:
    path = check_page(shared_service, "button-check")
    browser = browser_of(shared_service, "partner")
    page = browser.open(path)
    assert "Your draft was not checked yet." in page.words
    (key,) = page.tree.xpath("//form[contains(@action, 'review/check')]//input[@name='key']/@value")
    for _ in range(2):
        assert browser.post(f"{path}/check", key=str(key)).headers["Location"] == f"{path}#draft"
    assert shared_service.partner("GET", "/v1/apps/button-check/checks").json()["run"] == 1
    under_way = browser.news(path).text
    assert ("hx-trigger" in under_way, "<button" in under_way, "under way" in under_way) == (True, False, True)


def test_what_was_found_is_new_or_still_there_and_what_is_fixed_is_said(shared_service: Service) -> None:
    path = checked_twice_page(shared_service, "standings")
    page = browser_of(shared_service, "partner").open(path)
    found = [" ".join(one.text_content().split()) for one in page.tree.xpath("//ul[@class='findings']/li")]
    assert any(one.startswith(f"Still there {BOTH['detail']} Name it.") for one in found)
    assert any(one.startswith(f"New {NEW['detail']}") and "<b>404</b>" in one for one in found)
    assert "/apps/standings/checklist/partner_documentation" in page.tree.xpath("//*[@id='checks']//a/@href")
    assert f"Fixed {OLD['detail']}" in page.words
    assert not page.tree.xpath("//*[@hx-get]")


def test_what_cannot_be_checked_is_said(shared_service: Service) -> None:
    shared_service.partner("POST", "/v1/apps", {"slug": "empty-check", "name": "Acme Empty"})
    browser = browser_of(shared_service, "partner")
    refused = browser.post("/apps/empty-check/review/check", key="a-key-for-nothing")
    assert refused.status_code == 409
    assert "No evidence is given yet" in Page(refused.url, refused).words
