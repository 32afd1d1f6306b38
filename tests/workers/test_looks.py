"""Looks at what is public: when they are due, how they end, and the time to mend what they found."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from models.lifecycle import AppState, AppTrigger
from models.request import RequestSource
from tests.factories import app_in, asker_of, make_possible, move
from tests.journeys import People, apps_in_public_beta, ask, judge, now_of, outcome_of, people_in
from tests.workers.leased import deliver, work_off
from tests.workers.looking import (
    GONE,
    GOOD,
    clock_of,
    log_of,
    look,
    look_again,
    pass_time,
    run_job,
    set_policy,
    values,
)
from workers.actors.notifications import NOTIFICATIONS
from workers.actors.review_steps import REVIEW_STEPS
from workers.context import WorkerContext
from workflow.lifecycle.requests import CallerRequest, Wanted, accept_requests
from workflow.work.handing_out import hand_out
from workflow.work.kinds import DueKind

STEPS = ["end_to_end_check", "partner_documentation"]
LONG = timedelta(days=31)
SITE = "http://127.0.0.1:8787"


@pytest.fixture
def people(context: WorkerContext) -> People:
    set_policy(context, review_steps=STEPS)
    return people_in(context.engine)


@pytest.fixture
def acme(context: WorkerContext, people: People) -> UUID:
    """An App in public beta that was approved 31 days ago; nobody is owed a mail."""
    (app_id,) = apps_in_public_beta(context.engine, people, ["acme"])
    with context.unit_of_work() as session:
        session.execute(text("UPDATE notification SET status = 'void'"))
    pass_time(context, LONG)
    return app_id


def _subjects(context: WorkerContext) -> list[str]:
    return sorted(str(letter["Subject"]) for letter in deliver(context))


def test_a_look_that_finds_nothing_is_cleared_and_nobody_is_told(context: WorkerContext, acme: UUID) -> None:
    look(context, GOOD)
    assert log_of(context, acme) == ["recheck", "clear"]
    assert values(context, "SELECT actor_role FROM transition ORDER BY at DESC LIMIT 1") == [("schedule",)]
    assert _subjects(context) == []
    look(context, GOOD)
    assert log_of(context, acme) == ["recheck", "clear"], "the next one is due a month later"
    pass_time(context, LONG)
    look(context, GOOD)
    assert log_of(context, acme) == ["recheck", "clear"] * 2


def test_no_look_is_due_before_its_time_and_none_where_the_app_is_not_shown(
    context: WorkerContext, people: People
) -> None:
    for number, state in enumerate((AppState.PUBLIC, AppState.SUSPENDED, AppState.UNLISTED, AppState.SUBMITTED)):
        app_in(context.engine, people, f"app-{number}", state)
    pass_time(context, timedelta(days=29))
    run_job(context, "request_due_looks")
    due = "SELECT slug FROM transition_request q JOIN app ON app.id = q.app_id WHERE q.status = 'due'"
    assert values(context, due) == []
    pass_time(context, timedelta(days=2))
    for _ in range(3):
        run_job(context, "request_due_looks")
        assert values(context, due) == [("app-0",)], "one request, however often the job runs"


def test_a_dead_request_is_not_repeated(context: WorkerContext, acme: UUID) -> None:
    run_job(context, "request_due_looks")
    with context.unit_of_work() as session:
        session.execute(
            text(
                "UPDATE transition_request SET status = 'dead', last_error = 'x', finished_at = now() "
                "WHERE trigger = 'recheck'"
            )
        )
    run_job(context, "request_due_looks")
    assert values(context, "SELECT status FROM transition_request WHERE trigger = 'recheck'") == [("dead",)]
    assert log_of(context, acme) == []


def test_of_many_looks_that_are_due_at_once_a_run_requests_a_few_the_longest_due_first(
    context: WorkerContext, people: People
) -> None:
    slugs = [f"app-{number}" for number in range(5)]
    apps_in_public_beta(context.engine, people, slugs)
    with context.unit_of_work() as session:
        for days, slug in enumerate(reversed(slugs)):
            session.execute(
                text("UPDATE app SET looked_at = now() - CAST(:time AS interval) WHERE slug = :slug"),
                {"time": LONG + timedelta(days=days), "slug": slug},
            )
    due = """SELECT slug FROM transition_request q JOIN app ON app.id = q.app_id
              WHERE q.trigger = 'recheck' ORDER BY q.id"""
    for count in (2, 4, 5):
        run_job(context, "request_due_looks")
        assert [slug for (slug,) in values(context, due)] == slugs[:count]


@pytest.mark.usefixtures("acme")
def test_the_steps_of_looks_wait_behind_those_of_submissions(context: WorkerContext, people: People) -> None:
    run_job(context, "request_due_looks")
    app_in(context.engine, people, "beta", AppState.SUBMITTED)
    with context.unit_of_work() as session:
        leases = hand_out(session, DueKind.REVIEW_STEP, room=1).leases
    about = f"""SELECT a.slug FROM review_step s JOIN review r ON r.id = s.review_id JOIN app a ON a.id = r.app_id
                 WHERE s.id = '{leases[0].id}'"""
    assert values(context, about) == [("beta",)]
    assert values(context, "SELECT kind FROM review WHERE closed_at IS NULL ORDER BY kind") == [("first",), ("health",)]


def test_with_no_step_to_look_by_no_look_is_opened(context: WorkerContext, people: People, acme: UUID) -> None:
    set_policy(context, review_steps=["end_to_end_check"])
    look(context, GOOD)
    assert log_of(context, acme) == []
    request = ask(context.engine, people.reviewer, "acme", AppTrigger.RECHECK)
    judge(context.engine)
    ((status, unmet),) = values(context, f"SELECT status, unmet FROM transition_request WHERE id = '{request}'")
    assert (status, [one["code"] for one in unmet]) == ("refused", ["review.steps_to_look_by"])


def test_what_a_look_found_is_told_and_the_time_to_mend_it_begins_when_the_mail_is_taken(
    context: WorkerContext, acme: UUID
) -> None:
    look(context, GONE)
    assert log_of(context, acme) == ["recheck", "flag"]
    assert clock_of(context) == (None, None)
    with context.unit_of_work() as session:
        before = now_of(session)
    (letter,) = deliver(context)
    assert str(letter["Subject"]) == '"Acme": please mend what we found'
    assert "List-Unsubscribe" not in letter
    said = " ".join(letter.get_content().split())
    assert "The partner's own documentation: https://acme.example/docs" in said
    assert said.count(f"{SITE}/apps/acme/checklist/partner_documentation") == 1, "where it is mended"
    assert f"See what was found {SITE}/apps/acme/review" in said
    assert "within 14 days of this mail" in said
    began_at, ends_at = clock_of(context)
    assert began_at is not None
    assert began_at > before
    assert ends_at == began_at + timedelta(days=14)


def test_a_later_look_clears_what_was_mended_and_another_flag_keeps_the_clock_and_tells_nothing_twice(
    context: WorkerContext, acme: UUID
) -> None:
    look(context, GONE)
    look(context, GONE)
    assert log_of(context, acme) == ["recheck", "flag"], "the next look is not due at once"
    deliver(context)
    first_began_at, _ = clock_of(context)
    assert first_began_at is not None
    look_again(context, GONE)
    began_at, ends_at = clock_of(context)
    assert log_of(context, acme) == ["recheck", "flag"] * 2
    assert began_at == first_began_at - timedelta(days=1), "the first clock, a day later"
    assert ends_at == began_at + timedelta(days=14)
    assert _subjects(context) == []
    look_again(context, GOOD)
    assert log_of(context, acme) == [*["recheck", "flag"] * 2, "recheck", "clear"]
    assert values(context, "SELECT count(*) FROM grace_period WHERE ended_at IS NULL") == [(0,)]
    pass_time(context, timedelta(days=20))
    run_job(context, "send_grace_notices")
    assert _subjects(context) == []


@pytest.mark.usefixtures("acme")
def test_a_flag_that_finds_something_else_is_told_again(context: WorkerContext) -> None:
    look(context, GONE)
    deliver(context)
    began_at, _ = clock_of(context)
    with context.unit_of_work() as session:  # as if the flag before had found something else
        session.execute(text("UPDATE review_step SET code = 'partners_page' WHERE state = 'failed'"))
    look_again(context, GONE)
    (letter,) = deliver(context)
    assert "partner_documentation" in letter.get_content()
    assert began_at is not None
    assert clock_of(context)[0] == began_at - timedelta(days=1), "the first clock, a day later"


def test_a_step_that_the_policy_observes_is_told_when_it_counts(context: WorkerContext, acme: UUID) -> None:
    steps = [*STEPS, "partners_page"]
    set_policy(context, review_steps=steps, observed=["partners_page"])
    failed = """SELECT s.code, s.observed FROM review_step s JOIN review r ON r.id = s.review_id
                 WHERE s.state = 'failed' AND r.opened_version = (SELECT max(opened_version) FROM review)
                 ORDER BY s.code"""
    look(context, GONE)
    assert values(context, failed) == [("partner_documentation", False), ("partners_page", True)]
    assert _subjects(context) == ['"Acme": please mend what we found']
    look_again(context, GONE)
    assert values(context, failed) == [("partner_documentation", False), ("partners_page", False)]
    assert _subjects(context) == [], "only the policy observes the step that is new among those that failed"
    set_policy(context, review_steps=steps, observed=[])
    look_again(context, GONE)
    assert log_of(context, acme) == ["recheck", "flag"] * 3
    assert _subjects(context) == ['"Acme": please mend what we found'], "it counts now"


def test_a_company_is_reminded_twice_and_at_the_end_the_team_is_asked_once(context: WorkerContext, acme: UUID) -> None:
    look(context, GONE)
    deliver(context)
    told: list[tuple[int, str, str]] = []
    for day in range(1, 20):
        pass_time(context, timedelta(days=1))
        for _ in range(2):
            run_job(context, "send_grace_notices")
        told += [(day, str(one["Subject"]), str(one["To"])) for one in deliver(context)]
    assert [(day, to) for day, _, to in told] == [
        (7, "pat@acme.example"),
        (12, "pat@acme.example"),
        (14, "rae@acme.example.platform.example"),
    ]
    assert [words.split(" by ")[0] for _, words, _ in told] == [
        '"Acme": mend what we found',
        '"Acme": mend what we found',
        'Review: decide whether "Acme" is suspended',
    ]
    assert values(context, "SELECT state FROM app") == [("public_beta",)], "nothing is suspended by itself"
    assert log_of(context, acme) == ["recheck", "flag"]


@pytest.mark.usefixtures("acme")
def test_where_no_notice_is_delivered_no_clock_runs_and_the_team_is_told_within_a_day(
    context: WorkerContext,
) -> None:
    with context.unit_of_work() as session:
        session.execute(text("UPDATE person SET removed_at = now(), owner = false WHERE role = 'partner'"))
    look(context, GONE)
    assert _subjects(context) == []
    pass_time(context, timedelta(hours=11))
    run_job(context, "send_grace_notices")
    assert _subjects(context) == []
    pass_time(context, timedelta(hours=2))
    for _ in range(2):
        run_job(context, "send_grace_notices")
    assert _subjects(context) == ['Review: the company of "Acme" could not be told what a look found']
    assert clock_of(context) == (None, None)
    with context.unit_of_work() as session:
        session.execute(text("UPDATE person SET removed_at = NULL, owner = true WHERE role = 'partner'"))
    look_again(context, GONE)
    assert _subjects(context) == ['"Acme": please mend what we found'], "somebody can be told now"
    assert clock_of(context)[0] is not None


@pytest.mark.usefixtures("acme")
def test_a_dead_notice_begins_no_clock_and_its_replay_does(context: WorkerContext) -> None:
    look(context, GONE)
    with context.unit_of_work() as session:
        session.execute(text("UPDATE notification SET status = 'dead', last_error = 'x' WHERE kind = 'flagged'"))
    pass_time(context, timedelta(hours=13))
    run_job(context, "send_grace_notices")
    assert _subjects(context) == ['Review: the company of "Acme" could not be told what a look found']
    with context.unit_of_work() as session:
        session.execute(text("UPDATE notification SET status = 'due', attempts = 0 WHERE status = 'dead'"))
    deliver(context)
    assert clock_of(context)[0] is not None


@pytest.mark.parametrize("moves", [(AppTrigger.SUBMIT, AppTrigger.WITHDRAW), (AppTrigger.UNLIST,)])
def test_nothing_that_a_company_does_stops_the_clock(
    context: WorkerContext, people: People, acme: UUID, moves: tuple[AppTrigger, ...]
) -> None:
    look(context, GONE)
    deliver(context)
    clock = clock_of(context)
    for trigger in moves:
        move(context.engine, people, "acme", trigger)
    assert log_of(context, acme) == ["recheck", "flag", *moves]
    assert clock_of(context) == clock


@pytest.mark.parametrize(
    ("moves", "trigger"),
    [((), AppTrigger.PROMOTE), ((AppTrigger.UNLIST,), AppTrigger.RELIST)],
    ids=["promote", "relist"],
)
def test_what_was_found_refuses_a_promotion_and_a_return_to_the_catalog_while_the_clock_runs(
    context: WorkerContext, people: People, acme: UUID, moves: tuple[AppTrigger, ...], trigger: AppTrigger
) -> None:
    look(context, GONE)
    deliver(context)
    clock = clock_of(context)
    for one in moves:
        move(context.engine, people, "acme", one)
    make_possible(context.engine, people, "acme", trigger)
    request = ask(context.engine, asker_of(people, trigger), "acme", trigger)
    judge(context.engine)
    outcome = outcome_of(context.engine, request)
    assert (outcome["status"], outcome["unmet"]) == ("refused", ["grace.none"])
    assert log_of(context, acme) == ["recheck", "flag", *moves]
    assert clock_of(context) == clock


def test_no_look_is_due_while_what_was_approved_waits_for_its_day(
    context: WorkerContext, people: People, acme: UUID
) -> None:
    move(context.engine, people, "acme", AppTrigger.SUBMIT)
    make_possible(context.engine, people, "acme", AppTrigger.APPROVE)
    with context.unit_of_work() as session:
        wanted = Wanted("acme", AppTrigger.APPROVE, publish_at=now_of(session) + timedelta(days=60))
        accept_requests(session, [CallerRequest(people.reviewer, wanted)], RequestSource.HTTP)
    judge(context.engine)
    pass_time(context, LONG)
    run_job(context, "request_due_looks")
    assert values(context, "SELECT count(*) FROM transition_request WHERE trigger = 'recheck'") == [(0,)]
    with context.unit_of_work() as session:
        session.execute(text("UPDATE planned_publication SET publish_at = now()"))
    run_job(context, "publish_planned")
    look(context, GOOD)
    assert log_of(context, acme) == ["submit", "approve", "recheck", "clear"]


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("trigger", [AppTrigger.APPROVE, AppTrigger.SUSPEND, AppTrigger.REMOVE])
def test_an_approval_a_suspension_and_a_removal_end_the_time_to_mend_and_void_its_notices(
    context: WorkerContext, people: People, trigger: AppTrigger
) -> None:
    look(context, GONE)
    if trigger is AppTrigger.APPROVE:
        move(context.engine, people, "acme", AppTrigger.SUBMIT)
    move(context.engine, people, "acme", trigger)
    assert values(context, "SELECT count(*) FROM grace_period WHERE ended_at IS NULL") == [(0,)]
    assert values(context, "SELECT status FROM notification WHERE kind = 'flagged'") == [("void",)]


def test_a_step_that_a_policy_brings_is_observed_first_and_flags_in_the_next_look(
    context: WorkerContext, acme: UUID
) -> None:
    set_policy(context, review_steps=[*STEPS, "partners_page"])
    linkless = GOOD  # the page names both sides, and does not link to the platform
    look(context, linkless)
    assert log_of(context, acme) == ["recheck", "clear"]
    found = "SELECT state, observed, findings <> '[]' FROM review_step WHERE code = 'partners_page' ORDER BY id DESC"
    assert values(context, found) == [("failed", True, True)]
    pass_time(context, LONG)
    look(context, linkless)
    assert log_of(context, acme) == ["recheck", "clear", "recheck", "flag"]
    assert values(context, found)[0] == ("failed", False, True)


def test_a_step_that_was_waived_when_the_app_was_approved_flags_nothing(context: WorkerContext, acme: UUID) -> None:
    with context.unit_of_work() as session:
        session.execute(
            text("UPDATE review_step SET state = 'waived', reason = 'fine' WHERE code = 'partner_documentation'")
        )
    look(context, GONE)
    assert log_of(context, acme) == ["recheck", "clear"]


def test_a_look_that_lost_its_end_is_ended_by_the_job_and_one_with_a_dead_step_needs_a_person(
    context: WorkerContext, people: People, acme: UUID
) -> None:
    apps_in_public_beta(context.engine, people, ["beta"])
    pass_time(context, LONG)
    run_job(context, "request_due_looks")
    judge(context.engine)
    with context.unit_of_work() as session:
        for slug, state in (
            ("acme", "state = 'passed', status = 'done', decided_at = now()"),
            ("beta", "status = 'dead'"),
        ):
            session.execute(
                text(f"""UPDATE review_step SET {state} WHERE review_id = (
                         SELECT r.id FROM review r JOIN app a ON a.id = r.app_id
                          WHERE a.slug = :slug AND r.closed_at IS NULL)"""),
                {"slug": slug},
            )
    run_job(context, "end_decided_looks")
    judge(context.engine)
    assert log_of(context, acme) == ["recheck", "clear"]
    waiting = """SELECT a.slug, r.due_at > now() FROM review r JOIN app a ON a.id = r.app_id
                  WHERE r.needs_person AND r.closed_at IS NULL"""
    assert values(context, waiting) == [("beta", True)]


def test_a_look_that_a_reviewer_holds_is_theirs_to_end(context: WorkerContext, people: People, acme: UUID) -> None:
    run_job(context, "request_due_looks")
    judge(context.engine)
    with context.unit_of_work() as session:
        session.execute(
            text("UPDATE review SET claimed_by = :id, claimed_at = now() WHERE closed_at IS NULL"),
            {"id": people.reviewer.id},
        )
    work_off(replace(context, http=GONE), REVIEW_STEPS)
    run_job(context, "end_decided_looks")
    judge(context.engine)
    assert log_of(context, acme) == ["recheck"]
    ask(context.engine, people.reviewer, "acme", AppTrigger.FLAG)
    judge(context.engine)
    assert log_of(context, acme) == ["recheck", "flag"]


def test_a_submission_supersedes_a_look_and_the_request_to_end_it_ends_nothing(
    context: WorkerContext, people: People, acme: UUID
) -> None:
    run_job(context, "request_due_looks")
    judge(context.engine)
    move_later = replace(context, http=GOOD)
    work_off(move_later, REVIEW_STEPS)  # `clear` is due, and a submission of the partner was asked for before it
    with context.unit_of_work() as session:
        session.execute(text("UPDATE transition_request SET due_at = now() + interval '1 hour' WHERE status = 'due'"))
    move(context.engine, people, "acme", AppTrigger.SUBMIT)
    with context.unit_of_work() as session:
        session.execute(text("UPDATE transition_request SET due_at = now() WHERE status = 'due'"))
    judge(context.engine)
    assert log_of(context, acme) == ["recheck", "submit"]
    outcomes = Counter(values(context, "SELECT kind, outcome FROM review"))
    assert outcomes == {("first", "approved"): 1, ("health", "superseded"): 1, ("revision", None): 1}


@pytest.mark.usefixtures("acme")
def test_a_mail_server_that_refuses_the_notice_begins_no_clock(context: WorkerContext) -> None:
    look(context, GONE)

    class Refuses:
        def send(self, *_: object, **__: object) -> bool:
            error = OSError("550 no such mailbox")
            error.is_final = True  # type: ignore[attr-defined]
            raise error

    work_off(replace(context, mail=Refuses()), NOTIFICATIONS)
    assert values(context, "SELECT status FROM notification WHERE kind = 'flagged'") == [("dead",)]
    assert clock_of(context) == (None, None)
