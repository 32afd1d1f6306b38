"""Access requests below HTTP: domains, concurrent calls, and due times with their reminders."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from examples.partner.server import ExamplePartner
from models.lifecycle import AccessTrigger
from runtime.guarded_http import FetchLimits, GuardedHttp
from tests.at_once import while_under_way
from tests.journeys import People, now_of
from workers.actors.website_checks import findings_of_website
from workflow.access.addresses import ask_for_address
from workflow.access.deciding import decide_access, mark_access_requests
from workflow.access.domains import domain_of_mail, domain_of_website, is_disposable_mail, is_free_mail
from workflow.access.invitations import accept_invitation
from workflow.access.people import hand_over, invite_colleague, remove_person
from workflow.access.proving import prove_address
from workflow.access.requests import AccessRequestContent, request_access
from workflow.errors import Invalid, WorkflowError
from workflow.policy.calendar import deadline
from workflow.policy.document import load_policies
from workflow.reasons import Reason

RACERS = 6


def _seal(code: str) -> str:
    """Does not encrypt the code, so that the test can accept with it."""
    return code


def _asked(contact: str, company: str = "beta") -> AccessRequestContent:
    return AccessRequestContent(
        company_name=company,
        website=f"https://{company}.example",
        contact_name=contact,
        contact_email=f"{contact}@{company}.example",
        plan="Events.",
        component_kinds=("subscription",),
        survey={},
        agreements=("partner_agreement", "privacy_policy"),
    )


def _ask(session: Session, contact: str) -> UUID:
    return request_access(session, _asked(contact), now_of(session), load_policies(session).current).request.id


def _race(engine: Engine, *works: Callable[[Session], Any]) -> list[Any]:
    """Runs each of `works` in its own transaction, all at once. Returns what each returned or raised."""
    connected = Barrier(len(works))

    def run(work: Callable[[Session], Any]) -> Any:
        try:
            with Session(engine, expire_on_commit=False) as session, session.begin():
                session.connection()
                connected.wait(30)
                return work(session)
        except WorkflowError as error:
            return error.code

    with ThreadPoolExecutor(len(works)) as racers:
        return list(racers.map(run, works))


def _one(engine: Engine, statement: str) -> Any:
    with Session(engine) as session:
        return session.execute(text(statement)).scalar_one()


def test_colleagues_who_ask_at_once_make_one_request(engine: Engine, people: People) -> None:  # noqa: ARG001
    ids = _race(engine, *(lambda s, n=n: _ask(s, f"person-{n}") for n in range(5)))
    assert len(set(ids)) == 1
    assert _one(engine, "SELECT count(*) FROM access_contact") == 4
    assert _one(engine, "SELECT count(*) FROM website_check") == 1


def test_two_decisions_at_once_leave_one_and_one_organization(engine: Engine, people: People) -> None:
    with Session(engine) as session, session.begin():
        request_id = _ask(session, "pat")

    def decide(trigger: AccessTrigger) -> Callable[[Session], Any]:
        because = [Reason("other", "because")]
        return lambda s: decide_access(s, request_id, trigger, because, people.reviewer, now_of(s), _seal).state

    ended = _race(engine, *(decide(trigger) for trigger in [*AccessTrigger] * 3))
    assert ended.count("rules.unmet") == 5
    assert _one(engine, "SELECT state FROM access_request WHERE company_name = 'beta'") in ended
    approved = "approved" in ended
    assert _one(engine, "SELECT count(*) FROM organization WHERE name = 'beta'") == approved
    assert _one(engine, "SELECT count(*) FROM invitation") == approved
    assert _one(engine, "SELECT count(*) FROM notification WHERE status = 'due' AND recipient_id IS NOT NULL") == 0


def test_accepting_at_once_gives_one_person_and_one_token(engine: Engine, people: People) -> None:
    with Session(engine) as session, session.begin():
        decide_access(session, _ask(session, "pat"), AccessTrigger.APPROVE, [], people.reviewer, now_of(session), _seal)
    code = _one(engine, "SELECT data ->> 'sealed' FROM notification WHERE kind = 'welcome'")
    given = _race(engine, *[lambda s: accept_invitation(s, code, now_of(s)).plain] * RACERS)
    assert given.count("invitation.used") == RACERS - 1
    assert _one(engine, "SELECT count(*) FROM person WHERE email = 'pat@beta.example' AND owner") == 1
    assert _one(engine, "SELECT count(*) FROM api_token") == 1


@pytest.mark.parametrize("first", ["accepts", "proves"])
def test_of_two_people_with_one_new_address_the_second_is_told_that_it_is_taken(
    engine: Engine, people: People, first: str
) -> None:
    codes: list[str] = []

    def keep(code: str) -> str:
        codes.append(code)
        return code

    organization, shared = people.partner.organization_id, "shared@acme.example"
    assert organization is not None
    with Session(engine) as session, session.begin():
        now = now_of(session)
        invite_colleague(session, organization, people.partner, now, keep, name="Sam", email=shared)
        ask_for_address(session, people.partner, shared, now, keep)
    invitation, proof = codes
    acts: list[Callable[[Session], object]] = [
        lambda session: accept_invitation(session, invitation, now_of(session)),
        lambda session: prove_address(session, proof, now_of(session), load_policies(session).current),
    ]
    assert while_under_way(engine, *(acts if first == "accepts" else acts[::-1])) == "person.email_taken"
    assert _one(engine, f"SELECT count(*) FROM person WHERE email = '{shared}'") == 1


def test_a_transfer_and_a_removal_at_once_leave_one_owner_who_is_not_removed(engine: Engine, people: People) -> None:
    organization = people.partner.organization_id
    assert organization is not None
    with Session(engine) as session, session.begin():
        invite_colleague(
            session, organization, people.partner, now_of(session), _seal, name="Olga", email="olga@acme.example"
        )
    code = _one(engine, "SELECT data ->> 'sealed' FROM notification WHERE kind = 'colleague_invited'")
    with Session(engine) as session, session.begin():
        olga = accept_invitation(session, code, now_of(session)).person.id
    _race(
        engine,
        lambda s: hand_over(s, organization, olga, people.partner, now_of(s)),
        lambda s: remove_person(s, organization, olga, people.partner, now_of(s)),
        lambda s: remove_person(s, organization, people.partner.id, people.partner, now_of(s)),
    )
    assert _one(engine, f"SELECT count(*) FROM person WHERE owner AND organization_id = '{organization}'") == 1
    assert _one(engine, "SELECT count(*) FROM person WHERE owner AND removed_at IS NOT NULL") == 0


def test_a_request_is_due_within_one_business_day_and_reviewers_are_reminded_once(
    engine: Engine, people: People
) -> None:
    with Session(engine) as session, session.begin():
        now = now_of(session)
        policy = load_policies(session).current
        request = request_access(session, _asked("pat"), now, policy).request
        assert request.due_at == deadline(now, business_days=1, calendar=policy.calendar)
        assert mark_access_requests(session, request.due_at - timedelta(seconds=1)) == 0
        assert mark_access_requests(session, request.due_at) == 1
        assert mark_access_requests(session, request.due_at + timedelta(days=1)) == 0
    told = "SELECT recipient_id FROM notification WHERE kind = 'access_overdue'"
    assert _one(engine, told) == people.reviewer.id
    assert (
        _one(engine, "SELECT lane FROM notification WHERE kind = 'access_overdue'") == "acme.example.platform.example"
    )


def test_a_domain_is_the_registrable_part_of_a_host() -> None:
    assert domain_of_website("https://www.Acme.co.uk/path") == "acme.co.uk"
    assert domain_of_website("http://acme.github.io") == "acme.github.io"
    assert (
        domain_of_website("https://www.münchen.de") == domain_of_mail("a@mail.xn--mnchen-3ya.de") == "xn--mnchen-3ya.de"
    )
    for wrong in (
        "https://co.uk",
        "https://github.io",
        "https://10.0.0.1",
        "https://[::1]",
        "ftp://acme.com",
        "https://[",
    ):
        with pytest.raises(Invalid, match=r"own website"):
            domain_of_website(wrong)


def test_the_kept_lists_know_free_and_disposable_mail() -> None:
    assert is_free_mail("a@gmail.com")
    assert is_disposable_mail("a@mailinator.com")
    assert is_disposable_mail("a@anything.mailinator.com")
    assert not is_free_mail("a@segment.com")
    assert not is_disposable_mail("a@segment.com")


def test_a_website_that_answers_has_no_findings_and_another_says_why() -> None:
    http = GuardedHttp(FetchLimits(total=timedelta(seconds=5)), user_agent="test", allow_loopback=True)
    guarded = GuardedHttp(FetchLimits(total=timedelta(seconds=5)), user_agent="test")
    with ExamplePartner() as partner:
        assert findings_of_website(f"{partner.url}/docs", http) == ()
        assert [one.code for one in findings_of_website(f"{partner.url}/nothing", http)] == ["website.status"]
        assert [one.code for one in findings_of_website(partner.url, guarded)] == ["website.address.not_public"]
