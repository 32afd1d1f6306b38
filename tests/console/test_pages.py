"""The pages over HTTP: a link's GET does nothing, its button acts, and strict headers stand around every page."""

import json
from collections.abc import Callable
from contextlib import closing
from functools import cache
from http.client import HTTPConnection
from pkgutil import iter_modules
from urllib.parse import urlsplit

import pytest
import requests

import console.pages
from console.main import ROOMS
from console.navigation import links_in
from console.rendering import SCRIPTS
from tests.api.access import ask_only, body_of, code_for, company_in
from tests.api.running import Service
from tests.api.service import Caller
from tests.console.addresses import FILES
from tests.console.browsing import FROM_THE_PAGE, Page, opened
from tests.console.pages.invitations import invitation_page
from tests.console.pages.proofs import proof_page
from tests.console.pages.unsubscribe import unsubscribe_page
from tests.console.prepared import PAGES, address_of
from tests.console.signing_in import Browser, browser_of
from tests.console.walking import SHOWN, kept_fields

POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)


def test_every_file_of_pages_is_served() -> None:
    files = {found.name for found in iter_modules(console.pages.__path__)}
    assert {room.__name__.rpartition(".")[2] for room in ROOMS} == files


def test_every_path_that_can_be_opened_is_among_the_pages_that_are_tested(prepared_service: Service) -> None:
    tested = [urlsplit(one).path for one in (*(address_of(prepared_service, name) for name in PAGES), *FILES)]
    assert [route.path for route in SHOWN if not any(map(route.path_regex.match, tested))] == []


def test_every_link_of_the_head_leads_to_a_page() -> None:
    hrefs = [link.href.partition("?")[0] for link in links_in(ROOMS)]
    assert [href for href in hrefs if not any(route.path_regex.match(href) for route in SHOWN)] == []


@pytest.fixture(scope="module")
def browsers(prepared_service: Service) -> dict[str | None, Browser]:
    """A browser of each role, in which its person has signed in, and one of somebody who has not."""
    return {role: browser_of(prepared_service, role) for role in {address.role for address in PAGES.values()}}


@pytest.fixture(scope="module")
def files(prepared_service: Service) -> Callable[[str], requests.Response]:
    """Returns the answer for a file of all pages, which is asked for once."""
    return cache(lambda path: requests.get(prepared_service.url + path, timeout=20))


@pytest.mark.parametrize("name", PAGES)
def test_every_page_has_strict_headers_and_a_plain_layout(
    prepared_service: Service,
    browsers: dict[str | None, Browser],
    files: Callable[[str], requests.Response],
    name: str,
) -> None:
    page = browsers[PAGES[name].role].open(address_of(prepared_service, name))
    assert page.answer.status_code < 500
    assert page.answer.headers["Content-Security-Policy"] == POLICY
    assert page.answer.headers["Referrer-Policy"] == "no-referrer"
    is_cached = PAGES[name].is_cached
    assert page.answer.headers["Cache-Control"] == ("public, max-age=10" if is_cached else "no-store")
    assert not is_cached or page.answer.headers["Vary"] == "Cookie"
    assert page.heading
    tree = page.tree
    assert tree.get("lang") == "en"
    assert tree.xpath("string(//meta[@name='viewport']/@content)") == "width=device-width, initial-scale=1"
    assert tree.xpath("//title")[0].text_content().endswith(" Developer Center")
    scripts = [str(path) for path in tree.xpath("//script/@src")]
    assert [path.partition("?")[0] for path in scripts] == (
        [f"/static/{name}" for name in SCRIPTS] if PAGES[name].role else []
    )
    assert all(files(path).status_code == 200 for path in scripts)
    assert not tree.xpath(
        "//script[not(@src) or normalize-space()] | //*[@style] | //@*[starts-with(name(), 'on')] | //style"
        " | //img[not(@alt) or not(starts-with(@src, '/')) or starts-with(@src, '//')]"
    )
    for field in tree.xpath("//input[not(@type='hidden')] | //textarea | //select"):
        assert tree.xpath("//label[@for=$id]", id=field.get("id"))
    sheet = files(str(tree.xpath("string(//link[@rel='stylesheet']/@href)")))
    assert sheet.headers["Content-Type"].startswith("text/css")
    assert "light-dark(" in sheet.text


def test_a_scanner_that_follows_the_link_proves_nothing_and_the_button_does(prepared_service: Service) -> None:
    url = proof_page(prepared_service, "scanned")
    for _ in range(3):
        page = opened(url)
        assert page.heading == "Confirm your address"
        assert "pat@scanned.example" in page.words
        assert requests.head(url, timeout=20).status_code == 200
    listed = prepared_service.reviewer("GET", "/v1/access-requests?limit=200").json()["items"]
    assert "scanned" not in [one["company_name"] for one in listed]
    done = page.press()
    assert (done.heading, done.answer.status_code) == ("Your address is confirmed", 200)
    assert done.answer.headers["Cache-Control"] == "no-store"
    listed = prepared_service.reviewer("GET", "/v1/access-requests?limit=200").json()["items"]
    assert "scanned" in [one["company_name"] for one in listed]
    assert "used already" in opened(url).words
    assert page.press().heading == "Your address is confirmed"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8787"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8787.evil.example"},
    ],
)
def test_a_form_of_another_origin_changes_nothing(
    prepared_service: Service, headers: dict[str, str], request: pytest.FixtureRequest
) -> None:
    url = proof_page(prepared_service, f"foreign-{request.node.callspec.id}")
    refused = opened(url).press(headers=headers)
    assert refused.answer.status_code == 403
    assert refused.answer.headers["Content-Security-Policy"] == POLICY
    assert opened(url).heading == "Confirm your address"
    assert opened(url).tree.forms


@pytest.mark.parametrize("headers", [FROM_THE_PAGE, {"Origin": "http://127.0.0.1:8787"}])
def test_a_form_of_our_own_page_acts(prepared_service: Service, headers: dict[str, str]) -> None:
    url = proof_page(prepared_service, f"own-{len(headers)}-{next(iter(headers)).lower()}")
    assert opened(url).press(headers=headers).answer.status_code == 200


def test_an_invitation_is_accepted_by_its_button_and_the_token_is_shown_once(prepared_service: Service) -> None:
    url = invitation_page(prepared_service, "welcomed")
    page = opened(url)
    assert page.heading == "Your invitation to welcomed"
    done = page.press()
    assert done.heading == "Welcome, Pat"
    token = done.tree.xpath("string(//*[@id='token'])")
    assert Caller(prepared_service.url, token)("GET", "/v1/me").json()["email"] == "pat@welcomed.example"
    assert page.press().tree.xpath("string(//*[@id='token'])") == token  # the same form, sent twice
    again = opened(url)
    assert not again.tree.forms
    assert "accepted already" in again.words
    assert token not in again.answer.text


def test_a_lost_token_is_replaced_by_the_proved_address(prepared_service: Service) -> None:
    company_in(prepared_service, "losing")
    form = opened(f"{prepared_service.url}/lost-token")
    wrong = form.press(email="no address")
    assert wrong.answer.status_code == 422
    assert wrong.tree.xpath("string(//title)").startswith("Error: ")
    (link,) = wrong.tree.xpath("//*[@role='alert']//a/@href")
    (field,) = wrong.tree.xpath("//input[@id=$id]", id=link.removeprefix("#"))
    assert (field.get("aria-invalid"), field.get("value")) == ("true", "no address")
    known, unknown = form.press(email="PAT@losing.example"), form.press(email="nobody@losing.example")
    assert known.answer.status_code == 200
    assert known.answer.content == unknown.answer.content
    page = opened(f"{prepared_service.url}/proofs/{code_for(prepared_service.engine, 'pat@losing.example')}")
    token = page.press().tree.xpath("string(//*[@id='token'])")
    assert Caller(prepared_service.url, token)("GET", "/v1/me").json()["email"] == "pat@losing.example"
    late = opened(page.url).press if opened(page.url).tree.forms else None
    assert late is None


def test_news_is_switched_off_in_one_click_without_an_origin_and_not_by_opening_the_link(
    prepared_service: Service,
) -> None:
    url = unsubscribe_page(prepared_service, "tired")
    assert opened(url).heading.startswith("News about")
    clicked = requests.post(url, data={"List-Unsubscribe": "One-Click"}, timeout=20)
    assert clicked.status_code == 200
    assert opened(url).heading == "This news is switched off"
    api = url.replace("/unsubscribe/", "/v1/unsubscribe/")
    assert requests.get(api, timeout=20).json()["on"] is False
    assert requests.post(api, data={"List-Unsubscribe": "One-Click"}, timeout=20).status_code == 200


@pytest.mark.parametrize("words", ["<script>alert(1)</script>", "{{ 7 * 7 }}", '" onmouseover="x'])
def test_what_somebody_typed_is_text_on_every_page(prepared_service: Service, words: str) -> None:
    contact = f"typed{len(words)}"
    ask_only(prepared_service, body_of("typed", contact, company_name=words))
    page = opened(f"{prepared_service.url}/proofs/{code_for(prepared_service.engine, f'{contact}@typed.example')}")
    assert words in page.words
    assert not page.tree.xpath("//script | //@onmouseover")


def test_a_form_that_is_too_large_is_refused_and_other_paths_are_the_apis(prepared_service: Service) -> None:
    large = requests.post(
        f"{prepared_service.url}/lost-token", data={"email": "x" * 70_000}, headers=FROM_THE_PAGE, timeout=20
    )
    assert large.status_code == 413
    assert Page(large.url, large).heading == "This is too large"
    assert requests.get(f"{prepared_service.url}/nowhere", timeout=20).json()["code"] == "route.not_found"
    assert requests.get(f"{prepared_service.url}/v1/catalog", timeout=20).status_code == 200


@pytest.mark.parametrize("path", ["/static/other.css", "/proofs/", "/proofs/a/b", "/invitations", "/lost-token/"])
def test_a_path_that_no_page_has_is_answered_with_a_page(prepared_service: Service, path: str) -> None:
    page = opened(prepared_service.url + path)
    assert (page.answer.status_code, page.heading) == (404, "There is no such page")
    assert page.answer.headers["Content-Security-Policy"] == POLICY


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/"), ("OPTIONS", "/"), ("PUT", "/lost-token"), ("DELETE", "/proofs/unknown")]
)
def test_a_method_that_no_page_has_is_answered_with_a_page(prepared_service: Service, method: str, path: str) -> None:
    url = prepared_service.url + path
    page = Page(url, requests.request(method, url, headers=FROM_THE_PAGE, timeout=20))
    assert (page.answer.status_code, page.heading) == (405, "This page cannot be used like that")
    assert "GET" in page.answer.headers["Allow"]


def test_a_path_with_an_empty_part_is_the_apis(prepared_service: Service) -> None:
    address = urlsplit(prepared_service.url)
    with closing(HTTPConnection(str(address.hostname), address.port or 80, timeout=20)) as connection:
        connection.request("GET", "//elsewhere.example/v1")
        assert json.loads(connection.getresponse().read())["code"] == "route.not_found"


def test_a_form_of_somebody_who_is_signed_out_is_kept_and_shows_no_secret_that_was_typed(
    prepared_service: Service,
) -> None:
    typed = [("login", "pat"), ("password", "open sesame"), ("apiKey", "sk_1"), ("notes", "Use the demo workspace.")]
    sent = browser_of(prepared_service, None).send("/apps/acme/checklist/test_account", typed)
    page = Page(sent.url, sent)
    assert page.heading == "You are signed out"
    assert set(typed) <= kept_fields(page)
    assert "Use the demo workspace." in page.words
    assert [secret for secret in ("open sesame", "sk_1") if secret in page.words] == []
