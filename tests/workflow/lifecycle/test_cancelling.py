"""Taking a request back before it is judged: either it is cancelled, or it is judged, and never both."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models.lifecycle import AppState, AppTrigger
from tests.api.invariants import check_rows
from tests.at_once import at_once
from tests.factories import app_in, apps_in
from tests.journeys import BECAUSE, People, ask, judge, judging, mark_in_flight, now_and_writer, now_of, state_of
from tests.waiting import wait_until
from workflow.errors import Conflict, Forbidden, NotFound
from workflow.identity.actors import Actor
from workflow.lifecycle.batch import judge_due_requests
from workflow.lifecycle.cancelling import cancel_request

_RACED = 12


def _cancel(engine: Engine, request_id: UUID, actor: Actor) -> str:
    """Returns the status of the request after the actor has cancelled it. Commits."""
    with Session(engine) as session, session.begin():
        return cancel_request(session, request_id, actor, now_of(session))[0].status


def _rows(engine: Engine, statement: str, **values: object) -> list[tuple[object, ...]]:
    with Session(engine) as session:
        return [tuple(row) for row in session.execute(text(statement), values)]


def _left_by(engine: Engine, app_id: UUID) -> dict[str, object]:
    """Returns all that a decision could change: the App, its log, its mails, its reviews and their steps."""
    of_app = {
        "app": "SELECT * FROM app WHERE id = :id",
        "log": "SELECT version, trigger FROM transition WHERE app_id = :id ORDER BY version",
        "mails": "SELECT id, kind, status, recipient_id FROM notification WHERE app_id = :id ORDER BY id",
        "reviews": "SELECT * FROM review WHERE app_id = :id ORDER BY id",
        "steps": "SELECT s.* FROM review_step s JOIN review r ON r.id = s.review_id WHERE r.app_id = :id ORDER BY s.id",
        "catalog": "SELECT * FROM catalog_entry WHERE app_id = :id",
    }
    return {what: _rows(engine, statement, id=app_id) for what, statement in of_app.items()}


def test_a_request_that_is_taken_back_leaves_nothing_but_itself(engine: Engine, people: People) -> None:
    app_id = app_in(engine, people, "undone", AppState.SUBMITTED)
    before = _left_by(engine, app_id)
    with Session(engine) as session:
        later = now_of(session) + timedelta(seconds=10)
    asked = ask(engine, people.reviewer, "undone", AppTrigger.REQUEST_CHANGES, reasons=BECAUSE, not_before=later)
    judge(engine)
    assert _cancel(engine, asked, people.reviewer) == "void"
    assert _cancel(engine, asked, people.reviewer) == "void"
    with Session(engine) as session, session.begin():  # as if the time had come
        session.execute(text("UPDATE transition_request SET due_at = now() WHERE id = :id"), {"id": asked})
    judge(engine)
    assert _left_by(engine, app_id) == before
    entries = _rows(engine, "SELECT action, actor_id FROM audit_entry WHERE target = :id ORDER BY id", id=str(asked))
    assert entries == [("transition.request", people.reviewer.id), ("transition.cancel", people.reviewer.id)]
    check_rows(engine)


def test_only_who_asked_takes_a_request_back_and_only_while_it_is_due(engine: Engine, people: People) -> None:
    app_in(engine, people, "kept", AppState.BUILDING)
    asked = ask(engine, people.partner, "kept", AppTrigger.SUBMIT)
    with pytest.raises(Forbidden, match="Somebody else"):
        _cancel(engine, asked, people.reviewer)
    with pytest.raises(NotFound):
        _cancel(engine, UUID(int=0), people.partner)
    judge(engine)
    with pytest.raises(Conflict, match="applied since") as judged:
        _cancel(engine, asked, people.partner)
    assert judged.value.code == "request.judged"


def test_whoever_cancels_while_it_is_judged_waits_and_comes_too_late(engine: Engine, people: People) -> None:
    app_in(engine, people, "late", AppState.BUILDING)
    asked = ask(engine, people.partner, "late", AppTrigger.SUBMIT)

    def applied_while_another_cancels() -> None:
        with judging(engine) as (session, mark):
            judge_due_requests(session, now_and_writer=now_and_writer, mark_in_flight=mark, limit=10)
            waiting = (
                "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FOR NO KEY UPDATE%'"
            )
            wait_until(lambda: bool(_rows(engine, waiting)), seconds=20)

    def cancelled() -> str:
        holds = "SELECT 1 FROM pg_locks WHERE relation = 'app'::regclass AND mode = 'RowExclusiveLock'"
        wait_until(lambda: bool(_rows(engine, holds)), seconds=20)
        with pytest.raises(Conflict) as late:
            _cancel(engine, asked, people.partner)
        return late.value.code

    assert at_once(applied_while_another_cancels, cancelled)[1] == "request.judged"
    assert state_of(engine, "late")[0] == "submitted"


def test_a_request_that_is_being_cancelled_is_not_judged_and_its_app_is_not_waited_for(
    engine: Engine, people: People
) -> None:
    app_in(engine, people, "early", AppState.BUILDING)
    asked = ask(engine, people.partner, "early", AppTrigger.SUBMIT)
    with Session(engine) as session, session.begin():
        cancel_request(session, asked, people.partner, now_of(session))
        judge(engine)
    judge(engine)
    assert state_of(engine, "early") == ("building", 1)


def test_of_cancelling_and_judging_at_once_exactly_one_wins(engine: Engine, people: People) -> None:
    slugs = [f"raced-{number}" for number in range(_RACED)]
    apps_in(engine, people, dict.fromkeys(slugs, (AppState.BUILDING, "none")))
    asked = [ask(engine, people.partner, slug, AppTrigger.SUBMIT) for slug in slugs]

    def cancel_all(requests: Sequence[UUID]) -> list[bool]:
        return [_is_cancelled(engine, request, people.partner) for request in requests]

    cancelled, _, _ = at_once(partial(cancel_all, asked), *(partial(judge, engine, limit=1) for _ in range(2)))
    judge(engine)
    for slug, request, undone in zip(slugs, asked, cancelled, strict=True):
        ((status,),) = _rows(engine, "SELECT status FROM transition_request WHERE id = :id", id=request)
        assert (status, state_of(engine, slug)) == (
            ("void", ("building", 1)) if undone else ("applied", ("submitted", 2))
        )
    check_rows(engine)


def _is_cancelled(engine: Engine, request_id: UUID, actor: Actor) -> bool:
    try:
        _cancel(engine, request_id, actor)
    except Conflict:
        return False
    return True


def test_what_held_an_app_up_holds_it_up_no_longer_once_it_is_cancelled(engine: Engine, people: People) -> None:
    app_id = app_in(engine, people, "rested", AppState.BUILDING)
    first = ask(engine, people.partner, "rested", AppTrigger.SUBMIT)
    ask(engine, people.partner, "rested", AppTrigger.SUBMIT)
    mark_in_flight(engine, [first])
    with Session(engine) as session, session.begin():
        rest = (
            "INSERT INTO resting_app (app_id, rests_until, rests, last_error) VALUES (:id, now() + '1 day', 0, 'why')"
        )
        session.execute(text(rest), {"id": app_id})
    judge(engine)
    assert state_of(engine, "rested")[0] == "building"
    _cancel(engine, first, people.partner)
    assert _rows(engine, "SELECT * FROM apply_batch") == []
    judge(engine)
    assert state_of(engine, "rested")[0] == "submitted"
