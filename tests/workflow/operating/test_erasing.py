"""A person can be erased: their name and addresses are nowhere any more, and the history still verifies."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import ARRAY, JSON, Engine, String, select, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Session

from models import Base, IdempotencyKey, Invitation, Notification, Organization, Person, RejectedMessage, Review
from models.lifecycle import AppState, Role
from tests.at_once import while_under_way
from tests.factories import app_in
from tests.journeys import KEY, People, now_of, staff_member, token_of
from workflow.access.invitations import accept_invitation
from workflow.access.people import hand_over, invite_colleague, remove_person
from workflow.errors import Conflict, Forbidden, NotFound
from workflow.history.sealing import sealing_steps
from workflow.history.verification import verify_history
from workflow.identity.actors import Actor
from workflow.identity.principals import find_principal
from workflow.notifications.kinds import NotificationKind
from workflow.notifications.people import notify_people
from workflow.operating.erasing import Erasure, erase_person, redacted
from workflow.operating.personal_data import ERASED, ERASED_ADDRESS, ERASED_NAME, KEPT, REDACTED
from workflow.reviewing.desk import claim_review

TABLES = Base.metadata.tables
TEXTS = {
    (name, column.name)
    for name, table in TABLES.items()
    for column in table.columns
    if isinstance(column.type, String | JSON | TSVECTOR)
    or (isinstance(column.type, ARRAY) and isinstance(column.type.item_type, String))
}
NAME, ADDRESS = "Olga Nowak-Ó'Brien", "Olga.Nowak@acme.example"


def test_every_text_of_the_schema_is_kept_for_a_reason_or_goes() -> None:
    goes = {(table, column) for table, one in ERASED.items() for column in (*one.columns, *one.deleted)}
    redacted_too = {(table, column) for table, columns in REDACTED.items() for column in columns}
    kept = {(table, column) for table, columns in KEPT.items() for column in columns}
    assert goes | redacted_too | kept >= TEXTS
    assert kept <= TEXTS
    assert not kept & (goes | redacted_too)
    assert all(why for columns in KEPT.values() for why in columns.values())


@pytest.fixture
def olga(engine: Engine, people: People) -> Actor:
    """A colleague with rows in every table that knows of her."""
    with Session(engine) as session, session.begin():
        now = now_of(session)
        organization = people.partner.organization_id
        person = Person(organization_id=organization, role="partner", name=NAME, email=ADDRESS)
        session.add(person)
        session.flush()
        used = Invitation(
            organization_id=organization,
            name=NAME,
            email=ADDRESS.lower(),
            code_hash=bytes(32),
            expires_at=now,
            accepted_at=now,
            accepted_by=person.id,
        )
        told = Notification(
            kind="welcome",
            cause="test",
            recipient_email=ADDRESS,
            mailbox=ADDRESS.lower(),
            data={"name": NAME},
            due_at=now,
            status="dead",
            last_error=f"550 no such user {ADDRESS}",
        )
        answer = IdempotencyKey(
            principal_id=people.partner.id,
            key="k",
            body_hash=bytes(32),
            status_code=201,
            answer={"invitation": {"name": NAME, "email": ADDRESS.lower()}},
        )
        junk = RejectedMessage(queue="transitions", digest=bytes(32), body=f"from {ADDRESS}", error="no token")
        session.add_all([used, told, answer, junk])
        session.execute(
            text("""
                UPDATE access_request SET contact_name = :name, contact_email = :email, survey = '{"role": "CTO"}'
            """),
            {"name": NAME, "email": ADDRESS},
        )
        kind = NotificationKind.OWNERSHIP_HANDED_OVER
        notify_people(
            session, kind, "handed", [people.partner.id], now, {"company": "Acme", "owner": NAME, "path": "/"}
        )
        notify_people(session, NotificationKind.PERSON_REMOVED, "removed", [person.id], now, {"company": "Acme"})
        return Actor(person.id, people.partner.role, organization)


def _erase(engine: Engine, people: People, who: str) -> Erasure:
    with Session(engine) as session, session.begin():
        return erase_person(session, who, people.admin, now_of(session))


def _seal(engine: Engine) -> None:
    for step in sealing_steps(KEY):
        with Session(engine) as session, session.begin():
            step(session, 1000)


def _holding(engine: Engine, *words: str) -> list[tuple[str, str]]:
    """Returns the columns of the whole database that have one of the words."""
    with engine.connect() as connection:
        return [
            (table, column)
            for table, column in sorted(TEXTS)
            for word in words
            if connection.execute(
                text(f"SELECT FROM {table} WHERE strpos(lower({column}::text), lower(:word)) > 0 LIMIT 1"),
                {"word": word},
            ).rowcount
        ]


@pytest.mark.parametrize("by", ["id", "address"])
def test_nothing_names_an_erased_person_and_the_history_verifies(
    engine: Engine, people: People, olga: Actor, by: str
) -> None:
    token = token_of(engine, olga)
    _seal(engine)
    assert len(_holding(engine, NAME, ADDRESS)) > 10
    erased = _erase(engine, people, str(olga.id) if by == "id" else ADDRESS.upper())
    assert erased.people == (olga.id,)
    assert erased.rows.keys() >= {"person", "access_request", "invitation", "notification", "idempotency_key"}
    assert _holding(engine, NAME, ADDRESS, "CTO") == []
    with Session(engine) as session:
        assert list(verify_history(session, KEY)) == []
        with pytest.raises(Forbidden):
            find_principal(session, token)
        assert session.get_one(Person, olga.id).removed_at is not None
        theirs = session.scalars(select(Notification).where(Notification.recipient_id == olga.id)).all()
        assert {one.status for one in theirs} == {"void"}
        by_mail = select(Notification).where(Notification.recipient_email.is_not(None))
        assert [one.status for one in session.scalars(by_mail)] == ["void"]
        others = session.scalars(select(Notification).where(Notification.recipient_id == people.partner.id)).one()
        assert (others.data["owner"], others.status) == (ERASED_NAME, "due")
        entry = session.execute(text("SELECT target, detail FROM audit_entry WHERE action = 'person.erase'")).one()
        assert tuple(entry) == (str(olga.id), {"people": [str(olga.id)]})


def test_erasing_once_more_changes_nothing(engine: Engine, people: People, olga: Actor) -> None:
    _erase(engine, people, str(olga.id))
    assert _erase(engine, people, str(olga.id)).rows == {}
    with pytest.raises(NotFound):
        _erase(engine, people, ADDRESS)


def test_somebody_who_only_asked_for_access_is_erased_by_their_address(engine: Engine, people: People) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE access_request SET contact_email = 'zoe@other.example', contact_name = 'Zoe'"))
    assert _erase(engine, people, "zoe@other.example").rows == {"access_request": 1}
    assert _holding(engine, "zoe") == []


@pytest.mark.parametrize("who", ["nobody@acme.example", "00000000-0000-7000-8000-0000000000ff", "a word"])
def test_nobody_is_not_found(engine: Engine, people: People, who: str) -> None:
    with pytest.raises(NotFound, match=r"nobody|neither"):
        _erase(engine, people, who)


def test_an_owner_with_colleagues_or_apps_hands_over_first(engine: Engine, people: People, olga: Actor) -> None:
    with pytest.raises(Conflict) as refused:
        _erase(engine, people, str(people.partner.id))
    assert refused.value.code == "owner.must_hand_over"
    _erase(engine, people, str(olga.id))
    app_in(engine, people, "acme", AppState.BUILDING)
    with pytest.raises(Conflict):
        _erase(engine, people, str(people.partner.id))


def test_the_last_person_of_a_company_without_apps_can_be_erased(engine: Engine, people: People) -> None:
    assert _erase(engine, people, str(people.partner.id)).people == (people.partner.id,)
    with Session(engine) as session:
        assert session.get_one(Organization, people.partner.organization_id).name == "Acme"
        assert not session.get_one(Person, people.partner.id).owner


def test_who_holds_a_review_hands_it_over_first_and_is_told_which(engine: Engine, people: People) -> None:
    app_in(engine, people, "acme", AppState.SUBMITTED)
    with Session(engine) as session, session.begin():
        review = session.scalars(select(Review.id)).one()
        claim_review(session, review, people.reviewer, now_of(session))
    with pytest.raises(Conflict, match=str(review)) as refused:
        _erase(engine, people, str(people.reviewer.id))
    assert refused.value.code == "person.holds_reviews"


def test_whose_request_is_not_decided_waits_for_the_decision(engine: Engine, people: People) -> None:
    with Session(engine) as session, session.begin():
        session.execute(
            text("""
                UPDATE access_request SET state = 'requested', decided_at = NULL, decided_by = NULL, due_at = :due
            """),
            {"due": now_of(session) + timedelta(days=1)},
        )
    with pytest.raises(Conflict) as refused:
        _erase(engine, people, "pat@acme.example")
    assert refused.value.code in ("access.undecided", "owner.must_hand_over")


def test_the_last_admin_adds_another_first(engine: Engine, people: People) -> None:
    with pytest.raises(Conflict) as refused:
        _erase(engine, people, str(people.admin.id))
    assert refused.value.code == "staff.last_admin"


def test_an_admin_can_erase_themself(engine: Engine, people: People) -> None:
    staff_member(engine, "Bo", Role.ADMIN)
    token = token_of(engine, people.admin)
    with Session(engine) as session, session.begin():
        admin = find_principal(session, token).actor
        erase_person(session, str(admin.id), admin, now_of(session))
    assert _holding(engine, "Ada") == []


def _invited(engine: Engine, people: People) -> str:
    """Has the owner invite Olga, and returns the code."""
    assert people.partner.organization_id is not None
    codes: list[str] = []

    def keep(code: str) -> str:
        codes.append(code)
        return code

    with Session(engine) as session, session.begin():
        invite_colleague(
            session,
            people.partner.organization_id,
            people.partner,
            now_of(session),
            keep,
            name=NAME,
            email=ADDRESS,
        )
    return codes[0]


@pytest.mark.parametrize("who", ["the owner", "the colleague"])
def test_nobody_joins_a_company_unseen_while_somebody_is_erased(engine: Engine, people: People, who: str) -> None:
    code = _invited(engine, people)
    refused = while_under_way(
        engine,
        lambda session: accept_invitation(session, code, now_of(session)),
        lambda session: erase_person(
            session, str(people.partner.id) if who == "the owner" else ADDRESS, people.admin, now_of(session)
        ),
    )
    assert refused == ("owner.must_hand_over" if who == "the owner" else None)
    owners = select(Person.removed_at).where(Person.owner)
    with Session(engine) as session:
        assert session.scalars(owners).all() == [None]
    assert bool(_holding(engine, ADDRESS)) == (who == "the owner")


@pytest.mark.parametrize("act", [hand_over, remove_person])
def test_who_is_being_erased_becomes_no_owner_and_is_told_nothing(
    engine: Engine, people: People, olga: Actor, act: Callable[..., object]
) -> None:
    refused = while_under_way(
        engine,
        lambda session: erase_person(session, str(olga.id), people.admin, now_of(session)),
        lambda session: act(session, olga.organization_id, olga.id, people.partner, now_of(session)),
    )
    assert refused == "person.not_found"
    with Session(engine) as session:
        theirs = session.scalars(select(Notification.status).where(Notification.recipient_id == olga.id)).all()
    assert set(theirs) == {"void"}


@pytest.mark.parametrize("name", ['Olga "Olly" Nowak', "İpek Şahin", "Zoë Øverland", "Ægir \\ Ö"])
def test_a_name_goes_however_a_text_writes_it(engine: Engine, people: People, olga: Actor, name: str) -> None:
    bodies = [f"from {name}.", json.dumps({"by": name}), json.dumps({"by": name}, ensure_ascii=False)]
    with Session(engine) as session, session.begin():
        session.get_one(Person, olga.id).name = name
        for number, body in enumerate(bodies, 1):
            digest = bytes(31) + bytes([number])
            session.add(RejectedMessage(queue="transitions", digest=digest, body=body, error="no token"))
    _erase(engine, people, str(olga.id))
    with Session(engine) as session:
        assert sorted(session.scalars(select(RejectedMessage.body)).all()) == sorted(
            [f"from {ERASED_ADDRESS}", f"from {ERASED_NAME}.", *[json.dumps({"by": ERASED_NAME})] * 2]
        )


@pytest.mark.parametrize(
    "other",
    ["jean-{}", "x.{}", "x+{}", "{}.org", "{}-corp.example", "x{}", "{}x"],
)
def test_an_address_that_only_contains_an_erased_one_is_somebody_elses(other: str) -> None:
    said = other.format(ADDRESS)
    assert redacted(said, [], [ADDRESS.lower()]) == said


@pytest.mark.parametrize("around", ["<{}>", "mailto:{}", "'{}'", "({}).", "-{}", "a={}&b", "{}...", "to {}, at once"])
def test_an_erased_address_goes_whatever_stands_around_it(around: str) -> None:
    assert redacted(around.format(ADDRESS), [], [ADDRESS.lower()]) == around.format(ERASED_ADDRESS)


@given(st.text(max_size=30), st.text(max_size=30))
def test_only_whole_words_are_replaced_whatever_stands_around_them(before: str, after: str) -> None:
    said = {"a": [f"{before} {ADDRESS} {after}", f"x{ADDRESS}", f"{NAME}s"], "b": 1}
    clean = redacted(said, [NAME], [ADDRESS.lower()])
    assert clean == {"a": [f"{before} {ERASED_ADDRESS} {after}", f"x{ADDRESS}", f"{NAME}s"], "b": 1}
