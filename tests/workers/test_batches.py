"""Draining requests: a claim may begin after the first due request, but no request is missed."""

from dataclasses import replace

from sqlalchemy import text

from models.lifecycle import AppTrigger
from tests.journeys import app_building, ask, outcome_of, people_in
from workers.context import WorkerContext
from workers.judging.batches import apply_due_requests


def test_an_earlier_request_that_commits_late_is_judged_before_the_drain_ends(
    context: WorkerContext,
) -> None:
    people = people_in(context.engine)
    for slug in ("acme", "globex", "late"):
        app_building(context.engine, people, slug)
    asked = [ask(context.engine, people.partner, slug, AppTrigger.SUBMIT) for slug in ("acme", "globex")]

    def commit_late(_seconds: float) -> None:
        if len(asked) == 2:
            asked.append(ask(context.engine, people.partner, "late", AppTrigger.SUBMIT))
            with context.engine.begin() as connection:
                past = text("UPDATE transition_request SET due_at = now() - interval '1 hour' WHERE id = :id")
                connection.execute(past, {"id": asked[-1]})

    assert apply_due_requests(replace(context, batch_size=1, observe_batch=commit_late)) == 3
    assert {outcome_of(context.engine, request)["status"] for request in asked} == {"applied"}


def test_a_drain_skips_apps_that_others_hold_and_judges_them_before_it_ends(context: WorkerContext) -> None:
    people = people_in(context.engine)
    slugs = [f"app-{number}" for number in range(8)]
    held, rest = slugs[:2], slugs[2:]
    for slug in slugs:
        app_building(context.engine, people, slug)
    asked = {slug: ask(context.engine, people.partner, slug, AppTrigger.SUBMIT) for slug in slugs}
    with context.engine.connect() as other:
        other.execute(text("SELECT FROM app WHERE slug = ANY(:slugs) FOR NO KEY UPDATE"), {"slugs": held})
        assert apply_due_requests(replace(context, batch_size=2)) == len(rest)
        other.rollback()
    assert [outcome_of(context.engine, asked[slug])["status"] for slug in slugs] == 2 * ["due"] + 6 * ["applied"]
    with context.engine.connect() as connection:
        judged = connection.scalars(
            text("SELECT slug FROM transition t JOIN app ON app.id = app_id WHERE trigger = 'submit' ORDER BY at, slug")
        ).all()
    assert judged == ["app-2", "app-3", "app-6", "app-7", "app-4", "app-5"]
