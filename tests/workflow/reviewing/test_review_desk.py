"""Claims of reviews: one holder, the limit per reviewer, handing over, lapsing, and resubmissions."""

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from models import App, Person, PolicyVersion, Review, Submission, TransitionReason
from models.lifecycle import AppTrigger, StepTrigger
from models.request import RequestSource
from tests.factories import move
from tests.journeys import BECAUSE, PROFILE, People, app_building, ask, judge, now_of, staff_member
from tests.waiting import wait_until
from workflow.errors import Conflict, Invalid, NotFound
from workflow.identity.actors import Actor
from workflow.lifecycle.requests import AcceptedRequest, CallerRequest, Wanted, accept_requests
from workflow.policy.calendar import deadline
from workflow.policy.document import load_policies
from workflow.reasons import Reason
from workflow.reviewing.clock import lapse_idle_claims, mark_reviews
from workflow.reviewing.conversation import write_as_partner, write_note
from workflow.reviewing.desk import claim_review, hand_over_review, release_review
from workflow.reviewing.dossier import open_dossier
from workflow.reviewing.saved_reasons import add_saved_reason, retire_saved_reason, revise_saved_reason
from workflow.reviewing.staff import remove_staff, set_absence
from workflow.reviewing.steps import decide_step
from workflow.reviewing.surroundings import MAX_AROUND


def _submitted(engine: Engine, people: People, *slugs: str) -> list[UUID]:
    """Returns the open reviews of new Apps."""
    for slug in slugs:
        app_building(engine, people, slug)
        ask(engine, people.partner, slug, AppTrigger.SUBMIT)
    judge(engine)
    return [_open_review(engine, slug).id for slug in slugs]


def _open_review(engine: Engine, slug: str) -> Review:
    with Session(engine, expire_on_commit=False) as session:
        statement = select(Review).join(App, App.id == Review.app_id).where(App.slug == slug)
        return session.scalars(statement.where(Review.closed_at.is_(None))).one()


def _publish(engine: Engine, **numbers: int) -> None:
    with Session(engine) as session, session.begin():
        last = session.scalars(select(PolicyVersion).order_by(PolicyVersion.version.desc()).limit(1)).one()
        document = {**last.document, **numbers}
        session.add(
            PolicyVersion(version=last.version + 1, document=document, note="test", published_by=last.published_by)
        )


def _claim(engine: Engine, review: UUID, actor: Actor, now: datetime | None = None) -> None:
    with Session(engine) as session, session.begin():
        claim_review(session, review, actor, now or now_of(session))


def _told(engine: Engine, kind: str) -> list[UUID]:
    with Session(engine) as session:
        statement = text("SELECT recipient_id FROM notification WHERE kind = :kind AND status = 'due' ORDER BY id")
        return list(session.scalars(statement, {"kind": kind}))


def _while_first_is_open(engine: Engine, first: Any, second: Any) -> Future[None]:
    """Runs `first` in a transaction that stays open until `second`, on another connection, waits for it or ends."""

    def run() -> None:
        with Session(engine) as session, session.begin():
            session.execute(text("SET application_name = 'second'"))
            second(session)

    def waits() -> bool:
        with Session(engine) as session:
            blocked = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'second' AND wait_event_type = 'Lock'"
            return session.scalar(text(blocked)) is not None

    with ThreadPoolExecutor(1) as pool, Session(engine) as session, session.begin():
        first(session)
        other = pool.submit(run)
        wait_until(lambda: waits() or other.done(), seconds=20)
        session.commit()
    return other


def test_two_reviewers_claiming_at_once_leave_one_holder(engine: Engine, people: People) -> None:
    (review,) = _submitted(engine, people, "acme")
    other = staff_member(engine, "Bo")
    late = _while_first_is_open(
        engine,
        lambda session: claim_review(session, review, people.reviewer, now_of(session)),
        lambda session: claim_review(session, review, other, now_of(session)),
    )
    with pytest.raises(Conflict) as refusal:
        late.result()
    assert refusal.value.code == "review.claimed"
    assert _open_review(engine, "acme").claimed_by == people.reviewer.id


def test_a_reviewer_claiming_two_at_once_gets_no_more_than_the_limit(engine: Engine, people: People) -> None:
    one, two = _submitted(engine, people, "one", "two")
    _publish(engine, claims_at_once=1)
    late = _while_first_is_open(
        engine,
        lambda session: claim_review(session, one, people.reviewer, now_of(session)),
        lambda session: claim_review(session, two, people.reviewer, now_of(session)),
    )
    with pytest.raises(Conflict) as refusal:
        late.result()
    assert refusal.value.code == "review.claim_limit"
    _claim(engine, one, people.reviewer)  # claiming a review that one holds already is not a new claim
    with Session(engine) as session, session.begin():
        release_review(session, one, people.reviewer, now_of(session))
    _claim(engine, two, people.reviewer)


def test_a_review_is_handed_to_an_active_reviewer_within_their_limit_who_is_told(
    engine: Engine, people: People
) -> None:
    one, two = _submitted(engine, people, "one", "two")
    _publish(engine, claims_at_once=1)
    other, idle = staff_member(engine, "Bo"), staff_member(engine, "Cy")

    def hand_over(review: UUID, actor: Actor, to: UUID) -> None:
        with Session(engine) as session, session.begin():
            hand_over_review(session, review, actor, to, now_of(session))

    with pytest.raises(Conflict, match="do not hold"):
        hand_over(one, people.reviewer, other.id)
    _claim(engine, one, people.reviewer)
    for nobody in (people.partner.id, people.service.id, UUID(int=7)):
        with pytest.raises(NotFound, match="no reviewer"):
            hand_over(one, people.reviewer, nobody)
    with pytest.raises(Conflict, match="do not hold"):
        hand_over(one, idle, other.id)
    hand_over(one, people.reviewer, other.id)
    assert _open_review(engine, "one").claimed_by == other.id
    assert _told(engine, "review_handed_over") == [other.id]
    _claim(engine, two, people.reviewer)
    with pytest.raises(Conflict, match="1 of 1"):
        hand_over(two, people.reviewer, other.id)
    hand_over(one, people.admin, idle.id)
    assert _open_review(engine, "one").claimed_by == idle.id


def test_a_claim_lapses_when_its_holder_was_idle_for_the_policys_business_days(engine: Engine, people: People) -> None:
    one, two = _submitted(engine, people, "one", "two")
    with Session(engine) as session, session.begin():
        policy, start = load_policies(session).current, now_of(session)
    _claim(engine, one, people.reviewer, start)
    _claim(engine, two, people.reviewer, start)
    lapses = deadline(start, business_days=policy.idle_claim_business_days, calendar=policy.calendar)
    acted = lapses - timedelta(minutes=1)

    def lapse(now: datetime) -> int:
        with Session(engine) as session, session.begin():
            return lapse_idle_claims(session, policy, now)

    with Session(engine) as session, session.begin():
        write_note(session, two, "Looks fine so far.", people.reviewer, acted)
    assert lapse(acted) == 0
    assert lapse(lapses) == 1
    assert _open_review(engine, "one").claimed_by is None
    assert _open_review(engine, "two").claimed_by == people.reviewer.id
    assert _told(engine, "claim_lapsed") == [people.reviewer.id]
    assert lapse(deadline(acted, business_days=policy.idle_claim_business_days, calendar=policy.calendar)) == 1
    with Session(engine) as session:
        audited = session.scalars(text("SELECT target FROM audit_entry WHERE action = 'review.lapse' ORDER BY id"))
        assert list(audited) == [str(one), str(two)]


def test_a_reviewer_who_was_removed_holds_nothing_for_long(engine: Engine, people: People) -> None:
    (review,) = _submitted(engine, people, "acme")
    other = staff_member(engine, "Bo")
    _claim(engine, review, other)
    with Session(engine) as session, session.begin():
        session.get_one(Person, other.id).removed_at = now_of(session)
    with Session(engine) as session, session.begin():
        assert lapse_idle_claims(session, load_policies(session).current, now_of(session)) == 1
    assert _open_review(engine, "acme").claimed_by is None


def _overdue(engine: Engine, review: UUID) -> None:
    """Marks the review as due soon and overdue: its marks are passed, and nothing tells of it a second time."""
    with Session(engine) as session, session.begin():
        found = session.get_one(Review, review)
        found.due_at = found.due_soon_at = now_of(session)
    with Session(engine) as session, session.begin():
        mark_reviews(session, now_of(session))


@pytest.mark.parametrize("way", ["release", "lapse", "absence", "removal"])
def test_the_team_is_told_of_every_review_that_nobody_holds_any_more(engine: Engine, people: People, way: str) -> None:
    (review,) = _submitted(engine, people, "acme")
    other, away = staff_member(engine, "Bo"), staff_member(engine, "Cy")
    with Session(engine) as session, session.begin():
        now = now_of(session)
        set_absence(session, away.id, now + timedelta(days=9), away, now)
    _claim(engine, review, people.reviewer)
    _overdue(engine, review)
    assert _told(engine, "review_overdue") == [people.reviewer.id]
    with Session(engine) as session, session.begin():
        now = now_of(session)
        if way == "release":
            release_review(session, review, people.reviewer, now)
        elif way == "lapse":
            assert lapse_idle_claims(session, load_policies(session).current, now + timedelta(days=30)) == 1
        elif way == "absence":
            set_absence(session, people.reviewer.id, now + timedelta(days=1), people.reviewer, now)
        else:
            remove_staff(session, people.reviewer.id, people.admin, now, platform="Segment")
    assert _open_review(engine, "acme").claimed_by is None
    # After thirty days Cy is here again.
    assert sorted(_told(engine, "review_unheld")) == sorted([other.id] + [away.id] * (way == "lapse"))
    assert _told(engine, "claim_lapsed") == [people.reviewer.id] * (way == "lapse")


def test_admins_are_told_where_there_is_no_reviewer_and_somebody_always_is(engine: Engine, people: People) -> None:
    with Session(engine) as session, session.begin():
        now = now_of(session)
        set_absence(session, people.reviewer.id, now + timedelta(days=1), people.reviewer, now)
    (review,) = _submitted(engine, people, "one")
    assert _told(engine, "new_submission") == [people.admin.id]
    _overdue(engine, review)
    assert _told(engine, "review_overdue") == [people.admin.id]
    with Session(engine) as session, session.begin():
        set_absence(session, people.admin.id, now + timedelta(days=1), people.admin, now)
    _submitted(engine, people, "two")
    assert _told(engine, "new_submission")[1:] == [people.reviewer.id], "where all are away, the reviewers are told"
    with Session(engine) as session, session.begin():
        remove_staff(session, people.reviewer.id, people.admin, now, platform="Segment")
    _submitted(engine, people, "three")
    assert _told(engine, "new_submission")[2:] == [people.admin.id]


def test_nothing_is_handed_to_a_reviewer_who_is_away_until_they_are_back(engine: Engine, people: People) -> None:
    one, _two = _submitted(engine, people, "one", "two")
    move(engine, people, "two", AppTrigger.REQUEST_CHANGES)
    other = staff_member(engine, "Bo")
    _claim(engine, one, other)
    with Session(engine) as session, session.begin():
        now = now_of(session)
        set_absence(session, people.reviewer.id, now + timedelta(days=1), people.admin, now)
    with Session(engine) as session, pytest.raises(Conflict, match="is away until"):
        hand_over_review(session, one, other, people.reviewer.id, now_of(session))
    move(engine, people, "two", AppTrigger.SUBMIT)
    second = _open_review(engine, "two")
    assert second.claimed_by is None, "a resubmission does not wait for who is away"
    with Session(engine) as session, pytest.raises(Conflict, match="is away until"):
        claim_review(session, second.id, people.reviewer, now_of(session))
    with Session(engine) as session, session.begin():
        set_absence(session, people.reviewer.id, None, people.reviewer, now_of(session))
    _claim(engine, second.id, people.reviewer)


def test_a_message_goes_to_the_team_while_its_holder_cannot_read_it(engine: Engine, people: People) -> None:
    (review,) = _submitted(engine, people, "acme")
    other = staff_member(engine, "Bo")
    _claim(engine, review, people.reviewer)
    with Session(engine) as session, session.begin():  # as a claim that commits just after an absence
        session.get_one(Person, people.reviewer.id).away_until = now_of(session) + timedelta(days=1)
    with Session(engine) as session, session.begin():
        write_as_partner(session, "acme", "Hello?", people.partner, now_of(session))
    assert _told(engine, "message_to_reviewer") == [other.id]
    with Session(engine) as session, session.begin():
        assert lapse_idle_claims(session, load_policies(session).current, now_of(session)) == 1
    assert _told(engine, "review_unheld") == [other.id]
    assert _told(engine, "claim_lapsed") == [], "nobody is told that they were idle who was away"


def test_deciding_a_step_counts_as_an_act_and_only_its_holder_may(engine: Engine, people: People) -> None:
    (review,) = _submitted(engine, people, "acme")
    _claim(engine, review, people.reviewer)
    with Session(engine) as session, session.begin():
        code = session.scalars(text("SELECT code FROM review_step WHERE review_id = :id LIMIT 1"), {"id": review}).one()
        now = now_of(session)
        with pytest.raises(Conflict, match="do not hold"):
            decide_step(session, review, code, trigger=StepTrigger.PASS, actor=people.admin, now=now)
        decide_step(session, review, code, trigger=StepTrigger.PASS, actor=people.reviewer, now=now)
    assert _open_review(engine, "acme").last_act_at == now


def test_a_resubmission_goes_to_its_last_reviewer_whatever_the_limit(engine: Engine, people: People) -> None:
    _submitted(engine, people, "acme", "full")
    move(engine, people, "acme", AppTrigger.REQUEST_CHANGES)
    _publish(engine, claims_at_once=1)
    _claim(engine, _open_review(engine, "full").id, people.reviewer)
    idle = staff_member(engine, "Cy")
    move(engine, people, "acme", AppTrigger.SUBMIT)
    review = _open_review(engine, "acme")
    assert (review.claimed_by, review.claimed_at) == (people.reviewer.id, review.opened_at)
    assert _told(engine, "new_submission")[-1] == people.reviewer.id
    assert idle.id not in _told(engine, "new_submission")
    with Session(engine) as session:
        kinds = session.execute(
            select(Submission.round, Submission.kind).where(Submission.app_id == review.app_id).order_by(Submission.id)
        )
        assert [tuple(row) for row in kinds] == [(1, "first"), (2, "first")]


def test_a_resubmission_after_a_withdrawal_or_whose_reviewer_left_goes_to_the_queue(
    engine: Engine, people: People
) -> None:
    _submitted(engine, people, "acme")
    move(engine, people, "acme", AppTrigger.REQUEST_CHANGES)
    move(engine, people, "acme", AppTrigger.SUBMIT)
    move(engine, people, "acme", AppTrigger.WITHDRAW)
    move(engine, people, "acme", AppTrigger.SUBMIT)
    assert _open_review(engine, "acme").claimed_by is None
    move(engine, people, "acme", AppTrigger.REQUEST_CHANGES)
    with Session(engine) as session, session.begin():
        session.get_one(Person, people.reviewer.id).removed_at = now_of(session)
    move(engine, people, "acme", AppTrigger.SUBMIT)
    assert _open_review(engine, "acme").claimed_by is None


def test_the_app_itself_is_among_the_apps_of_its_company_however_many_are_newer(engine: Engine, people: People) -> None:
    (review,) = _submitted(engine, people, "acme")
    for number in range(MAX_AROUND):
        app_building(engine, people, f"newer-{number}")
    with Session(engine) as session:
        dossier = open_dossier(session, review, PROFILE, now_of(session))
    assert [one.slug for one in dossier.company.apps][:2] == ["acme", f"newer-{MAX_AROUND - 1}"]
    assert len(dossier.company.apps) == MAX_AROUND


PICKED = (Reason("page.no_utm", "See the footer.", saved=True),)


def _accept(engine: Engine, actor: Actor, wanted: Wanted) -> Any:
    with Session(engine) as session, session.begin():
        return accept_requests(session, [CallerRequest(actor, wanted)], RequestSource.HTTP)[0]


def _reasons_of_last(engine: Engine) -> list[dict[str, Any]]:
    with Session(engine) as session:
        last = select(TransitionReason).order_by(TransitionReason.version.desc()).limit(1)
        return session.scalars(last).one().reasons


@pytest.mark.parametrize("trigger", [AppTrigger.SUSPEND, AppTrigger.REMOVE])
def test_a_picked_reason_is_filled_in_from_its_current_version(
    engine: Engine, people: People, trigger: AppTrigger
) -> None:
    _submitted(engine, people, "acme")
    move(engine, people, "acme", AppTrigger.APPROVE)
    with Session(engine) as session, session.begin():
        add_saved_reason(session, "page.no_utm", "No UTM.", "The page", people.admin)
        revise_saved_reason(session, "page.no_utm", "The links carry no UTM parameters.", "The page", people.admin)
    assert isinstance(_accept(engine, people.admin, Wanted("acme", trigger, reasons=PICKED)), AcceptedRequest)
    with Session(engine) as session, session.begin():
        revise_saved_reason(session, "page.no_utm", "Words of later.", "", people.admin)
    judge(engine)
    assert _reasons_of_last(engine) == [
        {
            "code": "page.no_utm",
            "text": "The links carry no UTM parameters.\nSee the footer.",
            "where": "The page",
            "saved_version": 2,
        }
    ]


def test_a_reason_that_is_retired_cannot_be_picked_but_a_repeated_request_keeps_its_answer(
    engine: Engine, people: People
) -> None:
    _submitted(engine, people, "acme")
    move(engine, people, "acme", AppTrigger.APPROVE)
    with Session(engine) as session, session.begin():
        add_saved_reason(session, "page.no_utm", "No UTM.", "", people.reviewer)
    wanted = Wanted("acme", AppTrigger.SUSPEND, "key-1", reasons=PICKED)
    first = _accept(engine, people.admin, wanted)
    assert isinstance(first, AcceptedRequest)
    with Session(engine) as session, session.begin():
        retire_saved_reason(session, "page.no_utm", people.reviewer)
    again = _accept(engine, people.admin, wanted)
    assert (again.id, again.repeated) == (first.id, True)
    other_body = _accept(engine, people.admin, Wanted("acme", AppTrigger.REMOVE, "key-1", reasons=PICKED))
    assert other_body.code == "idempotency.mismatch"
    new = _accept(engine, people.admin, Wanted("acme", AppTrigger.SUSPEND, "key-2", reasons=PICKED))
    assert isinstance(new, Invalid)
    assert new.code == "saved_reason.unknown"
    mixed = Wanted("acme", AppTrigger.SUSPEND, "key-2", reasons=(*BECAUSE, *PICKED))
    assert _accept(engine, people.admin, mixed).code == "saved_reason.unknown"


def test_a_partner_cannot_read_a_saved_reason_by_naming_it(engine: Engine, people: People) -> None:
    _submitted(engine, people, "acme")
    with Session(engine) as session, session.begin():
        add_saved_reason(session, "page.no_utm", "No UTM.", "", people.reviewer)
    answer = _accept(engine, people.partner, Wanted("acme", AppTrigger.WITHDRAW, reasons=PICKED))
    assert isinstance(answer, Invalid)
    assert answer.code == "saved_reason.unknown"


def test_a_saved_reason_is_never_edited_in_place(engine: Engine, people: People) -> None:
    with Session(engine) as session, session.begin():
        add_saved_reason(session, "page.no_utm", "No UTM.", "", people.reviewer)
    for statement in ("UPDATE saved_reason SET text = 'x'", "DELETE FROM saved_reason"):
        with Session(engine) as session, pytest.raises(Exception, match="permission denied"):
            session.execute(text(statement))
