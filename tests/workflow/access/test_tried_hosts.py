"""Which hosts a company may have requests tried out on."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models import HostProof
from tests.journeys import People, now_of, people_in
from workflow.access.domains import registrable_domain
from workflow.access.host_proofs import begin_host_proof
from workflow.access.tried_hosts import may_be_tried, read_host
from workflow.errors import Invalid


def _company(people: People) -> UUID:
    assert people.partner.organization_id is not None
    return people.partner.organization_id


def _may(engine: Engine, people: People, host: str) -> bool:
    with Session(engine) as session:
        return may_be_tried(session, _company(people), host)


def _change(engine: Engine, statement: str, **values: object) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement), values)


@pytest.mark.parametrize("host", ["acme.example", "hooks.acme.example", "a.b.ACME.Example.", "hooks.acme.example."])
def test_hosts_under_the_companys_own_domain_may_be_tried(engine: Engine, people: People, host: str) -> None:
    assert _may(engine, people, host)
    assert not _may(engine, people_in(engine, "Other"), host)


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "[::1]", "::1", "0x7f.1", "2130706433", "10.0.0.1", "[::ffff:10.0.0.1]", "localhost"),
        *("notacme.example", "acme.example.evil.example", "example", "com", "co.uk", "github.io", "acme.github.io"),
        *("", ".", "a b", "acme.example:443", "pat@acme.example", "acme.example/", "https://acme.example"),
        *("x" * 300, "acme.example\n", "acme。example。com"),
    ],
)  # fmt: skip
def test_no_other_host_may_be_tried(engine: Engine, people: People, host: str) -> None:
    assert not _may(engine, people, host)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE person SET email = 'pat@mail.other.example' WHERE id = :person",
        "UPDATE person SET email = 'pat@notacme.example' WHERE id = :person",
        "UPDATE person SET removed_at = now(), owner = false WHERE id = :person",
        "UPDATE organization SET domain = NULL WHERE id = :company",
    ],
)
def test_a_domain_at_which_nobody_of_the_company_has_an_address_is_not_proved(
    engine: Engine, people: People, change: str
) -> None:
    _change(engine, change, **{name: value for name, value in _ids(people).items() if f":{name}" in change})
    assert not _may(engine, people, "hooks.acme.example")


def test_an_address_below_the_domain_proves_it(engine: Engine, people: People) -> None:
    _change(engine, "UPDATE person SET email = 'Pat@Mail.ACME.example' WHERE id = :person", person=people.partner.id)
    assert _may(engine, people, "hooks.acme.example")


def test_a_domain_that_many_share_is_nobodys_own(engine: Engine, people: People) -> None:
    for shared in ("gmail.com", "acme.github.io", "ngrok.io"):
        _change(
            engine,
            "UPDATE organization SET domain = :shared WHERE id = :company",
            shared=shared,
            company=_company(people),
        )
        _change(
            engine, "UPDATE person SET email = :mail WHERE id = :person", mail=f"p@{shared}", person=people.partner.id
        )
        assert not _may(engine, people, shared)  # fmt: skip


def test_a_proved_host_may_be_tried_by_its_company_until_the_proof_ends(engine: Engine, people: People) -> None:
    others = people_in(engine, "Other")
    with Session(engine) as session, session.begin():
        proof = begin_host_proof(session, _company(people), "Hooks.GitHub.io", people.partner, now_of(session))
        proof_id, host = proof.id, proof.host
    assert host == "hooks.github.io"
    assert not _may(engine, people, host), "it is only begun"
    with Session(engine) as session, session.begin():
        proof = session.get_one(HostProof, proof_id)
        proof.proved_at, proof.found_in, proof.expires_at = now_of(session), "page", now_of(session) + timedelta(days=1)
    assert _may(engine, people, "HOOKS.github.io.")
    assert not _may(engine, others, host)
    assert not any(_may(engine, people, other) for other in ("a.hooks.github.io", "github.io", "other.github.io"))
    _change(engine, "UPDATE host_proof SET expires_at = now() - interval '1 second'")
    assert not _may(engine, people, host)


@given(
    st.text(max_size=40) | st.from_regex(r"[a-zA-Z0-9.\-_:@/%\[\]]{1,60}", fullmatch=True) | st.ip_addresses().map(str)
)
def test_a_host_that_is_read_is_a_name_below_a_public_suffix_and_is_read_alike_again(typed: str) -> None:
    try:
        name = read_host(typed)
    except Invalid as refused:
        assert refused.code == "host.invalid"  # noqa: PT017 (either outcome is right)
        return
    assert name == read_host(name) == name.lower()
    assert name.isascii()
    assert registrable_domain(name) is not None
    assert not set(name) & set(":/@[]% ")


def _ids(people: People) -> dict[str, UUID]:
    return {"person": people.partner.id, "company": _company(people)}
