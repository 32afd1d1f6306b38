"""What operators do at the command line, on a real database: tokens, dead rows, the mailbox."""

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from cli.dead import acknowledge, acknowledge_together, list_dead, replay, replay_together
from cli.mail import Mailbox
from cli.mistakes import Mistake
from cli.tokens import Holder, create_token, revoke, scopes_named, tokens
from models import JobTick, Organization, RejectedMessage
from models.base import new_id
from models.lifecycle import AppTrigger, Role
from models.token import Scope
from tests.cli.command import devcenter
from tests.databases import TestDatabase
from tests.journeys import KEY, People, apps_in_public_beta, ask
from workflow.errors import Conflict, NotFound
from workflow.lifecycle.promotion import request_promotions

A_DAY = timedelta(days=1)


def test_a_token_of_each_role_is_created_listed_and_revoked(database: TestDatabase, engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        session.add(Organization(id=new_id(), name="Acme", website="https://acme.example"))
    url = database.application_url
    holders = [
        Holder(Role.PARTNER, email="paula@acme.example", organization="Acme"),
        Holder(Role.REVIEWER, email="remy@platform.example"),
        Holder(Role.ADMIN, email="ada@platform.example"),
        Holder(Role.SERVICE, name="usage"),
    ]
    texts = [create_token(url, holder, label="tried", life=A_DAY) for holder in holders]
    assert [made.split("_")[1] for made in texts] == ["partner", "reviewer", "admin", "service"]
    listed = tokens(url)
    assert {(line.role, line.state, line.label) for line in listed} == {(h.role, "valid", "tried") for h in holders}
    revoke(url, listed[0].id)
    assert [line.state for line in tokens(url)].count("revoked") == 1
    with Session(engine) as session:
        written = list(session.scalars(text("SELECT action FROM audit_entry ORDER BY id")))
    assert len(written) == 5


@pytest.mark.parametrize(
    ("holder", "named"),
    [
        (Holder(Role.PARTNER, email="paula@acme.example"), "--organization"),
        (
            Holder(Role.PARTNER, email="paula@acme.example", organization="Nowhere"),
            "Name an existing one with --organization",
        ),
        (Holder(Role.REVIEWER), "--email"),
        (Holder(Role.SERVICE), "--name"),
    ],
)
def test_an_incomplete_description_of_a_holder_is_refused_with_what_is_missing(
    database: TestDatabase, holder: Holder, named: str
) -> None:
    with pytest.raises(Mistake) as told:
        create_token(database.application_url, holder, label="tried", life=A_DAY)
    assert named in told.value.remedy
    assert "None" not in told.value.what


def test_a_scope_that_is_none_is_refused_with_those_that_are() -> None:
    assert scopes_named(["apps:read", "admin"]) == [Scope.APPS_READ, Scope.ADMIN]
    with pytest.raises(Mistake, match="No scope is named apps:eat") as told:
        scopes_named(["apps:read", "apps:eat"])
    assert all(scope in told.value.remedy for scope in Scope)


def test_listed_ids_can_be_used_however_narrow_the_terminal_is(
    database: TestDatabase, valkey_url: str, tmp_path: Path
) -> None:
    create_token(database.application_url, Holder(Role.SERVICE, name="usage"), label="tried", life=A_DAY)
    settings = {
        "DATABASE_URL": database.application_url,
        "REDIS_URL": valkey_url,
        "DEVCENTER_HISTORY_KEY": KEY.decode(),
        "DEVCENTER_SECRET_KEYS": Fernet.generate_key().decode(),
        "COLUMNS": "40",
    }
    listed = devcenter("token", "list", settings=settings, folder=tmp_path)
    assert listed.stdout.split()[0] == str(tokens(database.application_url)[0].id)


def test_dead_rows_of_every_kind_are_listed_and_replayed_into_the_audit_log(
    database: TestDatabase, engine: Engine, people: People
) -> None:
    apps_in_public_beta(engine, people, ["acme"])
    request = ask(engine, people.service, "acme", AppTrigger.PROMOTE)
    with Session(engine) as session, session.begin():
        now = datetime.now(UTC)
        session.add(JobTick(id=new_id(), job="prune", tick_at=now, due_at=now, status="dead", last_error="it broke"))
        session.add(RejectedMessage(id=new_id(), queue="transitions", digest=b"1" * 32, body="{}", error="no JSON"))
        for kind in ("review_step", "notification"):
            session.execute(
                text(f"""
                    UPDATE {kind} SET status = 'dead', attempts = 6, last_error = 'it broke'
                     WHERE id = (SELECT id FROM {kind} ORDER BY id LIMIT 1)
                """)
            )
        session.execute(
            text("UPDATE review_step SET state = 'pending', decided_by = NULL, decided_at = NULL WHERE status = 'dead'")
        )
        session.execute(
            text("UPDATE transition_request SET status = 'dead', last_error = 'x', finished_at = now() WHERE id = :id"),
            {"id": request},
        )
    with Session(engine) as session:
        dead = {row.kind: row for row in list_dead(session)}
    assert set(dead) == {"transition_request", "review_step", "notification", "job_tick", "rejected_message"}
    assert dead["transition_request"].about == "acme: promote"
    with pytest.raises(Conflict, match="cannot be replayed"):
        replay(database.application_url, "rejected_message", dead.pop("rejected_message").id)
    for kind, row in dead.items():
        replay(database.application_url, kind, row.id)
        with pytest.raises(NotFound):
            replay(database.application_url, kind, row.id)
    with Session(engine) as session:
        assert [row.kind for row in list_dead(session)] == ["rejected_message"]
        replays = text("SELECT detail->>'kind' || '/' || target FROM audit_entry WHERE action = 'dead.replay'")
        assert set(session.scalars(replays)) == {f"{kind}/{row.id}" for kind, row in dead.items()}


def test_a_promotion_that_was_requested_again_is_not_replayed_and_the_command_says_so(
    database: TestDatabase, engine: Engine, people: People
) -> None:
    (app_id,) = apps_in_public_beta(engine, people, ["acme"])
    with Session(engine) as session, session.begin():
        request_promotions(session, [app_id])
        dead = session.scalars(text("SELECT id FROM transition_request WHERE source = 'schedule'")).one()
        session.execute(
            text("UPDATE transition_request SET status = 'dead', last_error = 'x', finished_at = now() WHERE id = :id"),
            {"id": dead},
        )
        request_promotions(session, [app_id])
    with pytest.raises(Conflict, match="made the same request again"):
        replay(database.application_url, "transition_request", dead)


def test_a_mail_is_shown_as_a_person_reads_it(tmp_path: Path) -> None:
    message = EmailMessage()
    message["Subject"] = "Grüße"
    message["To"] = "paula@acme.example"
    message.set_content("Zürich, " * 30)
    Mailbox(tmp_path).keep(message.as_bytes(), datetime.now(UTC))
    shown = Mailbox(tmp_path).letter(1).as_text()
    assert "Subject: Grüße\n" in shown
    assert "Zürich, " * 30 in shown
    with pytest.raises(Mistake, match="no message 2"):
        Mailbox(tmp_path).letter(2)


def test_dead_rows_are_replayed_together_by_lane_and_by_error(database: TestDatabase, engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        session.execute(
            text("""
                INSERT INTO notification (id, kind, cause, recipient_email, due_at, lane, status, attempts, last_error)
                SELECT uuidv7(), 'welcome', gen_random_uuid(), 'pat@acme.example', now(), lane, 'dead', 6, error
                  FROM (VALUES ('a.example', 'timed out'), ('a.example', 'refused'), ('b.example', 'timed out'))
                       AS dead (lane, error), generate_series(1, 400)
            """)
        )
    url = database.application_url
    assert replay_together(url, "notification", "b.example", None) == 400
    assert replay_together(url, "notification", None, "timed") == 400
    assert replay_together(url, "notification", "b.example", None) == 0
    assert replay_together(url, "notification", None, None) == 400
    with pytest.raises(Conflict):
        replay_together(url, "rejected_message", None, None)
    for kind, error in (("nothing", None), ("notification", "")):
        with pytest.raises(Mistake):
            replay_together(url, kind, None, error)


def test_more_dead_rows_than_one_transaction_takes_are_replayed_by_the_same_command(
    database: TestDatabase, engine: Engine
) -> None:
    with Session(engine) as session, session.begin():
        session.execute(
            text("""
                INSERT INTO notification (id, kind, cause, recipient_email, due_at, status)
                SELECT uuidv7(), 'welcome', gen_random_uuid(), 'pat@acme.example', now(), 'dead'
                  FROM generate_series(1, 2001)
            """)
        )
    assert replay_together(database.application_url, "notification", None, None) == 2001


def test_rejected_messages_are_acknowledged_one_by_one_or_together(database: TestDatabase, engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        for number in range(4):
            session.add(RejectedMessage(queue="transitions", digest=bytes([number]) * 32, body="", error=f"E{number}"))
    with Session(engine) as session:
        first = next(row.id for row in list_dead(session) if row.error == "E0")
    acknowledge(database.application_url, first)
    with pytest.raises(NotFound):
        acknowledge(database.application_url, first)
    with pytest.raises(Mistake):
        acknowledge_together(database.application_url, "")
    assert acknowledge_together(database.application_url, "e1") == 1
    assert acknowledge_together(database.application_url, None) == 2
    with Session(engine) as session:
        assert list_dead(session) == []
        logged = session.execute(text("SELECT action, count(*) FROM audit_entry GROUP BY 1 ORDER BY 1")).all()
    assert [tuple(row) for row in logged] == [("dead.acknowledge", 1), ("dead.acknowledge_matching", 2)]


def test_a_command_that_could_mean_several_messages_or_people_says_what_to_give(
    database: TestDatabase, tmp_path: Path
) -> None:
    settings = {
        "DATABASE_URL": database.application_url,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "DEVCENTER_HISTORY_KEY": KEY.decode(),
        "DEVCENTER_SECRET_KEYS": Fernet.generate_key().decode(),
    }
    unclear = devcenter("dead", "acknowledge", settings=settings, folder=tmp_path)
    assert (unclear.returncode, "Give either an ID" in unclear.stderr) == (2, True)
    nobody = devcenter("erase", "--yes", "nobody@acme.example", settings=settings, folder=tmp_path)
    assert (nobody.returncode, "nobody@acme.example" in nobody.stderr) == (1, True)
