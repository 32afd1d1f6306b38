"""A reviewer's pages of the partner program."""

from tests.api.running import Service
from tests.console.pages.memberships import membership_page
from tests.console.signing_in import signed_in


def test_an_application_is_declined_with_a_reason_and_accepted_the_next_time(shared_service: Service) -> None:
    page = membership_page(shared_service, "applies")
    browser = signed_in(shared_service, shared_service.people.reviewer)
    assert "/memberships/applies" in browser.open("/memberships").tree.xpath("//th/a/@href")
    silent = browser.post(f"{page}/decision", None, decision="decline", reason=" ")
    assert silent.status_code == 409
    assert "No reason was given." in silent.text
    for _ in range(2):
        assert browser.post(f"{page}/decision", None, decision="decline", reason="Too early.").status_code == 303
    assert "Too early." in browser.open(page).words
    assert shared_service.partner("POST", "/v1/apps/applies/membership", {}).status_code == 201
    assert browser.post(f"{page}/decision", None, decision="accept", reason="").status_code == 303
    for _ in range(2):
        assert browser.post(f"{page}/end").status_code == 303
    assert "Ended" in browser.open(page).words


def test_a_decision_that_comes_late_keeps_its_words(shared_service: Service) -> None:
    page = membership_page(shared_service, "decided-late", "accept")
    browser = signed_in(shared_service, shared_service.people.admin)
    late = browser.post(f"{page}/decision", None, decision="decline", reason="Not these.")
    assert late.status_code == 409
    assert "This cannot be done in the present state: Member." in late.text
    assert "Not these." in late.text
