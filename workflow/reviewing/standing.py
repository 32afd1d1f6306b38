"""What reviews leave of an App that was published: when it was looked at, its suspensions, and its time to mend."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from workflow.sql.arrays import Booleans, Integers, Uuids, app_ids, statement

CONFIRM_WITHIN = timedelta(days=1)
"""The time in which a second person is to confirm a suspension, which acts at once."""


TOLD_WITHIN: Final = timedelta(hours=12)
"""How long after a flag the team is told that the company is not told yet. Mails are given up after some hours."""
LOOK_IN_GRACE: Final = timedelta(days=1)
"""How long after a flag the service looks again, so that what was mended is soon seen."""


@dataclass(frozen=True, slots=True)
class BegunGrace:
    """Time to mend that begins with a flag: of which App and version, from which review, and how many days."""

    app_id: UUID
    version: int
    opened_version: int
    days: int


@dataclass(frozen=True, slots=True)
class BegunSuspension:
    """A suspension that begins with a transition. `only_reinstated`: no revision lifts it."""

    app_id: UUID
    version: int
    suspended_by: UUID
    only_reinstated: bool


def note_publications(session: Session, looked_at: Sequence[UUID], published: Sequence[UUID], now: datetime) -> None:
    """Notes that what is public was found good now, and that the drafts of `published` do not differ from it.

    One statement. Does not commit.
    """
    ids = list(dict.fromkeys([*looked_at, *published]))
    if ids:
        good, same = frozenset(looked_at), frozenset(published)
        flags = {"looked_at": [app_id in good for app_id in ids], "published": [app_id in same for app_id in ids]}
        session.execute(_NOTE_PUBLICATION, {"ids": ids, "now": now} | flags)


def begin_suspensions(session: Session, begun: Sequence[BegunSuspension], now: datetime) -> None:
    """Stores suspensions. One statement. Does not commit."""
    values = {
        "ids": [one.app_id for one in begun],
        "versions": [one.version for one in begun],
        "people": [one.suspended_by for one in begun],
        "only_reinstated": [one.only_reinstated for one in begun],
        "now": now,
        "confirm_by": now + CONFIRM_WITHIN,
    }
    session.execute(_BEGIN_SUSPENSION, values)


def end_suspensions(session: Session, ids: Sequence[UUID], now: datetime) -> None:
    """Ends the suspensions of the Apps. One statement. Does not commit."""
    session.execute(_END_SUSPENSION, {"ids": list(ids), "now": now})


def begin_grace_periods(session: Session, begun: Sequence[BegunGrace], now: datetime) -> None:
    """Stores a grace period for each flag. Its clock begins with the first notice that is delivered.

    One statement. Does not commit.
    """
    values = {
        "ids": [one.app_id for one in begun],
        "versions": [one.version for one in begun],
        "reviews": [one.opened_version for one in begun],
        "days": [one.days for one in begun],
        "now": now,
        "notice_due_at": now + TOLD_WITHIN,
        "look_due_at": now + LOOK_IN_GRACE,
    }
    session.execute(_BEGIN_GRACE, values)


def flag_again(session: Session, ids: Sequence[UUID], now: datetime) -> None:
    """Notes that a look found something in Apps that have time to mend already: their clocks stay as they are.

    One statement. Does not commit.
    """
    session.execute(_FLAG_AGAIN, {"ids": list(ids), "look_due_at": now + LOOK_IN_GRACE})


def end_grace_periods(session: Session, ids: Sequence[UUID], now: datetime) -> None:
    """Ends the grace periods of the Apps. One statement. Does not commit."""
    session.execute(_END_GRACE, {"ids": list(ids), "now": now})


_NOTE_PUBLICATION = statement(
    """
    UPDATE app SET looked_at = CASE WHEN noted.looked_at THEN :now ELSE app.looked_at END,
           touched = CASE WHEN noted.published THEN '{}' ELSE app.touched END
      FROM unnest(:ids, :looked_at, :published) AS noted (app_id, looked_at, published)
     WHERE app.id = noted.app_id
    """,
    ids=Uuids(),
    looked_at=Booleans(),
    published=Booleans(),
)

_BEGIN_SUSPENSION = statement(
    """
    INSERT INTO suspension (app_id, version, suspended_by, only_reinstated, suspended_at, confirm_by)
    SELECT app_id, version, suspended_by, only_reinstated, :now, :confirm_by
      FROM unnest(:ids, :versions, :people, :only_reinstated) AS s (app_id, version, suspended_by, only_reinstated)
    """,
    ids=Uuids(),
    versions=Integers(),
    people=Uuids(),
    only_reinstated=Booleans(),
)

_END_SUSPENSION = app_ids("UPDATE suspension SET ended_at = :now WHERE app_id = ANY(:ids) AND ended_at IS NULL")

_BEGIN_GRACE = statement(
    """
    INSERT INTO grace_period (app_id, version, review_id, flagged_at, days, notice_due_at, look_due_at)
    SELECT g.app_id, g.version, r.id, :now, g.days, :notice_due_at, :look_due_at
      FROM unnest(:ids, :versions, :reviews, :days) AS g (app_id, version, opened_version, days)
      JOIN review r ON r.app_id = g.app_id AND r.opened_version = g.opened_version
    """,
    ids=Uuids(),
    versions=Integers(),
    reviews=Integers(),
    days=Integers(),
)

_FLAG_AGAIN = app_ids("""
    UPDATE grace_period SET look_due_at = :look_due_at WHERE app_id = ANY(:ids) AND ended_at IS NULL
""")

_END_GRACE = app_ids("UPDATE grace_period SET ended_at = :now WHERE app_id = ANY(:ids) AND ended_at IS NULL")
