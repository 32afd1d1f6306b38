"""What somebody has written when nothing is done for their form: it is on the page, and sent again where that helps."""

from pathlib import Path

from tests.api.running import service_on
from tests.console.browsing import Page
from tests.console.signing_in import signed_in
from tests.databases import TestDatabase

WORDS = "What nobody wants to write <b>twice</b>."


def test_a_form_beyond_the_limit_is_kept_and_can_be_sent_again(
    module_database: TestDatabase, module_valkey_url: str, tmp_path: Path
) -> None:
    path = "/apps/acme/messages"
    with service_on(module_database, module_valkey_url, tmp_path, DEVCENTER_RATE_PARTNER="2") as service:
        browser = signed_in(service, service.people.partner)
        answers = (browser.post(path, None, key="one-key-of-a-form", message=WORDS) for _ in range(40))
        limited = next(answer for answer in answers if answer.status_code == 429)
    page = Page(limited.url, limited)
    assert WORDS in page.words
    (form,) = page.tree.xpath("//main//form")
    assert (form.action, dict(form.form_values())) == (path, {"key": "one-key-of-a-form", "message": WORDS})
