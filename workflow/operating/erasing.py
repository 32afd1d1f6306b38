"""Erasing a person: their name and addresses go everywhere, and what they did stays, under an id that names nobody."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, select, text
from sqlalchemy.orm import Session

from models import App, Base, Organization, Person, Review
from models.lifecycle import AppState, Role
from workflow.access.invitations import lock_organization
from workflow.access.people import end_access
from workflow.errors import Conflict, NotFound
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.identity.principals import lock_people
from workflow.operating.personal_data import ERASED, ERASED_ADDRESS, ERASED_DOMAIN, ERASED_NAME, REDACTED, Erased


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was erased: the people's ids, and how many rows of each table were changed or deleted."""

    people: tuple[UUID, ...]
    rows: dict[str, int]


def erase_person(session: Session, who: str, actor: Actor, now: datetime) -> Erasure:
    """Erases the person with this id or this address, and everybody who has one of their addresses. Does not commit.

    Somebody who still has access loses it first. Erasing once more changes nothing. An address may also be that of
    somebody who asked for access and never got it. The history's hashes stay valid. Locks the companies that they are
    of or invited to, so that nobody joins one or becomes its owner meanwhile, and the people; for an admin, all admins.

    Raises NotFound, and Conflict for somebody who has duties: for an owner whose company has other people or Apps
    (owner.must_hand_over), the last admin (staff.last_admin), a holder of open reviews (person.holds_reviews), and
    somebody whose request for access is not decided (access.undecided).
    """
    people, addresses = _subject(session, who, actor)
    _refuse_last_admins(session, people)
    for person in people:
        _refuse_duties(session, person)
    _refuse_undecided(session, addresses)
    log_action(session, actor, "person.erase", str(people[0].id) if people else "address", people=_ids(people))
    names = sorted({person.name for person in people} - {ERASED_NAME})
    names += session.scalars(_OTHER_NAMES, {"addresses": addresses}).all()
    for person in people:
        if person.removed_at is None:
            person.owner = False
            end_access(session, person, now)
    rows: dict[str, int] = {}
    subject: dict[str, Any] = {"people": [person.id for person in people], "addresses": addresses}
    for table, erased in ERASED.items():
        rows[table] = _erase(session, table, erased, subject)
    for table, columns in REDACTED.items():
        rows[table] = rows.get(table, 0) + sum(_redact(session, table, one, names, addresses) for one in columns)
    session.expire_all()
    changed = {table: count for table, count in rows.items() if count}
    if not people and not changed:
        raise NotFound("person.not_found", f"There is nobody with the id or address {who}.", "Check it.")
    return Erasure(tuple(person.id for person in people), changed)


def _subject(session: Session, who: str, actor: Actor) -> tuple[list[Person], list[str]]:
    """Returns the people, locked with the caller, and their addresses in lower case: present and former ones."""
    addresses = {who.strip().lower()} if "@" in who else set()
    ids, addresses = _known_by(session, set() if addresses else {_as_id(who)}, addresses)
    companies = session.scalars(_COMPANIES, {"ids": list(ids), "addresses": sorted(addresses)}).all()
    for company in sorted(companies):
        lock_organization(session, company)
    if companies:
        ids, addresses = _known_by(session, ids, addresses)  # somebody may have accepted an invitation meanwhile
    is_of_admin = session.scalar(_OF_ADMIN, {"ids": list(ids)})
    lock_people(session, actor.id, *ids, *(session.scalars(_ADMINS) if is_of_admin else ()))
    statement = select(Person).where(Person.id.in_(ids)).order_by(Person.id)
    people = session.scalars(statement.execution_options(populate_existing=True)).all()
    if not people and not addresses:
        raise NotFound("person.not_found", f"There is nobody with the id {who}.", "Check it, or give an address.")
    return list(people), sorted(addresses)


def _known_by(session: Session, ids: set[UUID], addresses: set[str]) -> tuple[set[UUID], set[str]]:
    """Returns the ids and addresses with all that rows connect them with."""
    while True:
        found = {"ids": list(ids), "addresses": sorted(addresses)}
        ids_now = {*ids, *session.scalars(_IDS, found)}
        addresses_now = {*addresses, *session.scalars(_ADDRESSES, found | {"ids": list(ids_now)})}
        if (ids_now, addresses_now) == (ids, addresses):
            return ids, addresses
        ids, addresses = ids_now, addresses_now


def _as_id(who: str) -> UUID:
    try:
        return UUID(who.strip())
    except ValueError:
        detail = f"{who} is neither an id nor an address."
        raise NotFound("person.not_found", detail, "Give a person's id or their mail address.") from None


def _refuse_duties(session: Session, person: Person) -> None:
    held = session.scalars(select(Review.id).where(Review.claimed_by == person.id, Review.closed_at.is_(None))).all()
    if held:
        raise Conflict(
            "person.holds_reviews",
            f"{person.name} holds {len(held)} open reviews: {', '.join(map(str, held))}.",
            "Hand each over first: POST /v1/reviews/{review_id}/hand-over.",
        )
    if not person.owner:
        return
    others = select(Person.id).where(
        Person.organization_id == person.organization_id, Person.id != person.id, Person.removed_at.is_(None)
    )
    apps = select(App.id).where(App.organization_id == person.organization_id, App.state != AppState.REMOVED.value)
    if session.scalar(others.limit(1)) or session.scalar(apps.limit(1)):
        company = session.get_one(Organization, person.organization_id)
        raise Conflict(
            "owner.must_hand_over",
            f"{person.name} is the owner of {company.name}, which has other people or Apps.",
            "Hand the ownership over first (PUT /v1/organizations/{organization_id}/owner), after inviting somebody if "
            "there is nobody else; or remove the company's Apps.",
        )


def _refuse_last_admins(session: Session, people: Sequence[Person]) -> None:
    ending = {person.id for person in people if person.role == Role.ADMIN and person.removed_at is None}
    if ending and not set(session.scalars(_ADMINS)) - ending:
        raise Conflict("staff.last_admin", "This is the last admin.", "Add another admin first.")


def _refuse_undecided(session: Session, addresses: Sequence[str]) -> None:
    undecided = session.scalars(_UNDECIDED, {"addresses": list(addresses)}).all()
    if undecided:
        raise Conflict(
            "access.undecided",
            f"A request for access of theirs is not decided: {', '.join(map(str, undecided))}.",
            "Decide it first: POST /v1/access-requests/{request_id}/decision.",
        )


def _erase(session: Session, table: str, erased: Erased, subject: dict[str, Any]) -> int:
    if not erased.columns:
        return _count(session, f"DELETE FROM {table} WHERE {erased.whose}", subject)
    values = ", ".join(f"{column} = {value}" for column, value in erased.columns.items())
    address = next((column for column in ("email", "contact_email") if column in erased.columns), None)
    fresh = f" AND {address} NOT LIKE '%@{ERASED_DOMAIN}'" if address else ""
    return _count(session, f"UPDATE {table} SET {values} WHERE ({erased.whose}){fresh}", subject)


def _redact(session: Session, table: str, column: str, names: Sequence[str], addresses: Sequence[str]) -> int:
    """Replaces the names and addresses in one column of all rows. Returns how many rows it changed."""
    words = [form for word in (*names, *addresses) if word for form in _forms(word)]
    if not words:
        return 0
    keys = ", ".join(one.name for one in Base.metadata.tables[table].primary_key)
    same = " AND ".join(f"{one.name} = :{one.name}" for one in Base.metadata.tables[table].primary_key)
    is_json = "JSON" in str(Base.metadata.tables[table].columns[column].type)
    found = session.execute(
        text(f"""
            SELECT {keys}, {column} AS value FROM {table}
             WHERE EXISTS (SELECT FROM unnest(CAST(:words AS text[])) w
                            WHERE strpos(lower({column}::text), lower(w)) > 0)
        """),
        {"words": words},
    ).all()
    changed = 0
    for row in found:
        value = redacted(row.value, names, addresses)
        if value != row.value:
            cast_to = f"CAST(:value AS {'jsonb' if is_json else 'text'})"
            new = {**row._asdict(), "value": json.dumps(value) if is_json else value}
            changed += _count(session, f"UPDATE {table} SET {column} = {cast_to} WHERE {same}", new)
    return changed


def redacted(value: Any, names: Sequence[str], addresses: Sequence[str]) -> Any:
    """Returns the value with the names and addresses in its texts replaced, whole words only. Pure.

    An address is left that only contains one of `addresses`: it is somebody else's.
    """
    if isinstance(value, dict):
        return {key: redacted(one, names, addresses) for key, one in value.items()}
    if isinstance(value, list):
        return [redacted(one, names, addresses) for one in value]
    if not isinstance(value, str):
        return value
    for words, whole, instead in ((addresses, _ADDRESS, ERASED_ADDRESS), (names, _NAME, ERASED_NAME)):
        for form in dict.fromkeys(form for word in words for form in _forms(word)):
            value = re.sub(whole.format(re.escape(form)), instead, value, flags=re.IGNORECASE)
    return value


_NAME = r"(?<![\w@]){}(?![\w@])"
_ADDRESS = rf"(?<!\w[.+-]){_NAME}(?![.-]\w)"


def _forms(word: str) -> list[str]:
    """Returns the word as texts have it, and as JSON within a text has it: with and without its letters escaped."""
    escaped = (json.dumps(word, ensure_ascii=is_ascii)[1:-1] for is_ascii in (False, True))
    return list(dict.fromkeys((word, *escaped)))


def _ids(people: Sequence[Person]) -> list[str]:
    return [str(person.id) for person in people]


def _count(session: Session, statement: str, values: dict[str, Any]) -> int:
    return cast("CursorResult[Any]", session.execute(text(statement), values)).rowcount


_COMPANIES = text("""
    SELECT organization_id FROM person WHERE id = ANY(CAST(:ids AS uuid[])) AND organization_id IS NOT NULL
    UNION SELECT organization_id FROM invitation
           WHERE lower(email) = ANY(:addresses) AND accepted_at IS NULL AND revoked_at IS NULL
""")
_ADMINS = text("SELECT id FROM person WHERE role = 'admin' AND removed_at IS NULL ORDER BY id")
_OF_ADMIN = text("SELECT EXISTS (SELECT FROM person WHERE id = ANY(CAST(:ids AS uuid[])) AND role = 'admin')")
_IDS = text("""
    SELECT id FROM person WHERE lower(email) = ANY(:addresses)
    UNION SELECT person_id FROM address_proof WHERE lower(email) = ANY(:addresses) AND person_id IS NOT NULL
    UNION SELECT accepted_by FROM invitation WHERE lower(email) = ANY(:addresses) AND accepted_by IS NOT NULL
""")
_ADDRESSES = text(f"""
    SELECT lower(email) FROM person WHERE id = ANY(CAST(:ids AS uuid[])) AND email NOT LIKE '%@{ERASED_DOMAIN}'
    UNION SELECT lower(email) FROM address_proof WHERE person_id = ANY(CAST(:ids AS uuid[]))
    UNION SELECT lower(email) FROM invitation
           WHERE accepted_by = ANY(CAST(:ids AS uuid[])) AND email NOT LIKE '%@{ERASED_DOMAIN}'
""")
_OTHER_NAMES = text("""
    SELECT contact_name FROM access_request WHERE lower(contact_email) = ANY(:addresses)
    UNION SELECT name FROM access_contact WHERE lower(email) = ANY(:addresses)
    UNION SELECT name FROM invitation WHERE lower(email) = ANY(:addresses) AND name <> ''
""")
_UNDECIDED = text("""
    SELECT id FROM access_request WHERE lower(contact_email) = ANY(:addresses) AND state = 'requested'
""")
