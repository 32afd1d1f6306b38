"""Checks of hosts, against a real server and a real name server: where the challenge counts, and where it does not."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import dns.rcode
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models import HostProof
from runtime.guarded_http import FetchLimits, GuardedHttp, Page
from tests.guarded_http.clients import CERTIFICATES, SHORT, Answers
from tests.guarded_http.hostile_server import Behaviour, HostileServer, page, redirect, silent
from tests.guarded_http.test_fetching import tls
from tests.journeys import People, now_of, people_in
from tests.names import Behaviour as Named
from tests.names import NameServer, fails, has
from tests.workers.leased import work_off
from workers.actors.host_proofs import HOST_PROOFS
from workers.context import WorkerContext
from workflow.access.host_proofs import (
    PAGE_PATH,
    PAUSE,
    PROOF_LIFE,
    ask_for_check,
    begin_host_proof,
    record_of,
    remove_host_proof,
    state_of_host,
)
from workflow.access.tried_hosts import may_be_tried
from workflow.errors import Conflict

HOST = "partner.example"
"""The host that the server's certificate is for."""


@dataclass
class AtItsPort:
    """Fetches with a real client from a server that has another port than that of https."""

    client: GuardedHttp
    port: int

    def fetch(self, url: str) -> Page:
        return self.client.fetch(self._at_port(url))

    def probe(self, url: str) -> Page:
        return self.client.probe(self._at_port(url))

    def _at_port(self, url: str) -> str:
        return url.replace(f"https://{HOST}/", f"https://{HOST}:{self.port}/")


@pytest.fixture
def people(context: WorkerContext) -> People:
    return people_in(context.engine)


@pytest.fixture
def proof(context: WorkerContext, people: People) -> HostProof:
    """A proof of HOST that the company has begun."""
    with Session(context.engine, expire_on_commit=False) as session, session.begin():
        return begin_host_proof(session, _company(people), HOST, people.partner, now_of(session))


def _company(people: People) -> UUID:
    assert people.partner.organization_id is not None
    return people.partner.organization_id


@contextmanager
def _host(
    context: WorkerContext,
    served: Behaviour | None = None,
    named: Named | None = None,
    *,
    certificate: str = "good",
    others: dict[str, Behaviour] | None = None,
    limits: FetchLimits | None = None,
) -> Iterator[WorkerContext]:
    """Runs HOST with a page and TXT records. Yields the context of a worker that reaches both."""
    pages = {PAGE_PATH: served or page(b"", status="404 Not Found")} | (others or {})
    with ExitStack() as stack:
        server = stack.enter_context(HostileServer(pages, tls=tls(certificate)).running())
        names = stack.enter_context(NameServer({record_of(HOST): named} if named else {}).running())
        client = GuardedHttp(
            limits or FetchLimits(),
            user_agent="test",
            allow_loopback=True,
            resolver=Answers(*[["127.0.0.1"]] * 5),
            authorities=CERTIFICATES / "authority.pem",
        )
        yield replace(context, http=AtItsPort(client, server.port), names=names.texts(timedelta(seconds=0.6)))


def _ask(context: WorkerContext, people: People, proof: HostProof, *, later: timedelta = timedelta()) -> None:
    with Session(context.engine) as session, session.begin():
        ask_for_check(session, _company(people), proof.id, people.partner, now_of(session) + later)


def _checked(context: WorkerContext, people: People, proof: HostProof) -> tuple[str | None, list[str]]:
    """Has the host checked. Returns where the challenge was found, and the codes of what was found instead."""
    _ask(context, people, proof)
    assert work_off(context, HOST_PROOFS) == 1
    with Session(context.engine) as session:
        found = session.get_one(HostProof, proof.id)
        assert found.status == "done"
        assert all(one["detail"] and proof.challenge in one["remedy"] for one in found.findings)
        assert may_be_tried(session, _company(people), HOST) == (found.proved_at is not None)
        return found.found_in, [one["code"] for one in found.findings]


Make = Callable[[str], bytes]
EXACT: Make = str.encode


@pytest.mark.parametrize("make", [EXACT, lambda it: f"\n {it} \r\n".encode(), lambda it: f"other\n{it}".encode()])
def test_a_challenge_on_the_hosts_page_proves_it(
    context: WorkerContext, people: People, proof: HostProof, make: Make
) -> None:
    with _host(context, page(make(proof.challenge), "Content-Type: text/plain")) as at_host:
        assert _checked(at_host, people, proof) == ("page", [])


def test_a_challenge_in_a_txt_record_proves_the_host(context: WorkerContext, people: People, proof: HostProof) -> None:
    with _host(context, named=has("v=spf1 -all", proof.challenge)) as at_host:
        assert _checked(at_host, people, proof) == ("dns", [])
    with Session(context.engine) as session:
        proved = session.get_one(HostProof, proof.id)
        assert proved.checked_at is not None
        assert proved.expires_at == proved.checked_at + PROOF_LIFE
        actions = session.scalars(
            text("SELECT action FROM audit_entry WHERE target = :id ORDER BY at"), {"id": str(proof.id)}
        )
        assert actions.all() == ["host_proof.begin", "host_proof.check", "host_proof.prove"]  # fmt: skip


@pytest.mark.parametrize(
    ("served", "named", "codes"),
    [
        (None, None, ["page.status", "dns.missing"]),
        (page(b"devcenter-challenge=another"), has("devcenter-challenge=another"), ["page.other", "dns.other"]),
        (page(b""), has(), ["page.other", "dns.missing"]),
        (page(b"", status="503 Away"), fails(dns.rcode.SERVFAIL), ["page.status", "dns.failed"]),
        (redirect("http://partner.example/"), None, ["page.connection.failed", "dns.missing"]),
        (page(b"x" * 3_000_000), None, ["page.body.too_large", "dns.missing"]),
    ],
)
def test_what_is_missed_is_said_of_both_places(
    context: WorkerContext, people: People, proof: HostProof, served: Behaviour, named: Named, codes: list[str]
) -> None:
    with _host(context, served, named) as at_host:
        assert _checked(at_host, people, proof) == (None, codes)


def test_only_the_challenge_on_a_line_of_its_own_counts(
    context: WorkerContext, people: People, proof: HostProof
) -> None:
    for body in (
        f"<p>{proof.challenge}</p>",
        f"{proof.challenge}0",
        proof.challenge[:-1],
        f"You asked: {proof.challenge}",
    ):
        with _host(context, page(body.encode()), has(body)) as at_host:
            assert _checked(at_host, people, proof) == (None, ["page.other", "dns.other"])
        _age(context)


def test_what_another_host_serves_proves_nothing(context: WorkerContext, people: People, proof: HostProof) -> None:
    shown = page(proof.challenge.encode())
    with HostileServer({"/": shown}).running() as other:
        elsewhere = redirect(f"http://localhost:{other.port}/")
        with _host(context, elsewhere) as at_host:
            assert _checked(at_host, people, proof) == (None, ["page.redirected", "dns.missing"])
    _age(context)
    with _host(context, redirect("/moved"), others={"/moved": shown}) as at_host:
        assert _checked(at_host, people, proof) == ("page", []), "a redirect within the host counts"


@pytest.mark.parametrize("certificate", ["other_host", "expired", "self_signed"])
def test_a_server_that_cannot_show_that_it_is_the_host_proves_nothing(
    context: WorkerContext, people: People, proof: HostProof, certificate: str
) -> None:
    with _host(context, page(proof.challenge.encode()), certificate=certificate) as at_host:
        assert _checked(at_host, people, proof) == (None, ["page.tls.invalid", "dns.missing"])


def test_a_host_at_a_private_address_is_not_reached(context: WorkerContext, people: People, proof: HostProof) -> None:
    with _host(context, page(proof.challenge.encode())) as at_host:
        strict = GuardedHttp(FetchLimits(), user_agent="test", resolver=Answers(["127.0.0.1"]))
        found = _checked(replace(at_host, http=strict), people, proof)
    assert found == (None, ["page.address.not_public", "dns.missing"])


def test_a_host_that_hangs_ends_the_check(context: WorkerContext, people: People, proof: HostProof) -> None:
    with _host(context, silent, limits=SHORT) as at_host:
        assert _checked(at_host, people, proof) == (None, ["page.time.exceeded", "dns.missing"])


def test_a_check_that_finds_nothing_leaves_the_proof_until_it_ends(
    context: WorkerContext, people: People, proof: HostProof
) -> None:
    with _host(context, named=has(proof.challenge)) as at_host:
        assert _checked(at_host, people, proof)[0] == "dns"
    _age(context)
    with _host(context) as at_host:
        assert _checked(at_host, people, proof) == ("dns", ["page.status", "dns.missing"])


def test_a_check_is_asked_for_once_a_minute_and_one_at_a_time(
    context: WorkerContext, people: People, proof: HostProof
) -> None:
    _ask(context, people, proof)
    assert _refused(context, people, proof) == "host_proof.under_way"
    with _host(context) as at_host:
        work_off(at_host, HOST_PROOFS)
    assert _refused(context, people, proof) == "host_proof.too_soon"
    _ask(context, people, proof, later=PAUSE)


def test_an_ended_proof_is_begun_again_with_another_challenge(
    context: WorkerContext, people: People, proof: HostProof
) -> None:
    _ask(context, people, proof)
    with Session(context.engine) as session, session.begin():
        session.execute(text("UPDATE host_proof SET expires_at = now() - interval '1 second'"))
    assert _refused(context, people, proof) == "host_proof.expired"
    with Session(context.engine, expire_on_commit=False) as session, session.begin():
        again = begin_host_proof(session, _company(people), HOST, people.partner, now_of(session))
        assert (again.id, again.status, state_of_host(again, now_of(session))) == (proof.id, "done", "open")
        assert again.challenge != proof.challenge
        assert re.fullmatch(r"devcenter-challenge=[0-9a-f]{40}", again.challenge)
    with _host(context, page(proof.challenge.encode()), has(proof.challenge)) as at_host:
        assert _checked(at_host, people, again) == (None, ["page.other", "dns.other"])


@pytest.mark.parametrize("meanwhile", ["removed", "begun again"])
def test_a_check_of_a_proof_that_is_gone_meanwhile_proves_nothing(
    context: WorkerContext, people: People, proof: HostProof, meanwhile: str
) -> None:
    def reached(point: str) -> None:
        assert point == "host_checked"
        with Session(context.engine) as session, session.begin():
            if meanwhile == "removed":
                remove_host_proof(session, _company(people), proof.id, people.partner)
                return
            session.execute(text("UPDATE host_proof SET expires_at = now() - interval '1 second'"))
            begin_host_proof(session, _company(people), HOST, people.partner, now_of(session))

    _ask(context, people, proof)
    with _host(context, page(proof.challenge.encode())) as at_host:
        assert work_off(replace(at_host, reached=reached), HOST_PROOFS) == 1
    with Session(context.engine) as session:
        assert not may_be_tried(session, _company(people), HOST)


def _refused(context: WorkerContext, people: People, proof: HostProof) -> str:
    with pytest.raises(Conflict) as refused:
        _ask(context, people, proof)
    return refused.value.code


def _age(context: WorkerContext) -> None:
    """Lets the pause after a check be over."""
    with Session(context.engine) as session, session.begin():
        session.execute(text("UPDATE host_proof SET asked_at = asked_at - interval '1 hour'"))
