"""Drafts over HTTP: of their writer alone, by review, and neither lost nor overwritten unseen."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from models import Person
from models.conversation import MAX_DRAFT
from models.lifecycle import AppState, AppTrigger
from models.token import Scope
from tests.api.answers import ok, problem
from tests.api.running import Service
from tests.api.service import Caller
from tests.factories import app_in, move
from tests.journeys import now_of
from workflow.errors import Conflict
from workflow.identity.tokens import issue_token
from workflow.operating.pruning import DRAFTS_KEPT, pruning_steps
from workflow.reviewing.drafts import write_draft

WORDS = {"text": "Mend the <b>links</b>.", "saved": ["partners_page.no_utm"]}


def _draft(service: Service, slug: str) -> str:
    app_in(service.engine, service.people, slug, AppState.SUBMITTED)
    (found,) = ok(service.reviewer("GET", f"/v1/reviews?app={slug}"))["items"]
    return f"/v1/reviews/{found['id']}/draft"


def test_a_draft_is_read_by_its_writer_alone_and_outlives_the_decision(shared_service: Service) -> None:
    service = shared_service
    path = _draft(service, "drafted")
    problem(service.reviewer("GET", path), 404, "draft.none")
    written = ok(service.reviewer("PUT", path, WORDS))
    assert {"text": written["text"], "saved": written["saved"]} == WORDS
    problem(service.admin("GET", path), 404, "draft.none")
    problem(service.partner("GET", path), 403, "role.forbidden")
    ok(service.admin("PUT", path, {"text": "Mine."}))
    move(service.engine, service.people, "drafted", AppTrigger.REQUEST_CHANGES)
    assert ok(service.reviewer("GET", path)) == written
    ok(service.reviewer("PUT", path, {"text": ""}))
    assert service.reviewer("DELETE", path).status_code == 204
    assert service.reviewer("DELETE", path).status_code == 204
    problem(service.reviewer("GET", path), 404, "draft.none")
    assert ok(service.admin("GET", path))["text"] == "Mine."


def test_of_two_windows_neither_overwrites_what_it_has_not_read(shared_service: Service) -> None:
    service = shared_service
    path = _draft(service, "windows")
    first = ok(service.reviewer("PUT", path, {"text": "First."}))
    second = ok(service.reviewer("PUT", path, {"text": "Second.", "replaces": first["written_at"]}))
    late = {"text": "Late.", "replaces": first["written_at"]}
    problem(service.reviewer("PUT", path, late), 409, "draft.changed")
    assert ok(service.reviewer("GET", path)) == second
    problem(service.reviewer("PUT", path, {"text": "x" * (MAX_DRAFT + 1)}), 422, "request.invalid")
    problem(service.reviewer("PUT", path, {"text": "\x00"}), 422, "request.invalid")
    assert len(ok(service.reviewer("PUT", path, {"text": "ß" * MAX_DRAFT}))["text"]) == MAX_DRAFT
    service.reviewer("DELETE", path)
    problem(service.reviewer("PUT", path, late), 409, "draft.changed")


def test_two_who_write_over_the_same_draft_at_once_take_turns(shared_service: Service) -> None:
    service = shared_service
    review = UUID(_draft(service, "turns").split("/")[3])
    actor = service.people.reviewer
    with Session(service.engine) as session, session.begin():
        seen = write_draft(session, review, "Seen.", (), actor).written_at
    with Session(service.engine) as one, one.begin():
        write_draft(one, review, "One.", (), actor, seen)
        with Session(service.engine) as other, other.begin():
            other.execute(text("SET LOCAL lock_timeout = '50ms'"))
            with pytest.raises(OperationalError, match="lock timeout"):
                write_draft(other, review, "Other.", (), actor, seen)
    with Session(service.engine) as other, other.begin(), pytest.raises(Conflict):
        write_draft(other, review, "Other.", (), actor, seen)


def test_drafts_go_some_days_after_their_review_has_ended(shared_service: Service) -> None:
    service = shared_service
    ended, stays = _draft(service, "ended"), _draft(service, "stays")
    for path in (ended, stays):
        ok(service.reviewer("PUT", path, WORDS))
    move(service.engine, service.people, "ended", AppTrigger.REQUEST_CHANGES)
    with Session(service.engine) as session:
        now = now_of(session)
        for later, left in ((timedelta(), 200), (timedelta(minutes=1), 404)):
            for step in pruning_steps(now + DRAFTS_KEPT + later - timedelta(seconds=30)):
                step(session, 1000)
            session.commit()
            assert service.reviewer("GET", ended).status_code == left
    ok(service.reviewer("GET", stays))


def test_what_was_said_comes_in_one_call_with_the_readers_own_draft(shared_service: Service) -> None:
    service = shared_service
    review = _draft(service, "said").removesuffix("/draft")
    assert ok(service.reviewer("GET", f"{review}/said")) == {"messages": [], "notes": [], "draft": None}
    for number in range(3):
        service.partner("POST", "/v1/apps/said/messages", {"text": f"Asked {number}."})
        service.reviewer("POST", f"{review}/messages", {"text": f"Said {number}."})
        service.reviewer("POST", f"{review}/notes", {"text": f"Noted {number}."})
    drafted = ok(service.reviewer("PUT", f"{review}/draft", WORDS))
    said = ok(service.reviewer("GET", f"{review}/said"))
    for what in ("messages", "notes"):
        assert said[what] == ok(service.reviewer("GET", f"{review}/{what}"))["items"]
    assert [len(said["messages"]), len(said["notes"]), said["draft"]] == [6, 3, drafted]
    assert ok(service.admin("GET", f"{review}/said"))["draft"] is None
    with Session(service.engine) as session, session.begin():
        reader = session.get_one(Person, service.people.reviewer.id)
        ends_at = now_of(session) + timedelta(days=1)
        _, reads_only = issue_token(session, reader, label="reads", expires_at=ends_at, scopes=[Scope.REVIEWS_READ])
    assert ok(Caller(service.url, reads_only)("GET", f"{review}/said")) == {**said, "draft": None}
