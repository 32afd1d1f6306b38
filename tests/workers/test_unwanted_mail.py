"""What a queued mail is worth when its turn comes: people who left, news that was switched off, tokens that end."""

from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models import Person
from models.base import new_id
from tests.journeys import People, apps_in_public_beta, now_of, writer_of
from tests.workers.leased import deliver, work_off
from workers.actors.notifications import NOTIFICATIONS
from workers.context import WorkerContext
from workflow.access.ending_tokens import warn_of_ending_tokens
from workflow.access.people import remove_person
from workflow.identity.tokens import issue_token
from workflow.notifications.delivery import void_unless_wanted
from workflow.notifications.kinds import NotificationKind
from workflow.notifications.news import switch_news, switch_of_token
from workflow.notifications.people import notify_people
from workflow.usage.reports import Report, Use, report_use


def _colleague(session: Session, people: People) -> Person:
    person = Person(
        id=new_id(),
        organization_id=people.partner.organization_id,
        role="partner",
        name="Olga",
        email="olga@acme.example",
    )
    session.add(person)
    session.flush()
    return person


def _rows(engine: Engine, statement: str) -> list[Any]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


@pytest.mark.parametrize("kind", [*NotificationKind])
def test_of_what_is_queued_somebody_who_was_removed_gets_only_that(
    context: WorkerContext, people: People, kind: NotificationKind
) -> None:
    with context.unit_of_work() as session:
        olga = _colleague(session, people)
        data = dict.fromkeys(("company", "owner", "by", "contact", "contact_email", "count", "expires"), "x")
        more = dict.fromkeys(("secret", "new_email", "label", "ends", "hint", "holder"), "x")
        notify_people(session, kind, "before", [olga.id], now_of(session), data | more)
        assert people.partner.organization_id is not None
        remove_person(session, people.partner.organization_id, olga.id, people.partner, now_of(session))
    letters = deliver(context)
    only = "You no longer act for"
    assert all(str(letter["Subject"]).startswith(only) for letter in letters)
    assert len(letters) == (2 if kind is NotificationKind.PERSON_REMOVED else 1)
    waiting = _rows(context.engine, "SELECT status FROM notification WHERE status NOT IN ('done', 'void')")
    assert waiting == []


def test_a_person_who_is_removed_while_the_mail_server_is_spoken_to_gets_nothing(
    context: WorkerContext, people: People
) -> None:
    with context.unit_of_work() as session:
        olga = _colleague(session, people).id
        notify_people(session, NotificationKind.MESSAGE_TO_PARTNER, "asked", [olga], now_of(session))
    sent: list[EmailMessage] = []

    class SlowServer:
        """Has the person removed between connecting and taking the content."""

        def send(self, message: EmailMessage, *, is_wanted: Any) -> bool:
            with context.unit_of_work() as session:
                session.get_one(Person, olga).removed_at = now_of(session)
            if not is_wanted():
                return False
            sent.append(message)
            return True

    work_off(replace(context, mail=SlowServer()), NOTIFICATIONS)
    assert sent == []
    assert _rows(context.engine, "SELECT status, leased_until FROM notification") == [("void", None)]


def _report_customers(session: Session, people: People, slug: str, many: int) -> None:
    writer = writer_of(session)
    reports = [Report(slug, Use.CUSTOMER, f"workspace-{number}") for number in range(many)]
    report_use(
        session,
        reports,
        actor=people.service,
        now=now_of(session),
        policies=writer.policies,
        rulebook=writer.rulebook,
    )


def test_a_company_is_told_of_its_first_customers_only_and_can_switch_it_off_by_each_mail(
    context: WorkerContext, people: People
) -> None:
    apps_in_public_beta(context.engine, people, ["acme"])
    with context.unit_of_work() as session:
        session.execute(text("UPDATE notification SET status = 'void'"))
        _report_customers(session, people, "acme", 200)
    letters = deliver(context)
    assert sorted(str(letter["Subject"])[-1] for letter in letters) == ["1", "2", "3"]
    for letter in letters:
        link = letter["List-Unsubscribe"].strip("<>")
        assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert link in letter.get_content()
        with context.unit_of_work() as session:
            found = switch_of_token(session, link.rpartition("/")[2], context.unseal)
            assert (found.person.id, found.is_on) == (people.partner.id, True)


def test_news_that_is_switched_off_is_neither_written_nor_sent(context: WorkerContext, people: People) -> None:
    apps_in_public_beta(context.engine, people, ["acme", "beta"])
    with context.unit_of_work() as session:
        session.execute(text("UPDATE notification SET status = 'void'"))
        _report_customers(session, people, "acme", 1)
        (waiting,) = session.scalars(text("SELECT id FROM notification WHERE status = 'due'"))
        switch_news(session, people.partner, {"customer_onboarded": False})
        _report_customers(session, people, "beta", 1)
        assert session.scalars(text("SELECT id FROM notification WHERE status = 'due'")).all() == [waiting]
    assert deliver(context) == []
    with context.unit_of_work() as session:
        assert not void_unless_wanted(session, waiting)


def test_only_news_can_be_switched_off(context: WorkerContext, people: People) -> None:
    with context.unit_of_work() as session:
        notify_people(session, NotificationKind.MESSAGE_TO_PARTNER, "asked", [people.partner.id], now_of(session))
        session.execute(text("UPDATE person SET news_off = ARRAY['message_to_partner', 'customer_onboarded']"))
    (letter,) = deliver(context)
    assert "List-Unsubscribe" not in letter
    assert "List-Unsubscribe-Post" not in letter


def test_holders_are_told_once_fourteen_days_and_once_a_day_before_a_token_ends(
    context: WorkerContext, people: People
) -> None:
    with context.unit_of_work() as session:
        now = now_of(session)
        holder = session.get_one(Person, people.partner.id)
        for label, days in (("year", 365), ("week", 7)):
            issue_token(session, holder, label=label, expires_at=now + timedelta(days=days))
        moments = {"long before": 300, "within two weeks": 352, "the last day": 364.5, "after its end": 366}
        told = {name: warn_of_ending_tokens(session, now + timedelta(days=days)) for name, days in moments.items()}
        assert told == {"long before": 0, "within two weeks": 1, "the last day": 1, "after its end": 0}
        assert warn_of_ending_tokens(session, now + timedelta(days=352)) == 0
        assert warn_of_ending_tokens(session, now + timedelta(days=6.5)) == 1  # a short one: the last day only
        session.execute(text("UPDATE notification SET due_at = now()"))
    letters = deliver(context)
    assert {letter["To"] for letter in letters} == {"pat@acme.example"}
    assert sorted(str(letter["Subject"]).split()[2].strip('"') for letter in letters) == ["week", "year", "year"]


def test_admins_are_told_of_a_services_token_that_ends(context: WorkerContext, people: People) -> None:
    with context.unit_of_work() as session:
        expires = "now() + interval '10 days'"
        session.execute(
            text(f"""
                INSERT INTO api_token (id, service_id, role, label, token_hash, hint, created_at, expires_at)
                VALUES (uuidv7(), :id, 'service', 'nightly', sha256('x'), 'abcd', now() - interval '90 days', {expires})
            """),
            {"id": people.service.id},
        )
        assert warn_of_ending_tokens(session, now_of(session)) == 1
    (letter,) = deliver(context)
    assert letter["To"] == "ada@acme.example.platform.example"
    assert "billing-acme" in letter.get_content()
