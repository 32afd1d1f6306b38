"""What may pass is looked at again: a step fails only after its last look, whatever the cause, and says why before."""

import gzip
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address

import pytest
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.orm import Session

from models import Review
from models.lifecycle import AppTrigger, StepTrigger
from runtime.guarded_http import FetchLimits, GuardedHttp, NameUnresolvedError
from runtime.guarded_http.addresses import Address
from runtime.guarded_http.refusal import REMEDIES
from tests.databases import TestDatabase
from tests.guarded_http.hostile_server import Behaviour, HostileServer, answer, page, sends, silent
from tests.journeys import app_building, ask, judge, now_of, people_in
from tests.workers.leased import work_off
from tests.workers.sites import site
from workers.actors.review_steps import REVIEW_STEPS
from workers.actors.website_checks import findings_of_website
from workers.context import WorkerContext
from workers.visiting import MAX_REST, PASSING, UNREADABLE, Obstacle, visit
from workflow.reviewing.desk import claim_review
from workflow.reviewing.steps import decide_step
from workflow.work.leases import MAX_ATTEMPTS

HTML = "Content-Type: text/html"
GOOD = page(b"<p>Acme works with Segment.</p>", HTML)
LIMITS = FetchLimits(total=timedelta(seconds=2), read=timedelta(seconds=0.3))


def resets(connection: socket.socket, _stop: threading.Event) -> None:
    """Resets the connection."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


BLIPS: dict[str, Behaviour] = {
    "500": page(b"", status="500 Oops"),
    "502": page(b"<h1>Bad gateway</h1>", HTML, status="502 Bad Gateway"),
    "503": page(b"", "Retry-After: 1", status="503 Busy"),
    "503 of an origin behind a firewall": page(b"", "Server: cloudflare", "CF-Ray: 1", status="503 Busy"),
    "504": page(b"", status="504 Late"),
    "521": page(b"", status="521 Down"),
    "408": page(b"", status="408 Late"),
    "425": page(b"", status="425 Early"),
    "429": page(b"", "Retry-After: 1", status="429 Slow"),
    "429 by a date": page(b"", "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT", status="429 Slow"),
    "reset": resets,
    "nothing": sends(b""),
    "silence": silent,
    "no HTTP": sends(b"SSH-2.0-x\r\n"),
    "cut short": answer("Content-Length: 1000", HTML, body=b"<p>Acme"),
    "cut short in a chunk": answer("Transfer-Encoding: chunked", HTML, body=b"ff\r\n<p>Acme"),
    "cut short while compressed": page(gzip.compress(b"Acme" * 99)[:-9], HTML, "Content-Encoding: gzip"),
}


class Later:
    """Behaves as each of `first`, in turn, and then as `last`."""

    def __init__(self, *first: Behaviour, last: Behaviour) -> None:
        self._left = list(first)
        self._last = last

    def __call__(self, connection: socket.socket, stop: threading.Event) -> None:
        (self._left.pop(0) if self._left else self._last)(connection, stop)


@pytest.fixture
def engine(database: TestDatabase) -> Iterator[Engine]:
    made = create_engine(database.application_url)
    yield made
    made.dispose()


def _looking_at(url: str, context: WorkerContext, engine: Engine) -> WorkerContext:
    """Returns a context that may fetch from loopback, with one due step, which looks at `url`."""
    people = people_in(engine)
    app_building(engine, people, "acme")
    evidence = "UPDATE checklist_item SET evidence = jsonb_build_object('url', CAST(:url AS text)) WHERE code = :code"
    with engine.begin() as connection:
        connection.execute(text(evidence), {"url": url, "code": "partner_documentation"})
    ask(engine, people.partner, "acme", AppTrigger.SUBMIT)
    judge(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE review_step SET status = 'void' WHERE code <> 'partner_documentation'"))
    return replace(context, http=GuardedHttp(LIMITS, user_agent="test", allow_loopback=True))


def _step(engine: Engine) -> tuple[str, str, int, list[str], float]:
    """Returns the step's state and status, its attempts, its findings' details, and the seconds until it is due."""
    found = """SELECT state, status, attempts, findings, extract(epoch FROM due_at - clock_timestamp()) AS rest
                 FROM review_step WHERE code = 'partner_documentation'"""
    with engine.connect() as connection:
        row = connection.execute(text(found)).one()
    return row.state, row.status, row.attempts, [one["detail"] for one in row.findings], float(row.rest)


def _make_due(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE review_step SET due_at = now() WHERE status = 'due'"))


def test_a_step_whose_page_has_a_blip_stays_pending_says_why_and_passes_later(
    context: WorkerContext, engine: Engine
) -> None:
    with HostileServer({"/docs": Later(BLIPS["503"], BLIPS["reset"], last=GOOD)}).running() as server:
        looking = _looking_at(server.url("/docs"), context, engine)
        assert work_off(looking, REVIEW_STEPS) == 1
        state, status, attempts, details, rest = _step(engine)
        assert (state, status, attempts) == ("pending", "due", 1)
        assert "answers 503" in details[0]
        assert f"1 of {MAX_ATTEMPTS}" in details[0]
        assert 0 < rest <= 5
        _make_due(engine)
        assert work_off(looking, REVIEW_STEPS) == 1
        assert _step(engine)[0] == "pending"
        _make_due(engine)
        assert work_off(looking, REVIEW_STEPS) == 1
        assert _step(engine)[:4] == ("passed", "done", 3, [])


def test_a_step_fails_only_after_the_last_look(context: WorkerContext, engine: Engine) -> None:
    with HostileServer({"/docs": BLIPS["500"]}).running() as server:
        looking = _looking_at(server.url("/docs"), context, engine)
        for _ in range(MAX_ATTEMPTS):
            assert _step(engine)[0] == "pending"
            _make_due(engine)
            work_off(looking, REVIEW_STEPS)
        state, status, attempts, details, _ = _step(engine)
    assert (state, status, attempts) == ("failed", "done", MAX_ATTEMPTS)
    assert details == [f"{server.url('/docs')} answers 500."]


@pytest.mark.parametrize("trigger", [StepTrigger.PASS, StepTrigger.WAIVE])
def test_a_reviewer_decides_without_waiting_for_the_next_look(
    context: WorkerContext, engine: Engine, trigger: StepTrigger
) -> None:
    with HostileServer({"/docs": BLIPS["500"]}).running() as server:
        looking = _looking_at(server.url("/docs"), context, engine)
        work_off(looking, REVIEW_STEPS)
        reviewer = people_in(engine, "Other").reviewer
        with Session(engine) as session, session.begin():
            now, review = now_of(session), session.scalars(select(Review.id)).one()
            claim_review(session, review, reviewer, now)
            code, why = "partner_documentation", "I opened the page."
            decide_step(session, review, code, trigger=trigger, actor=reviewer, now=now, reason=why)
        assert work_off(looking, REVIEW_STEPS) == 0
    state, _, _, details, _ = _step(engine)
    assert (state, bool(details)) == (("passed", False) if trigger is StepTrigger.PASS else ("waived", True))


def test_a_server_that_asks_for_a_rest_gets_it(context: WorkerContext, engine: Engine) -> None:
    busy = page(b"", "Retry-After: 600", status="429 Slow")
    with HostileServer({"/docs": busy}).running() as server:
        work_off(_looking_at(server.url("/docs"), context, engine), REVIEW_STEPS)
    assert 500 < _step(engine)[4] <= 600


@pytest.mark.parametrize("blip", BLIPS)
def test_whatever_the_cause_of_a_blip_it_may_pass(blip: str) -> None:
    http = GuardedHttp(LIMITS, user_agent="test", allow_loopback=True)
    with HostileServer({"/": BLIPS[blip]}).running() as server:
        found = visit(server.url("/"), http)
    assert isinstance(found, Obstacle)
    assert found.may_pass
    assert found.is_fault == (not blip.startswith("429"))


def test_a_name_that_is_not_found_and_a_port_that_is_closed_may_pass() -> None:
    def nobody(_name: str, _seconds: float) -> Sequence[Address]:
        raise NameUnresolvedError("Temporary failure in name resolution")

    unresolved = visit("https://acme.example/", GuardedHttp(LIMITS, user_agent="test", resolver=nobody))
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        http = GuardedHttp(LIMITS, user_agent="test", allow_loopback=True)
        closed = visit(f"http://127.0.0.1:{unused.getsockname()[1]}/", http)
        untrusted = visit(f"https://127.0.0.1:{unused.getsockname()[1]}/", http)
    for found in (unresolved, closed, untrusted):
        assert isinstance(found, Obstacle)
        assert found.may_pass
    internal = visit("https://acme.example/", GuardedHttp(LIMITS, user_agent="test", resolver=lambda *_: PRIVATE))
    assert isinstance(internal, Obstacle)
    assert (internal.may_pass, internal.is_fault) == (False, True)


PRIVATE = [ip_address("10.0.0.1")]
REFUSING = (400, 401, 402, 403, 406, 407, 409, 418, 451, 999)


@pytest.mark.parametrize(
    ("status", "is_fault"),
    [(404, True), (410, True), (304, True), *((status, False) for status in REFUSING)],
)
def test_only_what_is_the_page_s_own_fault_is_a_fault_and_it_is_one_at_once(status: int, is_fault: bool) -> None:
    found = visit("https://acme.example/", site("<p>x</p>", status=status))
    assert isinstance(found, Obstacle)
    assert (found.is_fault, found.may_pass) == (is_fault, False)
    assert is_fault or "reviewer" in found.remedy


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        *(("0", 0), ("120", 120), ("9" * 20, 1800), ("-5", 0), ("soon", 0), ("", 0), ("1" * 100_000, 1800)),
        *(("Fri, 31 Dec 9999 23:59:59 GMT", 1800), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("\u0665", 0)),
    ],
)
def test_a_rest_is_read_in_any_form_and_bounded(said: str, seconds: int) -> None:
    found = visit("https://acme.example/", site("", status=503, headers={"retry-after": said}))
    assert isinstance(found, Obstacle)
    assert found.rest.total_seconds() == seconds
    assert found.rest <= MAX_REST


def test_every_refusal_of_a_fetch_is_known_as_a_blip_a_limit_or_a_fault() -> None:
    assert set(REMEDIES) >= PASSING | UNREADABLE
    assert not PASSING & UNREADABLE


def test_what_keeps_a_website_from_being_read_is_said_in_the_same_words() -> None:
    (finding,) = findings_of_website(
        "https://acme.example/", site("", status=403, headers={"cf-mitigated": "challenge"})
    )
    assert finding.code == "website.bot_wall"
