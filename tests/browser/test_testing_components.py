"""A Component's suite in a real browser, run by a real worker against a real endpoint: its rows come without reload."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.api.running import Service, service_on
from tests.browser.opening import Opened
from tests.console.pages.test_runs import component_page
from tests.databases import TestDatabase
from tests.guarded_http.hostile_server import Behaviour
from tests.launch import WEBHOOK
from tests.preloaded import forked
from tests.workers.endpoints import KEY, Endpoint, Received, good, says
from tests.workers.processes import WORKER, environment
from tests.workers.suites import ALL_TYPES

LOOPBACK = {"DEVCENTER_ALLOW_LOOPBACK_URLS": "true"}


class Hesitant:
    """Answers everything at once, but `page` events only once it may: track is 500, and screen 501."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()

    def __call__(self, got: Received) -> Behaviour:
        if got.type == "identify" and got.key == KEY:
            self.may_answer.wait(9)
        if got.key == KEY and got.type in ("track", "screen"):
            return says("500 Oops", "No room for <b>it</b>.") if got.type == "track" else says("501 No")
        return good(got)


@contextmanager
def _working(database: TestDatabase, valkey_url: str, folder: Path) -> Iterator[Service]:
    """Runs an API and one worker, for which this machine is everybody's own host."""
    with service_on(database, valkey_url, folder, **LOOPBACK) as service:
        env = environment(database.application_url, valkey_url, **LOOPBACK)
        with forked((*WORKER, "--queues", "tests"), env, folder / "worker.log"):
            yield service


def test_rows_of_a_suite_turn_green_yellow_and_red_without_reload(
    database: TestDatabase, valkey_url: str, tmp_path: Path, opened: Opened
) -> None:
    answering = Hesitant()
    with Endpoint(answering).running() as endpoint, _working(database, valkey_url, tmp_path) as service:
        settings = {"url": endpoint.url("/hook"), "event_types": list(ALL_TYPES)}
        path = component_page(service, "acme-live", WEBHOOK | {"settings": settings})
        given = service.partner("PUT", f"/v1{path}/test-settings", {"key": KEY, "settings": {}})
        assert given.status_code == 200, given.text
        opened.sign_in(service, "partner")
        page = opened.page
        page.goto(f"{service.url}{path}/test-runs")
        page.get_by_role("button", name="Run the whole suite").click()
        page.evaluate("window.isTheSamePage = true")
        expect(page.locator("#case-2 .tag")).to_have_text("Green", timeout=60_000)
        expect(page.locator(".case .tag", has_text="To come").first).to_be_visible()
        opened_case = page.locator("#case-1")
        opened_case.get_by_text("What was sent, and what came").click()
        answering.may_answer.set()
        expect(page.locator("#run > .notice")).to_contain_text("cases that count are red", timeout=60_000)
        expect(page.locator("#case-4 .tag")).to_have_text("Red")
        expect(page.locator("#case-4")).to_contain_text("The answer was 500")
        expect(page.locator("#case-4")).to_contain_text("No room for <b>it</b>.")
        expect(page.locator("#case-8 .tag")).to_have_text("Yellow")
        expect(opened_case.get_by_role("heading", name="Try it again from your machine")).to_be_visible()
        assert page.evaluate("window.isTheSamePage") is True
        expect(page.locator("[hx-get]")).to_have_count(0)


@pytest.mark.parametrize("has_scripts", [False])
def test_without_scripts_a_link_looks_again(shared_service: Service, opened: Opened) -> None:
    path = component_page(shared_service, "acme-plain")
    opened.sign_in(shared_service, "partner")
    page = opened.page
    page.goto(f"{shared_service.url}{path}/test-runs")
    page.get_by_role("button", name="Run the whole suite").click()
    expect(page.locator("#run")).to_contain_text("0 of ")
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    page.get_by_role("link", name="Look again").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The whole suite")
