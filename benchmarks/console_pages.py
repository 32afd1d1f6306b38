"""Pages of the console, as a browser gets them: the queue and reviews, among very many Apps and open reviews."""

import os
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial

import requests
from lxml import html
from playwright.sync_api import sync_playwright
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from api.context import now_of
from benchmarks.figure import Figure, Scale, in_turn
from benchmarks.filling import add_apps, add_shown_apps, put
from benchmarks.processes import Running, api
from benchmarks.stage import Stage, stage
from models import Person
from tests.browser import chromium
from tests.console.signing_in import COOKIE, set_cookie
from tests.journeys import staff_member, token_of
from workflow.identity.actors import Actor
from workflow.identity.sessions import make_link

LOOKS, GOAL_MS, FIRST_BYTES, LATER_BYTES = 40, 40, 120_000, 15_000
BROWSER = {"Sec-Fetch-Site": "same-origin", "Accept-Encoding": "gzip"}
GOOD_SHIFT = 0.1
"""The layout shift that Web Vitals call good."""

_OPEN = "UPDATE review SET outcome = NULL, closed_at = NULL"
_PENDING = "UPDATE review_step SET state = 'pending', decided_at = NULL WHERE code = 'end_to_end_check'"
_SHIFT = """() => new Promise(done => {
    let sum = 0;
    new PerformanceObserver(list => { for (const one of list.getEntries()) sum += one.value; })
        .observe({type: 'layout-shift', buffered: true});
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(sum), 300)));
})"""


def measure(scale: Scale) -> Iterator[Figure]:
    """Returns the time to get each page (ms), its bytes the first time and afterwards, and its layout shift."""
    apps, reviews = scale.of(1_000_000, 10_000), scale.of(100_000, 2_000)
    there = reviews // 2  # ten for each company, so that none has very many Apps in the end
    with stage(apps=there) as on:
        add_shown_apps(on.engine, there + 1, reviews)
        put(on.engine, _OPEN, _PENDING)
        add_apps(on.engine, reviews + 1, apps)
        on.settle()
        unlimited = {"DEVCENTER_RATE_REVIEWER": "0", "DEVCENTER_RATE_ADDRESS": "0"}
        with api(on, **unlimited) as (process, port):
            yield from _figures(on, process, f"http://127.0.0.1:{port}", f"{apps:,} Apps, {reviews:,} open reviews")


def _figures(on: Stage, process: Running, url: str, among: str) -> Iterator[Figure]:
    engine = create_engine(on.url)
    reviewer = staff_member(engine, "Bench")
    with requests.Session() as browser:
        link = _link(engine, url, reviewer)
        cookie = set_cookie(browser.post(link, headers=BROWSER, allow_redirects=False))
        headers = BROWSER | {"Cookie": f"{COOKIE}={cookie}"}
        with engine.connect() as connection:
            statement = """SELECT r.id FROM review r JOIN submission s ON s.id = r.submission_id
                            WHERE jsonb_exists(s.snapshot, 'evidence') ORDER BY r.due_at LIMIT 2 OFFSET 100"""
            review, held = (f"/reviews/{one}" for one in connection.execute(text(statement)).scalars())
        bearer = {"Authorization": f"Bearer {token_of(engine, reviewer)}"}
        browser.post(f"{url}/v1{held}/claim", headers=bearer, timeout=60).raise_for_status()
        pages = {"the queue": "/reviews", "a review": review, "a review that one decides": held}
        calls = {name: f"/v1{path}" for name, path in pages.items()} | {"the queue": "/v1/reviews?limit=50"}
        empty = partial(_took, browser, f"{url}/signed-in", headers)
        contenders: dict[str, Callable[[], float]] = {"an empty page": empty}
        for name, path in pages.items():
            contenders[name] = partial(_took, browser, url + path, headers)
            contenders[f"the API's call for {name}"] = partial(_took, browser, url + calls[name], bearer)
        took = in_turn(contenders, 3)
        for name, path in pages.items():
            said = f"pages: {name}, {among}"
            yield Figure(said, took[name], "ms", "goal: under", GOAL_MS)
            yield Figure(said, took[name], "ms", "an empty page", took["an empty page"])
            yield Figure(said, took[name], "ms", "the API's call alone", took[f"the API's call for {name}"])
            began = process.cpu_seconds()
            contenders[name]()
            used = (process.cpu_seconds() - began) * 1000 / LOOKS
            yield Figure(f"{said}: processor time of the server", used, "ms", "goal: under", GOAL_MS)
            later, first = _bytes(browser, url, path, headers)
            yield Figure(f"{said}: the first time", first, "bytes", "goal: under", FIRST_BYTES)
            yield Figure(f"{said}: afterwards", later, "bytes", "goal: under", LATER_BYTES)
            yield Figure(
                f"{said}: layout shift",
                _shift(_link(engine, url, reviewer), url + path),
                "",
                "what is called good",
                GOOD_SHIFT,
            )
    engine.dispose()


def _took(browser: requests.Session, url: str, headers: dict[str, str]) -> float:
    """Returns the median time (ms) from asking for the page to having all of it, over one connection."""
    times = []
    for _ in range(LOOKS):
        began = time.perf_counter()
        answer = browser.get(url, headers=headers, timeout=60)
        times.append((time.perf_counter() - began) * 1000)
        answer.raise_for_status()
    return statistics.median(times)


def _bytes(browser: requests.Session, url: str, path: str, headers: dict[str, str]) -> tuple[int, int]:
    """Returns the bytes of the page, as they are sent, and of the page with its style and its scripts."""
    page = browser.get(url + path, headers=headers, timeout=60)
    tree = html.document_fromstring(page.content)
    files = [*tree.xpath("//script/@src"), *tree.xpath("//link[@rel='stylesheet']/@href")]
    sizes = [int(browser.get(url + file, headers=headers, timeout=60).headers["Content-Length"]) for file in files]
    own = int(page.headers["Content-Length"])
    return own, own + sum(sizes)


def _link(engine: Engine, url: str, reviewer: Actor) -> str:
    """Returns the address of a link that signs the reviewer in."""
    with Session(engine) as session, session.begin():
        return f"{url}/sign-in/{make_link(session, session.get_one(Person, reviewer.id), now_of(session))}"


def _shift(link: str, url: str) -> float:
    """Returns by how much the page's parts move after they were first shown, in a real browser."""
    os.environ["PLAYWRIGHT_NODEJS_PATH"] = str(chromium.NODE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.executable(), args=list(chromium.ARGUMENTS), env=chromium.environment()
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(link)
        page.get_by_role("main").get_by_role("button").click()
        page.goto(url)
        shift = float(page.evaluate(_SHIFT))
        assert page.url == url
        browser.close()
        return shift
