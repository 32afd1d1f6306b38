"""Nobody can have thousands of mails sent: what mails people is bounded, and mails about one App are spaced out."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models import Person, Review
from models.lifecycle import AppState, AppTrigger, Role
from tests.factories import app_in, make_possible
from tests.journeys import People, app_building, ask, judge, now_of, staff_member
from workflow.access.people import MAX_HAND_OVERS_A_DAY as MAX_OWNERS_A_DAY
from workflow.access.people import hand_over
from workflow.errors import Conflict
from workflow.identity.actors import Actor
from workflow.notifications.spacing import MAX_AT_ONCE, MAX_OF_COMPANY_AT_ONCE, SPACING, SPACING_OF_COMPANY
from workflow.reviewing import conversation
from workflow.reviewing.conversation import write_as_partner, write_as_reviewer
from workflow.reviewing.desk import MAX_HAND_OVERS_A_DAY, claim_review, hand_over_review, release_review


def _mails(engine: Engine, kind: str) -> list[datetime]:
    """Returns when the mails of a kind that were not voided are due, as a person gets them who gets the most."""
    with Session(engine) as session:
        rows = session.execute(
            text(
                "SELECT recipient_id, due_at FROM notification WHERE kind = :kind AND status <> 'void' ORDER BY due_at"
            ),
            {"kind": kind},
        ).all()
    of = {row.recipient_id: [one.due_at for one in rows if one.recipient_id == row.recipient_id] for row in rows}
    return max(of.values(), key=len, default=[])


def _send_all(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        session.execute(text("UPDATE notification SET status = 'done' WHERE status = 'due' AND due_at <= now()"))


def _submitted(engine: Engine, people: People, slug: str) -> Review:
    app_building(engine, people, slug)
    ask(engine, people.partner, slug, AppTrigger.SUBMIT)
    judge(engine)
    with Session(engine, expire_on_commit=False) as session:
        return session.query(Review).filter(Review.closed_at.is_(None)).one()


@pytest.mark.parametrize("is_sent", [True, False])
@pytest.mark.parametrize(
    ("state", "acknowledging", "telling"),
    [
        (AppState.BUILDING, "submission_acknowledged", "new_submission"),
        (AppState.PUBLIC_BETA, "revision_acknowledged", "new_revision"),
    ],
)
def test_submitting_and_withdrawing_over_and_over_mails_few_and_the_last_submission_is_told(
    engine: Engine, people: People, state: AppState, acknowledging: str, telling: str, is_sent: bool
) -> None:
    app_in(engine, people, "acme", state)
    make_possible(engine, people, "acme", AppTrigger.SUBMIT)
    for turn in range(MAX_AT_ONCE + 6):
        ask(engine, people.partner, "acme", AppTrigger.SUBMIT)
        judge(engine)
        if is_sent:
            _send_all(engine)
        if turn < MAX_AT_ONCE + 5:
            ask(engine, people.partner, "acme", AppTrigger.WITHDRAW)
            judge(engine)
    acknowledged, told = _mails(engine, acknowledging), _mails(engine, telling)
    assert len(acknowledged) == MAX_AT_ONCE + 1
    assert acknowledged[-1] - acknowledged[-2] == SPACING
    assert len(told) == (MAX_AT_ONCE + 1 if is_sent else 1), "a withdrawal voids what was not sent"
    with Session(engine) as session:
        newest = (
            "SELECT max(app_version) = (SELECT version FROM app) FROM notification WHERE status = 'due' AND kind = :k"
        )
        assert session.scalar(text(newest), {"k": telling})
        assert session.scalar(text(newest), {"k": acknowledging})


@pytest.mark.parametrize("is_together", [True, False])
def test_of_many_apps_of_one_company_the_first_mails_come_at_once_and_the_others_one_by_one(
    engine: Engine, people: People, is_together: bool
) -> None:
    slugs = [f"acme-{number}" for number in range(5)]
    for slug in slugs:
        app_building(engine, people, slug)
    with Session(engine) as session, session.begin():
        session.execute(
            text("""
                INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, due_at, lane, status)
                SELECT uuidv7(), 'submission_acknowledged', 'earlier:' || n, a.id, 1, :person, now(), 'acme', 'done'
                  FROM app a, generate_series(1, :many) AS n WHERE a.slug = 'acme-0'
            """),
            {"person": people.partner.id, "many": MAX_OF_COMPANY_AT_ONCE - 2},
        )
    for slug in slugs[1:]:
        ask(engine, people.partner, slug, AppTrigger.SUBMIT)
        if not is_together:
            judge(engine)
    if is_together:
        judge(engine)
    acknowledged = _mails(engine, "submission_acknowledged")
    assert len(acknowledged) == MAX_OF_COMPANY_AT_ONCE + 2, "each is about another App"
    at_once, first, second = acknowledged[-3:]
    assert first - at_once >= SPACING_OF_COMPANY
    assert second - first == SPACING_OF_COMPANY
    assert first - at_once < SPACING_OF_COMPANY + timedelta(minutes=5)


def test_messages_are_bounded_by_day_with_the_time_when_it_is_possible_again(engine: Engine, people: People) -> None:
    review = _submitted(engine, people, "acme")
    with Session(engine) as session:
        now = now_of(session)
    for number in range(conversation.MAX_MESSAGES_A_DAY):
        with Session(engine) as session, session.begin():
            at = now + timedelta(seconds=number)
            write_as_partner(session, "acme", f"Hello {number}", people.partner, at)
            write_as_reviewer(session, review.id, f"Hello {number}", people.reviewer, at)
        _send_all(engine)
    for kind in ("message_to_reviewer", "message_to_partner"):
        assert len(_mails(engine, kind)) == MAX_AT_ONCE + 1
    with Session(engine) as session, pytest.raises(Conflict) as refusal:
        write_as_partner(session, "acme", "Hello", people.partner, now + timedelta(hours=1))
    assert refusal.value.code == "review.too_many_messages"
    again_at = (now + timedelta(days=1)).astimezone(UTC)
    assert f"after {again_at:%Y-%m-%d %H:%M} UTC" in refusal.value.remedy
    with Session(engine) as session, pytest.raises(Conflict) as refusal:
        write_as_reviewer(session, review.id, "Hello", people.reviewer, now + timedelta(hours=1))
    assert refusal.value.code == "review.too_many_messages"
    with Session(engine) as session, session.begin():
        write_as_partner(session, "acme", "Hello", people.partner, now + timedelta(days=1, seconds=1))


def test_a_company_writes_no_more_messages_about_all_its_apps(engine: Engine, people: People) -> None:
    review = _submitted(engine, people, "acme")
    app_building(engine, people, "other")
    with Session(engine) as session, session.begin():
        # As if they were about Apps of the company of which each has its own.
        session.execute(text("UPDATE app SET organization_id = (SELECT organization_id FROM app WHERE slug = 'acme')"))
        session.execute(
            text("""
                INSERT INTO review_message (id, review_id, side, author_id, text, written_at)
                SELECT uuidv7(), :review, 'partner', :author, 'Hello', now() - interval '1 hour'
                  FROM generate_series(1, :many)
            """),
            {"review": review.id, "author": people.partner.id, "many": conversation.MAX_MESSAGES_OF_COMPANY},
        )
    ask(engine, people.partner, "other", AppTrigger.SUBMIT)
    judge(engine)
    with Session(engine) as session, pytest.raises(Conflict) as refusal:
        write_as_partner(session, "other", "Hello", people.partner, now_of(session))
    assert refusal.value.code == "review.too_many_messages"
    assert "Your company" in refusal.value.detail


def test_a_review_is_handed_over_so_often_a_day_and_then_again_the_next(engine: Engine, people: People) -> None:
    review = _submitted(engine, people, "acme")
    pair = [people.reviewer, staff_member(engine)]
    with Session(engine) as session, session.begin():
        claim_review(session, review.id, pair[0], now_of(session))
    for turn in range(MAX_HAND_OVERS_A_DAY):
        holder, next_holder = pair[turn % 2], pair[1 - turn % 2]
        with Session(engine) as session, session.begin():
            hand_over_review(session, review.id, holder, next_holder.id, now_of(session))
        with Session(engine) as session, session.begin():  # to whoever holds it already: that does not count
            hand_over_review(session, review.id, next_holder, next_holder.id, now_of(session))
    with Session(engine) as session, pytest.raises(Conflict) as refusal:
        hand_over_review(session, review.id, pair[0], pair[1].id, now_of(session))
    assert refusal.value.code == "review.too_many_hand_overs"
    with Session(engine) as session, session.begin():
        tomorrow = now_of(session) + timedelta(days=1, minutes=1)
        assert f"after {tomorrow - timedelta(minutes=1):%Y-%m-%d}" in refusal.value.remedy
        hand_over_review(session, review.id, pair[0], pair[1].id, tomorrow)


def test_claiming_and_releasing_over_and_over_mails_the_team_few(engine: Engine, people: People) -> None:
    review = _submitted(engine, people, "acme")
    staff_member(engine)
    for _ in range(MAX_AT_ONCE + 5):
        with Session(engine) as session, session.begin():
            claim_review(session, review.id, people.reviewer, now_of(session))
        with Session(engine) as session, session.begin():
            release_review(session, review.id, people.reviewer, now_of(session))
    assert len(_mails(engine, "review_unheld")) == MAX_AT_ONCE + 1


def test_the_ownership_of_a_company_is_handed_over_so_often_a_day(engine: Engine, people: People) -> None:
    with Session(engine) as session, session.begin():
        first = session.get_one(Person, people.partner.id)
        first.owner = True
        second = Person(role="partner", name="Bo", email="bo@other.example", organization_id=first.organization_id)
        session.add(second)
        session.flush()
        organization_id, pair = (
            first.organization_id,
            [people.partner, Actor(second.id, Role.PARTNER, first.organization_id)],
        )
    assert organization_id is not None
    for turn in range(MAX_OWNERS_A_DAY):
        owner, next_owner = pair[turn % 2], pair[1 - turn % 2]
        with Session(engine) as session, session.begin():
            hand_over(session, organization_id, next_owner.id, owner, now_of(session))
        with Session(engine) as session, session.begin():  # to whoever owns it already: that does not count
            hand_over(session, organization_id, next_owner.id, next_owner, now_of(session))
    turn = MAX_OWNERS_A_DAY
    with Session(engine) as session, pytest.raises(Conflict) as refusal:
        hand_over(session, organization_id, pair[1 - turn % 2].id, pair[turn % 2], now_of(session))
    assert refusal.value.code == "owner.too_many_hand_overs"
    assert "UTC" in refusal.value.remedy
