"""The pictures of an App: uploading them by a form, seeing them, choosing among them, and removing them."""

import asyncio
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message
from urllib3.filepost import encode_multipart_formdata

from console.uploads import MAX_FIELDS, MAX_FILES, ROOM_FOR_FIELDS, Upload, upload_in
from models.lifecycle import AppState, AppTrigger
from tests.api.running import Service
from tests.console.browsing import FROM_THE_PAGE, Page
from tests.console.pages.apps import new_app
from tests.console.pages.pictures import another_screenshot, pictured_app
from tests.console.signing_in import Browser, browser_of
from tests.factories import app_in, move
from tests.launch import LOGO, SCREENSHOT

HEADERS = ["Content-Security-Policy", "X-Content-Type-Options", "Content-Disposition", "Cross-Origin-Resource-Policy"]


def upload(browser: Browser, path: str, kind: str, content: bytes, name: str = "picture.svg") -> requests.Response:
    """Returns the answer to the form that uploads a picture, as a browser sends it."""
    return requests.post(
        f"{browser.url}{path}/pictures",
        data={"kind": kind},
        files={"file": (name, content)},
        headers={"Cookie": f"__Host-dc={browser.cookie}"} | FROM_THE_PAGE,
        timeout=40,
        allow_redirects=False,
    )


def made_app(service: Service, slug: str) -> str:
    """Returns the path of a new App."""
    return new_app(service, slug).removeprefix(service.url)


def test_pictures_are_uploaded_seen_and_removed(shared_service: Service) -> None:
    path, browser = made_app(shared_service, "acme-drawn"), browser_of(shared_service, "partner")
    for kind, content in (("logo", LOGO), ("logo", LOGO), ("screenshot", SCREENSHOT)):
        assert upload(browser, path, kind, content).status_code == 303
    page = browser.open(f"{path}/pictures")
    shown = [str(one) for one in page.tree.xpath("//main//img/@src")]
    assert len(shown) == 2, "the same picture twice is one"
    for source in shown:
        answer = browser.open(source).answer
        assert answer.headers["Content-Type"] in ("image/svg+xml", "image/png")
        assert [name for name in HEADERS if name not in answer.headers] == []
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert browser_of(shared_service, "reviewer").open(source).answer.content == answer.content
        assert browser_of(shared_service, None).open(source).heading == "Sign in"
    for form in page.tree.xpath("//form[contains(@action, '/remove')]"):
        assert browser.post(form.action).status_code == 303
        assert "There is no picture" in Page(form.action, browser.post(form.action)).words
    assert browser.open(f"{path}/pictures").tree.xpath("//main//img") == []


def test_a_picture_that_is_refused_says_so_beside_its_field(shared_service: Service) -> None:
    path, browser = made_app(shared_service, "acme-wrong-pictures"), browser_of(shared_service, "partner")
    said = {
        "Choose a file first.": ("mark", b""),
        "A mark must be square": ("mark", LOGO),
        "at most 5 MiB": ("screenshot", b"x" * (5 * 1024 * 1024 + 1)),
        "did not arrive whole": ("nothing", LOGO),
    }
    for words, (kind, content) in said.items():
        page = Page(path, upload(browser, path, kind, content))
        assert page.answer.status_code in (413, 422)
        assert words in page.words
        assert page.tree.xpath("//*[@role='alert']")
        if kind != "nothing":
            (field,) = page.tree.xpath("//input[@aria-invalid='true']")
            assert field.get("id") == f"file-{kind}"
    large = Page(path, upload(browser, path, "screenshot", b"x" * (11 * 1024 * 1024)))
    assert (large.answer.status_code, large.heading) == (413, "This is too large")
    assert browser.open(f"{path}/pictures").tree.xpath("//main//img") == []


def test_a_picture_that_is_used_or_was_submitted_is_not_removed(shared_service: Service) -> None:
    service, browser = shared_service, browser_of(shared_service, "partner")
    path = pictured_app(service, "acme-kept-pictures")
    page = browser.open(f"{path}/pictures")
    assert "It is the logo of the App." in page.words
    assert "The catalog shows it as screenshot 1." in page.words
    assert len(page.tree.xpath("//form[contains(@action, '/remove')]")) == 2
    logo = service.partner("GET", f"/v1{path}/checklist").json()["items"][1]["evidence"]["logo"]
    refused = Page(path, browser.post(f"{path}/pictures/{logo}/remove"))
    assert (refused.answer.status_code, "The launch checklist uses this picture." in refused.words) == (409, True)


def test_an_app_under_review_takes_no_pictures_and_says_why(shared_service: Service) -> None:
    app_in(shared_service.engine, shared_service.people, "acme-frozen-pictures", AppState.SUBMITTED)
    browser, path = browser_of(shared_service, "partner"), "/apps/acme-frozen-pictures"
    page = browser.open(f"{path}/pictures")
    assert page.tree.xpath("//main//form") == []
    assert "once the review is over" in page.words
    assert "cannot be edited" in Page(path, upload(browser, path, "logo", LOGO)).words
    move(shared_service.engine, shared_service.people, "acme-frozen-pictures", AppTrigger.WITHDRAW)
    assert upload(browser, path, "logo", LOGO).status_code == 303


def test_pictures_and_categories_are_chosen_and_stored_in_order(shared_service: Service) -> None:
    service, browser = shared_service, browser_of(shared_service, "partner")
    path = pictured_app(service, "acme-chosen")
    upload(browser, path, "screenshot", another_screenshot("red"))
    page = browser.open(f"{path}/checklist/catalog_details")
    (form,) = page.tree.xpath("//main//form")
    places = [name for name, _ in form.form_values() if name.startswith("place-")]
    assert len(places) == 3
    assert len(page.tree.xpath("//main//img")) == 3
    chosen = dict(form.form_values()) | dict(zip(places, ("3", "", "1"), strict=True))
    assert browser.post(form.action, **chosen).status_code == 303
    stored = service.partner("GET", f"/v1{path}/checklist").json()["items"][4]["evidence"]["screenshots"]
    assert stored == [places[2].removeprefix("place-"), places[0].removeprefix("place-")]
    twice = Page(path, browser.post(form.action, **chosen | {places[1]: "1"}))
    assert "Two screenshots have place 1." in twice.words
    info = browser.open(f"{path}/checklist/app_info")
    (form,) = info.tree.xpath("//main//form")
    assert dict(form.form_values())["categories"] == "Analytics"
    both = dict(form.form_values()) | {"second-categories": "Surveys"}
    assert browser.post(form.action, **both).status_code == 303
    evidence = service.partner("GET", f"/v1{path}/checklist").json()["items"][1]["evidence"]
    assert evidence["categories"] == ["Analytics", "Surveys"]


def test_what_is_wrong_with_an_answer_stands_beside_its_field(shared_service: Service) -> None:
    path, browser = made_app(shared_service, "acme-mistaken"), browser_of(shared_service, "partner")
    page = browser.open(f"{path}/checklist/app_info")
    sent = {"website": "nothing", "description": "Short.", "support_email": "nobody"}
    refused = Page(path, browser.post(f"{path}/checklist/app_info", None, **sent))
    assert refused.answer.status_code == 422
    errors = refused.tree.xpath("//p[@class='error']/@id")
    assert sorted(errors) == [
        f"{name}-error" for name in ("categories", "description", "logo", "mark", "support_email", "website")
    ]
    assert "Choose the logo." in refused.words
    assert [field.get("value") for field in refused.tree.xpath("//input[@id='website']")] == ["nothing"]
    links = [str(one).removeprefix("#") for one in refused.tree.xpath("//*[@role='alert']//a/@href")]
    assert all(refused.tree.xpath("//*[@id=$id]", id=one) for one in links)
    assert len(links) == 6
    assert page.tree.xpath("//*[@role='alert']") == []


def test_findings_stand_beside_the_field_that_they_are_about(shared_service: Service) -> None:
    path, browser = pictured_app(shared_service, "acme-found"), browser_of(shared_service, "partner")
    (form,) = browser.open(f"{path}/checklist/app_info").tree.xpath("//main//form")
    heavy = dict(form.form_values()) | {"description": "# A heading is too much for a description of forty characters"}
    stored = browser.post(form.action, **heavy)
    assert stored.headers["Location"] == f"{path}/checklist/app_info"
    page = browser.open(stored.headers["Location"])
    (found,) = page.tree.xpath("//div[contains(@class, 'found')]")
    assert found.xpath(".//textarea/@id") == ["description"]
    assert "contains a heading" in found.text_content()


def test_a_test_account_of_any_kind_can_be_given(shared_service: Service) -> None:
    path, browser = made_app(shared_service, "acme-accounts"), browser_of(shared_service, "partner")
    page = browser.open(f"{path}/checklist/test_account")
    (key,) = page.tree.xpath("//a[contains(@href, 'kind=api_key')]/@href")
    (form,) = browser.open(key).tree.xpath("//main//form")
    refused = Page(path, browser.post(form.action, **dict(form.form_values())))
    assert "api_key-error" in refused.tree.xpath("//p[@class='error']/@id")
    stored = browser.post(form.action, **dict(form.form_values()) | {"api_key": " a secret with spaces "})
    assert stored.status_code == 303
    again = browser.open(f"{path}/checklist/test_account")
    assert "secret with spaces" not in again.answer.text
    assert again.tree.xpath("//input[@id='api_key']")


def read_upload(content_type: str, body: bytes) -> Upload:
    """Returns what is read of a form with this Content-Type and body."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", content_type.encode())]}
    return asyncio.run(upload_in(Request(scope, receive)))


@given(st.lists(st.tuples(st.from_regex(r"[a-z]{1,9}", fullmatch=True), st.binary(max_size=200)), max_size=MAX_FILES))
def test_what_browsers_upload_is_read_as_it_was(parts: list[tuple[str, bytes]]) -> None:
    files = dict(parts)
    body, kind = encode_multipart_formdata({name: (f"{name}.png", content) for name, content in files.items()})
    assert read_upload(kind, body).files == files
    texts = {name: content.hex() for name, content in files.items()}
    body, kind = encode_multipart_formdata(texts)
    assert read_upload(kind, body).fields == texts


@given(st.binary(max_size=400), st.sampled_from(["multipart/form-data; boundary=b", "text/plain", "", "multipart/x;;"]))
def test_what_is_no_form_uploads_nothing(body: bytes, kind: str) -> None:
    assert read_upload(kind, body).files == {}
    cut = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + body.replace(b"--b", b"")
    assert read_upload("multipart/form-data; boundary=b", cut) == Upload()


@pytest.mark.parametrize("many", [{"files": MAX_FILES + 1}, {"fields": MAX_FIELDS + 1}, {"bytes": ROOM_FOR_FIELDS + 1}])
def test_a_form_with_more_than_its_bounds_uploads_nothing(many: dict[str, int]) -> None:
    parts: dict[str, Any] = {f"file-{number}": ("a.png", b"x") for number in range(many.get("files", 0))}
    parts |= {f"field-{number}": "x" for number in range(many.get("fields", 0))}
    parts |= {"long": "x" * many.get("bytes", 0)}
    body, kind = encode_multipart_formdata(parts)
    assert read_upload(kind, body) == Upload()
