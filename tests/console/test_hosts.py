"""A partner's page of hosts: beginning to show that one is theirs, having it checked, and removing it."""

from tests.api.running import Service
from tests.console.browsing import Page
from tests.console.signing_in import browser_of


def test_a_host_is_begun_with_its_challenge_checked_and_removed(shared_service: Service) -> None:
    browser = browser_of(shared_service, "partner")
    page = browser.open("/hosts?host=hooks.acme-charts.app")
    assert "No other host has been shown to be yours" in page.words
    begun = browser.press(page)
    assert begun.headers["Location"].startswith("/hosts#host-")
    page = browser.open("/hosts")
    path = f"/v1/organizations/{shared_service.people.partner.organization_id}/host-proofs"
    (proof,) = shared_service.partner("GET", path).json()["items"]
    shown = [one.text_content() for one in page.tree.xpath("//code[@class='token']")]
    assert shown == [proof["challenge"], proof["page_url"], proof["record_name"]]
    assert not page.tree.xpath("//*[@hx-get]")
    checked = browser.post(f"/hosts/{proof['id']}/check")
    assert checked.headers["Location"] == "/hosts"
    page = browser.open("/hosts")
    assert "It is being checked" in page.words
    assert page.tree.xpath("string(//*[@id='hosts']/@hx-get)") == "/hosts"
    again = browser.post(f"/hosts/{proof['id']}/check")
    assert "being checked right now" in Page(again.url, again).words
    assert browser.post(f"/hosts/{proof['id']}/remove").headers["Location"] == "/hosts"
    assert shared_service.partner("GET", path).json()["items"] == []


def test_a_host_that_cannot_be_anybodys_is_refused_beside_its_field(shared_service: Service) -> None:
    browser = browser_of(shared_service, "partner")
    for host, said in (("192.0.2.1", "is not the name of a host"), ("", "at least 1 character")):
        answer = browser.post("/hosts", None, host=host, key="a-key-of-this-form")
        page = Page(answer.url, answer)
        assert answer.status_code == 422
        assert said in page.tree.xpath("string(//*[@id='host-error'])")
        assert page.tree.xpath("string(//input[@id='host']/@value)") == host
