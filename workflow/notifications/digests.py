"""The daily overview for those who review: what waits, what is due and what is theirs, once a day in their morning.

A person has one row for each business day, also if there was nothing to tell (it is void then, and deleted after a
week): so nobody is told twice, however often the job runs, and nobody is told at noon of what came at eleven.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from models.lifecycle import Role
from workflow.identity.staff import may_review
from workflow.notifications.kinds import NotificationKind
from workflow.policy.calendar import is_business_day
from workflow.policy.document import Policy
from workflow.sql.arrays import Texts, Uuids, statement
from workflow.work.lanes import LANE_OF_PERSON
from workflow.zones import known_zone

BEGINS: Final = time(8)
"""From when on the overview is sent, by the reader's clock."""
ENDS: Final = time(12)
"""From when on it is too late for it, as after an outage."""
MAX_NAMED: Final = 10
"""The number of reviews that an overview names of each kind."""


@dataclass(frozen=True, slots=True)
class _Morning:
    """Somebody's morning of a business day. `zone` is theirs, and otherwise the calendar's."""

    person: UUID
    is_told_of_all: bool
    zone: ZoneInfo
    day: str

    @property
    def cause(self) -> str:
        return f"digest:{self.day}"


def send_digests(session: Session, policy: Policy, now: datetime, *, limit: int) -> int:
    """Writes the overview of up to `limit` people whose morning it is. Returns how many rows it wrote, void ones too.

    It is for reviewers who are here; for an admin, if they hold a review or no reviewer is here. Who has switched this
    news off has no row.
    Four queries and one statement, whatever the number of people. Does not commit.
    """
    people = session.execute(_PEOPLE, {"now": now, "kind": NotificationKind.REVIEWER_DIGEST.value}).all()
    mornings = [one for person in people if (one := _morning_of(person, policy, now)) is not None]
    causes = sorted({one.cause for one in mornings})
    told = {tuple(row) for row in session.execute(_TOLD, {"causes": causes})} if causes else set()
    due = [one for one in mornings if (one.person, one.cause) not in told][:limit]
    if not due:
        return 0
    counts = session.execute(_COUNTS, {"now": now}).one()
    following = session.execute(_NEXT, {"many": MAX_NAMED}).all()
    held = session.execute(_HELD, {"ids": [one.person for one in due]}).all()
    digests = [_digest_of(one, counts, following, [row for row in held if row.claimed_by == one.person]) for one in due]
    values = {
        "ids": [one.person for one in due],
        "causes": [one.cause for one in due],
        "data": [json.dumps({"digest": digest, "path": "/v1/reviews"}) for digest in digests],
        "statuses": ["due" if digest else "void" for digest in digests],
        "now": now,
    }
    written = session.execute(_WRITE, {**NotificationKind.REVIEWER_DIGEST.columns(), **values})
    return len(written.all())


def _morning_of(person: Row[Any], policy: Policy, now: datetime) -> _Morning | None:
    zone = known_zone(person.time_zone) or ZoneInfo(policy.calendar.time_zone)
    local = now.astimezone(zone)
    if not BEGINS <= local.time() < ENDS or not is_business_day(local.date(), policy.calendar):
        return None
    return _Morning(person.id, person.is_told_of_all, zone, local.date().isoformat())


def _digest_of(
    morning: _Morning, counts: Row[Any], following: Sequence[Row[Any]], held: Sequence[Row[Any]]
) -> dict[str, Any] | None:
    """Returns what somebody's overview says, None if there is nothing to say."""
    if not held and not (morning.is_told_of_all and (counts.waiting or counts.access)):
        return None
    return {
        "day": morning.day,
        "waiting": counts.waiting,
        "overdue": counts.overdue,
        "soon": counts.soon,
        "access": counts.access,
        "next": [_named(row, morning.zone) for row in following],
        "held": [_named(row, morning.zone) for row in held[:MAX_NAMED]],
        "held_in_all": len(held),
    }


def _named(row: Row[Any], zone: ZoneInfo) -> dict[str, Any]:
    due = row.due_at.astimezone(zone)
    return {
        "id": str(row.id),
        "app": row.name,
        "round": row.round,
        "urgent": row.urgency == 0,
        "due": f"{due:%A} {due.day} {due:%B, %H:%M %Z}",
    }


_PEOPLE = text(f"""
    SELECT p.id, p.time_zone,
           p.role = '{Role.REVIEWER}'
           OR NOT EXISTS (SELECT FROM person q WHERE {may_review("q")} AND q.role = '{Role.REVIEWER}') AS is_told_of_all
      FROM person p
     WHERE {may_review("p")} AND NOT CAST(:kind AS text) = ANY(p.news_off) ORDER BY p.id
""")
_TOLD = statement("SELECT recipient_id, cause FROM notification WHERE cause = ANY(:causes)", causes=Texts())
_OPEN = "r.closed_at IS NULL AND r.needs_person"
_COUNTS = text(f"""
    SELECT (SELECT count(*) FROM review r WHERE {_OPEN} AND r.claimed_by IS NULL) AS waiting,
           (SELECT count(*) FROM review r WHERE {_OPEN} AND r.due_at <= :now) AS overdue,
           (SELECT count(*) FROM review r WHERE {_OPEN} AND r.due_at > :now AND r.due_soon_at <= :now) AS soon,
           (SELECT count(*) FROM access_request q WHERE q.state = 'requested') AS access
""")
_REVIEW = """
    SELECT r.id, r.claimed_by, r.due_at, r.urgency, s.round, a.name
      FROM review r JOIN app a ON a.id = r.app_id JOIN submission s ON s.id = r.submission_id
"""
_NEXT = text(f"{_REVIEW} WHERE {_OPEN} AND r.claimed_by IS NULL ORDER BY r.urgency, r.due_at, r.id LIMIT :many")
_HELD = statement(
    f"{_REVIEW} WHERE {_OPEN} AND r.claimed_by = ANY(:ids) ORDER BY r.urgency, r.due_at, r.id", ids=Uuids()
)
_WRITE = statement(
    f"""
    INSERT INTO notification (id, kind, cause, recipient_id, data, due_at, lane, urgency, status)
    SELECT uuidv7(), CAST(:kind AS text), t.cause, p.id, CAST(t.data AS jsonb), :now, {LANE_OF_PERSON}, :urgency,
           t.status
      FROM unnest(:ids, :causes, :data, :statuses) AS t (person_id, cause, data, status)
      JOIN person p ON p.id = t.person_id
    ON CONFLICT ON CONSTRAINT notification_once_key DO NOTHING
    RETURNING id
    """,
    ids=Uuids(),
    causes=Texts(),
    data=Texts(),
    statuses=Texts(),
)
