"""A reviewer's pages of requests for access: who asks, the mails of a decision, deciding, and inviting again."""

from tests.api.access import accept, ask, body_of, decide
from tests.api.running import Service
from tests.console.pages.access_requests import access_request_page
from tests.console.signing_in import signed_in


def test_a_request_is_declined_with_the_mail_seen_before_and_pressed_twice(shared_service: Service) -> None:
    page = access_request_page(shared_service, "not-this-one")
    browser = signed_in(shared_service, shared_service.people.reviewer)
    assert page.removeprefix(shared_service.url) in browser.open("/access-requests").tree.xpath("//td/../th/a/@href")
    silent = browser.post(f"{page}/decision", None, words="  ", act="decide decline")
    assert silent.status_code == 422
    assert "needs a reason" in silent.text
    shown = browser.post(f"{page}/decision", None, words="Too <b>early</b>.", act="show decline")
    assert "pat@not-this-one.example" in shown.text
    assert shown.text.count("Too &lt;b&gt;early&lt;/b&gt;.") >= 2, "in the form, and in the mail"
    for _ in range(2):
        done = browser.post(f"{page}/decision", None, words="Too early.", act="decide decline")
        assert (done.status_code, done.headers["Location"]) == (
            303,
            f"{page.removeprefix(shared_service.url)}?decided=now",
        )
    seen = browser.open(page)
    assert "Declined" in seen.words
    assert "by Rae" in seen.words
    assert not seen.tree.xpath("//form[contains(@action, '/decision')]")


def test_whoever_decides_what_a_colleague_has_decided_loses_no_word(shared_service: Service) -> None:
    page = access_request_page(shared_service, "two-deciders")
    browser = signed_in(shared_service, shared_service.people.admin)
    assert decide(shared_service, page.rpartition("/")[2], "approve").status_code == 200
    late = browser.post(f"{page}/decision", None, words="I would rather not.", act="decide decline")
    assert late.status_code == 409
    assert "Your words are kept" in late.text
    assert "I would rather not." in late.text


def test_an_approval_invites_and_a_lost_invitation_is_sent_again(shared_service: Service) -> None:
    page = access_request_page(shared_service, "let-in")
    browser = signed_in(shared_service, shared_service.people.reviewer)
    seen = browser.open(page)
    assert "same domain" in seen.words
    assert browser.post(f"{page}/decision", None, words="", act="decide approve").status_code == 303
    invited = browser.open(page)
    (form,) = invited.tree.xpath("//form[contains(@action, '/reissue')]")
    for _ in range(2):
        assert browser.post(form.action, None, **dict(form.form_values())).status_code == 303
    again = browser.open(page)
    states = again.tree.xpath("//section[@aria-labelledby='invitations']//span[contains(@class, 'tag')]/text()")
    assert states == ["revoked", "open"], "sent again once, although it was pressed twice"
    assert accept(shared_service, "pat@let-in.example")["organization"] == "let-in"


def test_a_request_shows_what_was_asked_before_and_who_takes_part(shared_service: Service) -> None:
    first = ask(shared_service, body_of("returning"))
    assert decide(shared_service, first["id"], "decline", "Come back with a product.").status_code == 200
    seen = signed_in(shared_service, shared_service.people.reviewer).open(
        access_request_page(shared_service, "returning", "olga")
    )
    assert f"/access-requests/{first['id']}" in seen.tree.xpath("//section[@aria-labelledby='earlier']//a/@href")
    assert "Come back with a product." in seen.words
    assert signed_in(shared_service, shared_service.people.partner).open(seen.url).answer.status_code == 403
