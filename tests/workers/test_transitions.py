"""Draining requests: a claim may begin where the oldest was, and misses nothing for it."""

from dataclasses import replace

from sqlalchemy import text

from models.lifecycle import AppTrigger
from tests.journeys import app_building, ask, outcome_of, people_in
from workers.deps import Deps
from workers.transitions import apply_due_requests


def test_what_commits_late_and_is_due_before_all_others_is_judged_before_the_drain_ends(
    deps: Deps,
) -> None:
    people = people_in(deps.engine)
    for slug in ("acme", "globex", "late"):
        app_building(deps.engine, people, slug)
    asked = [ask(deps.engine, people.partner, slug, AppTrigger.SUBMIT) for slug in ("acme", "globex")]

    def commit_late(_seconds: float) -> None:
        if len(asked) == 2:
            asked.append(ask(deps.engine, people.partner, "late", AppTrigger.SUBMIT))
            with deps.engine.begin() as connection:
                past = text("UPDATE transition_request SET due_at = now() - interval '1 hour' WHERE id = :id")
                connection.execute(past, {"id": asked[-1]})

    assert apply_due_requests(replace(deps, batch_size=1, took_batch=commit_late)) == 3
    assert {outcome_of(deps.engine, request)["status"] for request in asked} == {"applied"}
