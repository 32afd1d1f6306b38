"""Mails that waited: what is no longer so is not told any more, and what still holds is."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.orm import Session

from models.lifecycle import NO_REVIEW, AppState
from tests.databases import TestDatabase
from tests.factories import apps_in
from tests.journeys import People
from workflow.notifications.delivery import void_unless_wanted
from workflow.notifications.kinds import NotificationKind as Kind
from workflow.notifications.outdated import OUTDATED
from workflow.notifications.words import WORDS

PASSES = "UPDATE notification SET data = jsonb_set(data, '{expires}', '\"2001-01-01 00:00 UTC\"') WHERE cause = :cause"
ENDS = "UPDATE notification SET data = jsonb_set(data, '{ends}', '\"2001-01-01 00:00 UTC\"') WHERE cause = :cause"
AGES = "UPDATE notification SET created_at = created_at - interval '13 hours' WHERE cause = :cause"
LEAVES = "UPDATE person SET removed_at = now(), owner = false WHERE id = :holder"
PROVED = "UPDATE address_proof SET proved_at = now() WHERE id = :id"
HELD = "UPDATE review SET claimed_by = :recipient, claimed_at = now()"
UNHELD = "UPDATE review SET claimed_by = NULL, claimed_at = NULL"
PROPOSED = "UPDATE app SET proposal = version"

PROOF = """
    INSERT INTO address_proof (id, purpose, email, mailbox, counted_by, person_id, code_hash, expires_at)
    VALUES (:id, 'token', 'pat@acme.example', 'pat@acme.example', 'acme.example', :holder, sha256('x'), now())
"""
TOKEN = """
    INSERT INTO api_token (id, person_id, role, organization_id, label, token_hash, hint, expires_at)
    SELECT :id, id, role, organization_id, 'x', sha256('y'), 'abcd', now() FROM person WHERE id = :holder
"""
SETTINGS = """
    WITH made AS (INSERT INTO component (id, app_id, kind, name, settings)
                  SELECT :id, id, 'stream', 'Events', '{}' FROM app WHERE slug = 'submitted' RETURNING id)
    INSERT INTO component_test_settings (component_id, sealed, names, ends_at, reminded_at, given_by)
    SELECT id, 'x', '[]', now(), now(), :holder FROM made
"""
SETTLED = [
    *((kind, "link:{id}", "", PASSES) for kind in (Kind.WELCOME, Kind.COLLEAGUE_INVITED, Kind.SIGN_IN)),
    *((kind, "proof:{id}", PROOF, PASSES) for kind in (Kind.ACCESS_PROOF, Kind.ADDRESS_PROOF, Kind.TOKEN_PROOF)),
    *((kind, "proof:{id}", PROOF, PROVED) for kind in (Kind.ADDRESS_PROOF, Kind.TOKEN_PROOF)),
    *((kind, "proof:{id}", PROOF, LEAVES) for kind in (Kind.ADDRESS_PROOF, Kind.TOKEN_PROOF)),
    (Kind.TOKEN_ENDS, "token:{id}:14d", TOKEN, ENDS),
    (Kind.TOKEN_ENDS, "token:{id}:1d", TOKEN, "UPDATE api_token SET revoked_at = now() WHERE id = :id"),
    (Kind.TEST_SETTINGS_END, "test_settings:{id}:1", SETTINGS, ENDS),
    (
        Kind.TEST_SETTINGS_END,
        "test_settings:{id}:1",
        SETTINGS,
        "UPDATE component SET removed_at = now() WHERE id = :id",
    ),
    (Kind.TEST_SETTINGS_END, "test_settings:{id}:1", SETTINGS, "DELETE FROM component_test_settings"),
    (Kind.TEST_SETTINGS_END, "test_settings:{id}:1", SETTINGS, "UPDATE component_test_settings SET reminded_at = NULL"),
    (Kind.REVIEW_HANDED_OVER, "review:{review}:handed_over", HELD, UNHELD),
    (Kind.REVIEW_UNHELD, "review:{review}:released", UNHELD, HELD),
    (Kind.CLAIM_LAPSED, "review:{review}:lapsed", UNHELD, HELD),
    *(
        (kind, "transition", "", f"UPDATE suspension SET {change}")
        for kind in (Kind.SUSPENSION_TO_CONFIRM, Kind.SUSPENSION_UNCONFIRMED)
        for change in ("ended_at = now()", "confirmed_at = now(), confirmed_by = :recipient")
    ),
    *(
        (kind, "transition", PROPOSED, "UPDATE app SET proposal = 0")
        for kind in (Kind.APPROVAL_PROPOSED, Kind.REMOVAL_PROPOSED)
    ),
    (Kind.REVIEWER_DIGEST, "digest", "", AGES),
]
"""Kinds, the cause of their mails, what they say, and what ends that."""


@pytest.fixture(scope="module")
def world(module_engine: Engine, module_people: People, module_database: TestDatabase) -> Iterator[Engine]:
    apps_in(
        module_engine,
        module_people,
        {"submitted": (AppState.SUBMITTED, "first"), "suspended": (AppState.SUSPENDED, NO_REVIEW)},
    )
    superuser = create_engine(module_database.superuser_url)
    yield superuser
    superuser.dispose()


@pytest.fixture
def connection(world: Engine) -> Iterator[Connection]:
    """A connection that may change anything, and whose changes are taken back."""
    with world.connect() as made, made.begin() as changes:
        made.execute(text("SET LOCAL session_replication_role = replica"))
        yield made
        changes.rollback()


def test_every_kind_that_can_be_outdated_is_tried_and_each_link_that_ends_is_among_them() -> None:
    assert {kind for kind, *_ in SETTLED} == OUTDATED.keys()
    assert {kind for kind, words in WORDS.items() if "{expires}" in words[1]} <= OUTDATED.keys()


@pytest.mark.parametrize(("kind", "cause", "before", "change"), SETTLED, ids=lambda value: str(value)[:40])
def test_what_is_settled_while_the_mail_waits_is_not_told(
    connection: Connection, module_people: People, kind: Kind, cause: str, before: str, change: str
) -> None:
    slug = "suspended" if kind in (Kind.SUSPENSION_TO_CONFIRM, Kind.SUSPENSION_UNCONFIRMED) else "submitted"
    app = connection.execute(text("SELECT id, version FROM app WHERE slug = :slug"), {"slug": slug}).one()
    review = connection.scalar(text("SELECT id FROM review WHERE closed_at IS NULL"))
    found = connection.scalar(text("SELECT uuidv7()"))
    values = {"id": found, "holder": module_people.partner.id, "recipient": module_people.admin.id}
    values |= {
        "app": app.id,
        "version": app.version,
        "cause": cause.format(id=found, review=review),
        "kind": kind.value,
    }

    def do(statement: str) -> None:
        if statement:
            bound = text(statement)
            connection.execute(bound, {name: values[name] for name in bound.compile().params})

    do(before)
    do("""
        INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, data, due_at, lane, urgency)
        VALUES (uuidv7(), :kind, :cause, :app, :version, :recipient,
                '{"expires": "2999-01-01 00:00 UTC", "ends": "2999-01-01 00:00 UTC", "sealed": "x"}', now(), '-', 1)
    """)
    mail = connection.execute(
        text("SELECT id FROM notification WHERE cause = :cause"), {"cause": values["cause"]}
    ).scalar_one()
    assert _is_wanted(connection, mail)
    do(change)
    assert not _is_wanted(connection, mail)
    assert not connection.scalar(text("SELECT data ? 'sealed' FROM notification WHERE id = :id"), {"id": mail})


def _is_wanted(connection: Connection, mail: UUID) -> bool:
    return void_unless_wanted(Session(connection), mail)
