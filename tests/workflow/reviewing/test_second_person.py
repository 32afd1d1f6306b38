"""A second person: confirming suspensions, judging appeals, and deciding what a first person proposed."""

from datetime import UTC, timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import Engine, event, select, text
from sqlalchemy.orm import Session

from models import App, Review, Suspension
from models.lifecycle import AppState, AppTrigger, ReviewKind, Role, StepTrigger
from models.steps import MACHINE_STEPS
from tests.at_once import at_once
from tests.factories import app_in, move
from tests.journeys import BECAUSE, People, ask, judge, now_of, outcome_of, people_in, staff_member
from workflow.errors import Conflict, Invalid, NotFound
from workflow.identity.actors import Actor
from workflow.pages import PageRequest
from workflow.reasons import ONLY_REINSTATED, URGENT, Reason
from workflow.reviewing.appeals import is_stranded, tell_of_stranded
from workflow.reviewing.desk import claim_next_review, claim_review, hand_over_review, release_review
from workflow.reviewing.proposals import standing_proposal
from workflow.reviewing.staff import set_absence
from workflow.reviewing.steps import decide_step
from workflow.reviewing.suspensions import confirm_suspension, list_suspensions, tell_of_unconfirmed


@pytest.fixture
def people(engine: Engine) -> People:
    return people_in(engine)


def _open_review(engine: Engine, app_id: UUID) -> UUID:
    with Session(engine) as session:
        return session.scalars(select(Review.id).where(Review.app_id == app_id, Review.closed_at.is_(None))).one()


def _told(engine: Engine, kind: str) -> list[str]:
    """Returns the names of whom a notification of the kind was written to, sorted."""
    with Session(engine) as session:
        statement = "SELECT p.name FROM notification n JOIN person p ON p.id = n.recipient_id WHERE n.kind = :kind"
        return sorted(session.scalars(text(statement), {"kind": kind}))


def _confirm(engine: Engine, slug: str, actor: Actor) -> None:
    with Session(engine) as session, session.begin():
        confirm_suspension(session, slug, actor, now_of(session))


def _late(engine: Engine, *, days: int = 1) -> int:
    with Session(engine) as session, session.begin():
        return tell_of_unconfirmed(session, now_of(session) + timedelta(days=days, minutes=days))


def test_a_second_person_confirms_a_suspension_and_nobody_is_reminded_of_it(engine: Engine, people: People) -> None:
    app_in(engine, people, "sus", AppState.SUSPENDED)
    assert _told(engine, "suspension_to_confirm") == ["Ada"], "the team without Rae, who suspended, is the admin"
    with pytest.raises(Conflict, match="yourself"):
        _confirm(engine, "sus", people.reviewer)
    _confirm(engine, "sus", people.admin)
    _confirm(engine, "sus", people.admin)
    with Session(engine) as session:
        suspension = session.scalars(select(Suspension)).one()
        assert suspension.confirmed_by == people.admin.id
        (shown,) = list_suspensions(session, now_of(session), PageRequest()).rows
        assert (shown.app, shown.suspended_by, shown.confirmed_by, shown.reasons) == ("sus", "Rae", "Ada", ("because",))
        assert list_suspensions(session, now_of(session), PageRequest(), confirmed=False).rows == []
    assert _late(engine) == 0


@pytest.mark.parametrize("ends", [True, False], ids=["ends", "is confirmed"])
def test_the_list_shows_a_suspension_as_its_page_was_read(engine: Engine, people: People, ends: bool) -> None:
    app_in(engine, people, "sus", AppState.SUSPENDED)
    with Session(engine) as session:
        now = now_of(session)

    def meanwhile(*_: object) -> None:
        if ends:
            move(engine, people, "sus", AppTrigger.REINSTATE)
        else:
            _confirm(engine, "sus", people.admin)

    event.listen(engine, "after_cursor_execute", meanwhile, once=True)
    with Session(engine) as session:
        (shown,) = list_suspensions(session, now, PageRequest()).rows
        assert (shown.app, shown.suspended_by, shown.confirmed_by, shown.reasons) == ("sus", "Rae", None, ("because",))
        assert shown.suspension.confirmed_at is None
        after = list_suspensions(session, now, PageRequest(), confirmed=False).rows
    assert after == [], "it happened between the two queries of the list"


def test_the_team_is_told_each_day_of_a_suspension_that_nobody_confirmed(engine: Engine, people: People) -> None:
    staff_member(engine)
    app_in(engine, people, "sus", AppState.SUSPENDED)
    assert tell_nobody_yet(engine) == 0
    assert _late(engine) == 1
    assert _late(engine) == 0
    assert _told(engine, "suspension_unconfirmed") == ["Bo"]
    assert _late(engine, days=2) == 1
    assert _told(engine, "suspension_unconfirmed") == ["Bo", "Bo"]
    assert _late(engine, days=9) == 0, "it was told for a week"
    _confirm(engine, "sus", people.admin)
    assert _late(engine, days=4) == 0
    move(engine, people, "sus", AppTrigger.REINSTATE)
    with pytest.raises(Conflict, match="not suspended"):
        _confirm(engine, "sus", people.admin)


def tell_nobody_yet(engine: Engine) -> int:
    with Session(engine) as session, session.begin():
        return tell_of_unconfirmed(session, now_of(session))


def test_the_holder_of_a_revision_is_told_that_the_app_is_suspended(engine: Engine, people: People) -> None:
    app_id = app_in(engine, people, "held", AppState.PUBLIC_BETA, ReviewKind.REVISION)
    bo = staff_member(engine)
    with Session(engine) as session, session.begin():
        claim_review(session, _open_review(engine, app_id), bo, now_of(session))
    ask(engine, people.reviewer, "held", AppTrigger.SUSPEND, reasons=BECAUSE)
    judge(engine)
    assert _told(engine, "reviewed_app_suspended") == ["Bo"]


def test_nobody_is_given_the_appeal_of_their_own_decision(engine: Engine, people: People) -> None:
    app_id = app_in(engine, people, "app", AppState.SUBMITTED, ReviewKind.APPEAL)
    review = _open_review(engine, app_id)
    with Session(engine) as session, session.begin():
        with pytest.raises(Conflict, match="had a part"):
            claim_review(session, review, people.reviewer, now_of(session))
        with pytest.raises(NotFound, match="you may take"):
            claim_next_review(session, people.reviewer, now_of(session))
        assert claim_next_review(session, people.admin, now_of(session)).id == review
        with pytest.raises(Conflict, match="had a part"):
            hand_over_review(session, review, people.admin, people.reviewer.id, now_of(session))
    assert _told(engine, "new_appeal") == ["Ada"]


@pytest.mark.parametrize("part", ["proposed", "took a step", "held it", None])
def test_whoever_had_a_part_in_a_request_for_changes_judges_no_appeal_of_it(
    engine: Engine, people: People, part: str | None
) -> None:
    app_id = app_in(engine, people, "app", AppState.SUBMITTED)
    bo, cy = staff_member(engine), staff_member(engine, "Cy")
    review = _open_review(engine, app_id)
    if part == "proposed":
        apps_ready = (
            "UPDATE review_step SET state = 'passed', status = 'done', decided_at = now() WHERE review_id = :id"
        )
        with Session(engine) as session, session.begin():
            session.execute(text(apps_ready), {"id": review})
    with Session(engine) as session, session.begin():
        claim_review(session, review, cy, now_of(session))
        if part == "took a step":
            decide_step(session, review, "end_to_end_check", trigger=StepTrigger.PASS, actor=cy, now=now_of(session))
        if part != "proposed":
            release_review(session, review, cy, now_of(session))
    if part == "proposed":
        proposed = ask(engine, cy, "app", AppTrigger.PROPOSE_APPROVE)
        judge(engine)
        assert outcome_of(engine, proposed)["status"] == "applied"
    decider = cy if part == "held it" else bo
    with Session(engine) as session, session.begin():
        claim_review(session, review, decider, now_of(session))
    for actor, trigger in ((decider, AppTrigger.REQUEST_CHANGES), (people.partner, AppTrigger.APPEAL)):
        asked = ask(engine, actor, "app", trigger, reasons=BECAUSE)
        judge(engine)
        assert outcome_of(engine, asked)["status"] == "applied"
    told = {"Rae", *(["Cy"] if part is None else []), *(["Bo"] if part == "held it" else [])}
    assert _told(engine, "new_appeal") == sorted(told)
    appeal = _open_review(engine, app_id)
    with Session(engine) as session, session.begin():
        if part is None:
            claim_review(session, appeal, cy, now_of(session))
            return
        with pytest.raises(Conflict, match="Cy had a part"):
            claim_review(session, appeal, cy, now_of(session))
        with pytest.raises(NotFound):
            claim_next_review(session, cy, now_of(session))
        session.execute(text("UPDATE review SET claimed_by = :id, claimed_at = now()"), {"id": cy.id})
    for trigger in (AppTrigger.APPROVE, AppTrigger.REQUEST_CHANGES, AppTrigger.PROPOSE_APPROVE):
        refused = ask(engine, cy, "app", trigger, reasons=BECAUSE)
        judge(engine)
        assert "appeal.uninvolved" in str(outcome_of(engine, refused)["unmet"])


@pytest.mark.parametrize("first", [True, False], ids=["before the appeal", "after it"])
def test_whoever_confirmed_a_suspension_judges_no_appeal_of_it(engine: Engine, people: People, first: bool) -> None:
    app_id = app_in(engine, people, "sus", AppState.SUSPENDED)
    bo = staff_member(engine)
    if first:
        _confirm(engine, "sus", bo)
    move(engine, people, "sus", AppTrigger.APPEAL)
    if not first:
        _confirm(engine, "sus", bo)
    assert _told(engine, "new_appeal") == (["Ada"] if first else ["Bo"])
    for actor in (people.reviewer, bo):
        with Session(engine) as session, session.begin(), pytest.raises(Conflict, match="had a part"):
            claim_review(session, _open_review(engine, app_id), actor, now_of(session))
    move(engine, people, "sus", AppTrigger.APPROVE)
    with Session(engine) as session:
        assert session.get_one(App, app_id).state == AppState.PUBLIC_BETA


def test_the_appeal_of_a_revision_has_the_steps_of_the_revision(engine: Engine, people: People) -> None:
    steps = {
        slug: _steps_of_appeal(engine, people, slug, state)
        for slug, state in (("first", AppState.SUBMITTED), ("revised", AppState.PUBLIC_BETA))
    }
    by_people = steps["first"] - MACHINE_STEPS
    assert "end_to_end_check" in by_people
    assert steps["revised"] == steps["first"] - by_people, "only the App's name was touched"


def test_an_appeal_that_a_suspension_cancels_can_be_made_again(engine: Engine, people: People) -> None:
    app_id = app_in(engine, people, "app", AppState.PUBLIC_BETA, ReviewKind.APPEAL)
    move(engine, people, "app", AppTrigger.SUSPEND)
    move(engine, people, "app", AppTrigger.REINSTATE)
    move(engine, people, "app", AppTrigger.APPEAL)
    assert _open_review(engine, app_id) is not None
    move(engine, people, "app", AppTrigger.WITHDRAW)
    request = ask(engine, people.partner, "app", AppTrigger.APPEAL, reasons=BECAUSE)
    judge(engine)
    assert outcome_of(engine, request)["status"] == "refused", "one that is withdrawn is used up"


def _steps_of_appeal(engine: Engine, people: People, slug: str, state: AppState) -> set[str]:
    """Has the App's review sent back, the draft edited, and the decision appealed. Returns the steps of the appeal."""
    kind = ReviewKind.FIRST if state is AppState.SUBMITTED else ReviewKind.REVISION
    app_id = app_in(engine, people, slug, state, kind)
    move(engine, people, slug, AppTrigger.REQUEST_CHANGES)
    with Session(engine) as session, session.begin():
        session.get_one(App, app_id).touched = ["name", "working_integration"]
    move(engine, people, slug, AppTrigger.APPEAL)
    with Session(engine) as session:
        codes = "SELECT code FROM review_step WHERE review_id = :id"
        return set(session.scalars(text(codes), {"id": _open_review(engine, app_id)}))


def test_nobody_is_given_the_review_of_what_they_created(engine: Engine, people: People) -> None:
    app_id = app_in(engine, people, "own", AppState.SUBMITTED)
    with Session(engine) as session, session.begin():
        session.execute(text("UPDATE app SET created_by = :id"), {"id": people.reviewer.id})
        with pytest.raises(Conflict, match="created or submitted"):
            claim_review(session, _open_review(engine, app_id), people.reviewer, now_of(session))
        with pytest.raises(NotFound):
            claim_next_review(session, people.reviewer, now_of(session))


def test_admins_are_told_of_an_appeal_that_nobody_may_take_and_again_a_day_later(
    engine: Engine, people: People
) -> None:
    app_id = app_in(engine, people, "app", AppState.SUBMITTED, ReviewKind.APPEAL)
    review = _open_review(engine, app_id)
    with Session(engine) as session, session.begin():
        now = now_of(session)
        assert (is_stranded(session, review), tell_of_stranded(session, now)) == (False, 0)
        set_absence(session, people.admin.id, now + timedelta(days=3), people.admin, now)
        assert is_stranded(session, review)
        assert (tell_of_stranded(session, now), tell_of_stranded(session, now)) == (1, 0)
    assert _told(engine, "appeal_stranded") == ["Ada"]
    with Session(engine) as session, session.begin():
        set_absence(session, people.admin.id, None, people.admin, now)
        assert tell_of_stranded(session, now + timedelta(days=2)) == 0, "she is here"
        set_absence(session, people.admin.id, now + timedelta(days=9), people.admin, now)
        assert tell_of_stranded(session, now + timedelta(hours=23)) == 0, "that is too soon"
        again = now + timedelta(days=1, minutes=1)
        assert (tell_of_stranded(session, again), tell_of_stranded(session, again)) == (1, 0)
    assert _told(engine, "appeal_stranded") == ["Ada", "Ada"]


@pytest.mark.parametrize(
    ("state", "trigger", "told"),
    [
        (AppState.SUBMITTED, AppTrigger.APPROVE, "appeal_overturned"),
        (AppState.PUBLIC_BETA, AppTrigger.APPROVE, "appeal_overturned"),
        (AppState.SUSPENDED, AppTrigger.APPROVE, "appeal_overturned"),
        (AppState.SUBMITTED, AppTrigger.REQUEST_CHANGES, "appeal_upheld"),
        (AppState.SUSPENDED, AppTrigger.REINSTATE, "appeal_conceded"),
    ],
)
def test_the_company_is_told_how_its_appeal_ended(
    engine: Engine, people: People, state: AppState, trigger: AppTrigger, told: str
) -> None:
    app_id = app_in(engine, people, "app", state, ReviewKind.APPEAL)
    move(engine, people, "app", trigger)
    with Session(engine) as session:
        last = """SELECT n.kind FROM notification n JOIN person p ON p.id = n.recipient_id
                   WHERE p.organization_id IS NOT NULL AND n.app_id = :id
                     AND n.app_version = (SELECT max(app_version) FROM notification WHERE app_id = :id)"""
        kinds = set(session.scalars(text(last), {"id": app_id}))
    assert kinds - {"approved", "oauth_asked_for"} == {told}


def test_the_company_is_told_that_an_approved_revision_lifted_the_suspension(engine: Engine, people: People) -> None:
    app_in(engine, people, "app", AppState.SUSPENDED, ReviewKind.REVISION)
    move(engine, people, "app", AppTrigger.APPROVE)
    assert (_told(engine, "reinstated"), _told(engine, "revision_approved")) == (["Pat"], ["Pat"])


def test_two_who_ask_at_once_for_the_next_review_get_two(engine: Engine, people: People) -> None:
    reviewers = [staff_member(engine, f"R{number}") for number in range(4)]
    for number in range(len(reviewers)):
        app_in(engine, people, f"app-{number}", AppState.SUBMITTED)
    sessions = [Session(engine) for _ in reviewers]
    for session in sessions:
        session.connection()  # before the moment, so that none is late for it

    def take(session: Session, actor: Actor) -> UUID:
        with session:
            given = claim_next_review(session, actor, now_of(session)).id
            session.commit()
            return given

    given = at_once(*(partial(take, *pair) for pair in zip(sessions, reviewers, strict=True)))
    assert len(set(given)) == len(reviewers)


def test_a_review_that_another_is_claiming_is_skipped_and_not_waited_for(engine: Engine, people: People) -> None:
    bo = staff_member(engine)
    for slug in ("first", "second"):
        app_in(engine, people, slug, AppState.SUBMITTED)
    with Session(engine) as one, one.begin(), Session(engine) as other, other.begin():
        other.execute(text("SET LOCAL lock_timeout = '5s'"))
        claimed = claim_next_review(one, people.reviewer, now_of(one)).id
        assert claim_next_review(other, bo, now_of(other)).id != claimed
        with pytest.raises(NotFound, match="nobody holds"):
            claim_next_review(other, people.admin, now_of(other))


def test_whoever_finds_nothing_waiting_reads_when_the_next_review_is_due(engine: Engine, people: People) -> None:
    def refusal(actor: Actor) -> str:
        with Session(engine) as session, session.begin(), pytest.raises(NotFound) as none:
            claim_next_review(session, actor, now_of(session))
        return none.value.detail

    assert refusal(people.reviewer).endswith("No review is open at all.")
    app_in(engine, people, "only", AppState.SUBMITTED)
    with Session(engine) as session, session.begin():
        due_at = claim_next_review(session, people.reviewer, now_of(session)).due_at.astimezone(UTC)
    assert refusal(people.reviewer).endswith(f"due by {due_at:%Y-%m-%d %H:%M} UTC: you hold it.")
    assert refusal(people.admin).endswith(f"due by {due_at:%Y-%m-%d %H:%M} UTC: a colleague holds it.")


def test_an_urgent_revision_is_given_first(engine: Engine, people: People) -> None:
    app_in(engine, people, "older", AppState.SUBMITTED)
    app_id = app_in(engine, people, "urgent", AppState.PUBLIC_BETA)
    with Session(engine) as session, session.begin():
        session.get_one(App, app_id).touched = ["name"]
    ask(engine, people.partner, "urgent", AppTrigger.SUBMIT, reasons=(Reason(URGENT, "The endpoint moved."),))
    judge(engine)
    with Session(engine) as session, session.begin():
        assert claim_next_review(session, people.reviewer, now_of(session)).app_id == app_id
    assert _told(engine, "revision_acknowledged") == ["Pat"]
    assert _told(engine, "new_revision") == ["Rae"]


def test_a_second_person_claims_and_approves_what_a_first_one_proposed(engine: Engine, people: People) -> None:
    app_id = app_in(engine, people, "two", AppState.SUBMITTED)
    move(engine, people, "two", AppTrigger.PROPOSE_APPROVE)
    assert _told(engine, "approval_proposed") == ["Ada"]
    with Session(engine) as session, session.begin():
        proposal = standing_proposal(session, app_id)
        assert proposal is not None
        assert (proposal.proposer, proposal.lapses_at(7) - proposal.at) == ("Rae", timedelta(days=7))
        claim_review(session, _open_review(engine, app_id), people.admin, now_of(session))
    approved = ask(engine, people.admin, "two", AppTrigger.APPROVE)
    judge(engine)
    assert outcome_of(engine, approved)["status"] == "applied"
    with Session(engine) as session:
        assert standing_proposal(session, app_id) is None


@pytest.mark.parametrize(
    ("code", "trigger", "role"),
    [
        (ONLY_REINSTATED, AppTrigger.SUBMIT, Role.PARTNER),
        (ONLY_REINSTATED, AppTrigger.APPEAL, Role.PARTNER),
        (URGENT, AppTrigger.APPEAL, Role.PARTNER),
        (URGENT, AppTrigger.SUSPEND, Role.REVIEWER),
        (URGENT, AppTrigger.APPROVE, Role.REVIEWER),
        (ONLY_REINSTATED, AppTrigger.REINSTATE, Role.REVIEWER),
        (ONLY_REINSTATED, AppTrigger.REMOVE, Role.ADMIN),
    ],
)
def test_a_reserved_code_is_refused_for_any_other_trigger(
    engine: Engine, people: People, code: str, trigger: AppTrigger, role: Role
) -> None:
    app_in(engine, people, "app", AppState.BUILDING)
    actor: Actor = getattr(people, role.value)
    with pytest.raises(Invalid) as refused:
        ask(engine, actor, "app", trigger, reasons=(Reason(code, "Because."),))
    assert refused.value.code == "reason.reserved"
