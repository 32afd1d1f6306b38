"""The conversation of a company with the reviewers: what is new, writing, and saying that it was read."""

from tests.api.running import Service
from tests.console.browsing import Page
from tests.console.pages.apps import new_app
from tests.console.pages.messages import conversation_about
from tests.console.signing_in import browser_of

HOSTILE = "<script>alert(1)</script></textarea><img src=x onerror=alert(1)>{{ 7 * 7 }}"


def texts_about(service: Service, path: str) -> list[str]:
    """Returns what was said, oldest first."""
    return [one["text"] for one in service.partner("GET", f"/v1{path}").json()["items"]]


def test_new_messages_are_marked_until_the_company_says_that_they_are_read(shared_service: Service) -> None:
    path = conversation_about(shared_service, "talk-read", "Which plan?", "And which country?")
    browser = browser_of(shared_service, "partner")
    assert "2 new messages of the reviewers" in browser.open(path.removesuffix("/messages")).words
    for _ in range(2):  # opening the page says nothing to anybody
        page = browser.open(path)
        assert "2 messages of the reviewers" in page.words
    new = page.tree.xpath("//article[.//*[contains(@class, 'tag')]]/@id")
    assert page.tree.xpath("//main//a[starts-with(@href, '#')]/@href")[0] == f"#{new[0]}"
    assert len(new) == 2
    assert "Rae" not in page.answer.text
    (reading,) = page.tree.xpath("//form[contains(@action, '/read')]")
    read = browser.post(reading.action, **dict(reading.form_values()))
    assert read.headers["Location"] == path
    again = browser.open(path)
    assert again.tree.xpath("//form[contains(@action, '/read')] | //article//*[contains(@class, 'tag')]") == []
    assert "new messages" not in browser.open(path.removesuffix("/messages")).words


def test_a_message_is_sent_once_and_reads_what_was_there(shared_service: Service) -> None:
    path = conversation_about(shared_service, "talk-write", "Which plan?")
    browser = browser_of(shared_service, "partner")
    (form,) = browser.open(path).tree.xpath(f"//form[@action='{path}']")
    fields = dict(form.form_values()) | {"message": f"The free one.\r\n{HOSTILE}"}
    first, second = browser.post(path, **fields), browser.post(path, **fields)
    assert first.status_code == 303, first.text
    assert second.headers["Location"] == first.headers["Location"]
    assert texts_about(shared_service, path) == ["Which plan?", f"The free one.\n{HOSTILE}"]
    page = browser.open(path)
    assert "7 * 7" in page.words
    assert page.tree.xpath("//main//img | //script[not(@src)]") == []
    assert page.tree.xpath("//article[.//*[contains(@class, 'tag')]]") == []


def test_a_message_that_is_refused_is_kept_with_what_is_wrong_beside_it(shared_service: Service) -> None:
    path = conversation_about(shared_service, "talk-refused")
    browser = browser_of(shared_service, "partner")
    empty = browser.press(browser.open(path), message="  \n ")
    assert empty.status_code == 422
    assert "Write something first." in empty.text
    words = "Ünmöglich " * 600
    long = browser.press(browser.open(path), message=words)
    assert long.status_code == 422
    assert "message may have at most 5000 characters" in long.text
    assert words in long.text
    assert texts_about(shared_service, path) == []


def test_an_app_that_was_never_submitted_has_nobody_to_write_to(shared_service: Service) -> None:
    page = browser_of(shared_service, "partner").open(new_app(shared_service, "talk-early") + "/messages")
    assert "nobody to write to yet" in page.words
    assert page.tree.xpath("//main//form") == []


def test_a_long_conversation_begins_with_its_newest_messages(shared_service: Service) -> None:
    path = conversation_about(shared_service, "talk-long", *(f"Question {n}." for n in range(40)))
    for n in range(20):
        shared_service.partner("POST", f"/v1{path}", {"text": f"Answer {n}."})
    browser = browser_of(shared_service, "partner")
    page = browser.open(path)
    assert ("Answer 19." in page.words, "Question 9." in page.words, "Question 10." in page.words) == (
        True,
        False,
        True,
    )
    (earlier,) = page.tree.xpath("//a[@rel='prev']/@href")
    first = browser.open(earlier)
    assert ("Question 0." in first.words, "Question 9." in first.words, "Answer 19." in first.words) == (
        True,
        True,
        False,
    )
    assert "The newest messages" in first.words


def test_what_was_written_about_something_that_is_gone_is_shown(shared_service: Service) -> None:
    browser = browser_of(shared_service, "partner")
    gone = browser.post("/apps/no-such-app/messages", None, message=HOSTILE)
    page = Page(gone.url, gone)
    assert gone.status_code == 404
    assert "alert(1)" in page.words
    assert page.tree.xpath("//main//form | //main//img") == []
    assert "What you wrote" not in browser.open("/apps/no-such-app/messages").words
