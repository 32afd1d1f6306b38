"""The actor and the time of a request: the person must still exist when it is judged, and no request waits forever."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models.lifecycle import AppTrigger
from models.request import RequestSource
from tests.journeys import BECAUSE, People, app_building, apps_in_public_beta, ask, judge, now_of, outcome_of, people_in
from workflow.errors import Invalid, NotFound, WorkflowError
from workflow.lifecycle.requests import AcceptedRequest, CallerRequest, Wanted, accept_requests


def _execute(engine: Engine, statement: str, **values: object) -> None:
    with Session(engine) as session, session.begin():
        session.execute(text(statement), values)


def _codes(outcome: dict[str, object]) -> list[str]:
    unmet = outcome["unmet"]
    assert isinstance(unmet, list)
    return unmet


@pytest.mark.parametrize("change", ["removed_at = now()", "role = 'reviewer'"])
def test_a_person_removed_or_moved_after_asking_is_refused_and_others_are_not(
    change: str, engine: Engine, people: People
) -> None:
    apps_in_public_beta(engine, people, ["acme", "globex"])
    gone = ask(engine, people.admin, "acme", AppTrigger.SUSPEND, reasons=BECAUSE)
    stays = ask(engine, people.reviewer, "globex", AppTrigger.SUSPEND, reasons=BECAUSE)
    _execute(engine, f"UPDATE person SET {change} WHERE id = :id", id=people.admin.id)
    judge(engine)
    assert outcome_of(engine, gone)["status"] == "refused"
    assert _codes(outcome_of(engine, gone)) == ["principal.gone"]
    assert outcome_of(engine, stays)["status"] == "applied"


def test_a_partner_who_moved_to_another_company_is_refused_for_that_too(engine: Engine, people: People) -> None:
    app_building(engine, people, "acme")
    other = people_in(engine, "Globex").partner
    request = ask(engine, people.partner, "acme", AppTrigger.WITHDRAW)
    _execute(
        engine,
        "UPDATE person SET organization_id = :other, owner = false WHERE id = :id",
        id=people.partner.id,
        other=other.organization_id,
    )
    judge(engine)
    assert set(_codes(outcome_of(engine, request))) > {"principal.gone"}


def test_a_service_and_the_schedule_are_not_persons_and_may_ask(engine: Engine, people: People) -> None:
    apps_in_public_beta(engine, people, ["acme"])
    request = ask(engine, people.service, "acme", AppTrigger.PROMOTE)
    judge(engine)
    assert "principal.gone" not in _codes(outcome_of(engine, request))


def test_a_request_waits_for_ninety_days_at_most(engine: Engine, people: People) -> None:
    app_building(engine, people, "acme")
    with Session(engine) as session:
        now = now_of(session)
    ask(engine, people.partner, "acme", AppTrigger.SUBMIT, not_before=now + timedelta(days=90) - timedelta(minutes=1))
    for moment in (now + timedelta(days=91), datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)):
        with pytest.raises(Invalid, match="90 days"):
            ask(engine, people.partner, "acme", AppTrigger.SUBMIT, not_before=moment)


@pytest.mark.parametrize("trigger", AppTrigger)
def test_another_companys_app_is_indistinguishable_from_one_that_does_not_exist(
    engine: Engine, people: People, trigger: AppTrigger
) -> None:
    app_building(engine, people, "acme")
    stranger = people_in(engine, "Globex").partner
    with Session(engine) as session:
        theirs, none = accept_requests(
            session,
            [CallerRequest(stranger, Wanted(slug, trigger)) for slug in ("acme", "nothing")],
            RequestSource.HTTP,
        )
        assert isinstance(theirs, WorkflowError)
        assert isinstance(none, WorkflowError)
        assert theirs.code == none.code
        assert theirs.detail.replace("acme", "nothing") == none.detail
        assert session.scalar(text("SELECT count(*) FROM transition_request")) == 0


def test_requests_of_several_actors_at_once_are_accepted_in_order_with_one_audit_entry_each(
    engine: Engine, people: People
) -> None:
    app_building(engine, people, "acme")
    other = people_in(engine, "Globex")
    app_building(engine, other, "globex")
    with Session(engine) as session:
        soon = now_of(session) + timedelta(days=1)
    asked = [
        CallerRequest(other.partner, Wanted("globex", AppTrigger.SUBMIT, "key")),
        CallerRequest(people.partner, Wanted("globex", AppTrigger.SUBMIT)),
        CallerRequest(people.admin, Wanted("globex", AppTrigger.REMOVE, not_before=soon)),
        CallerRequest(people.partner, Wanted("acme", AppTrigger.SUBMIT, "key")),
        CallerRequest(people.partner, Wanted("acme", AppTrigger.SUBMIT, "key")),
    ]
    with Session(engine) as session, session.begin():
        first, foreign, later, second, repeated = accept_requests(session, asked, RequestSource.HTTP)
    assert isinstance(first, AcceptedRequest)
    assert isinstance(foreign, NotFound)
    assert isinstance(later, AcceptedRequest)
    assert later.times is not None
    assert later.times.due_at == soon
    assert isinstance(second, AcceptedRequest)
    assert repeated == AcceptedRequest(second.id)
    with Session(engine) as session:
        stored = session.execute(
            text("SELECT id, principal_id, due_at FROM transition_request ORDER BY position")
        ).all()
        noted = session.execute(text("SELECT target, actor_id, detail->>'app' FROM audit_entry ORDER BY id")).all()
    assert [row.id for row in stored] == [first.id, later.id, second.id]
    assert [row.principal_id for row in stored] == [other.partner.id, people.admin.id, people.partner.id]
    assert stored[1].due_at == soon
    apps = ("globex", "globex", "acme")
    assert noted == [(str(row.id), row.principal_id, app) for row, app in zip(stored, apps, strict=True)]


def test_a_key_of_a_request_for_an_unknown_app_can_be_used_again_in_the_same_call(
    engine: Engine, people: People
) -> None:
    app_building(engine, people, "acme")
    asked = [
        CallerRequest(people.partner, Wanted(slug, AppTrigger.SUBMIT, "key")) for slug in ("acmee", "acme", "acme")
    ]
    with Session(engine) as session, session.begin():
        mistaken, first, repeated = accept_requests(session, asked, RequestSource.HTTP)
    assert isinstance(mistaken, WorkflowError)
    assert isinstance(first, AcceptedRequest)
    assert repeated == AcceptedRequest(first.id)
