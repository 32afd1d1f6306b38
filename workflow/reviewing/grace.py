"""The time that a company has to mend what a look found: its clock, its notices, and reading it.

The clock begins when the mail server takes the first notice, and only what `workflow.lifecycle.effects` says ends it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from models import GracePeriod
from workflow.notifications.kinds import Audience, NotificationKind
from workflow.notifications.notify import AppAndCause, notify_of_causes
from workflow.sql.arrays import Integers, Moments, Uuids, app_ids, statement

LAST_REMINDER: Final = timedelta(days=2)
"""How long before the end the company is reminded for the last time."""
BETWEEN_REMINDERS: Final = timedelta(days=1)
"""The last reminder is left out where the one at half time is less than this before it."""
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
class Grace:
    """Time to mend that has not ended. `began_at` and `ends_at` are None until a notice of the flag was delivered.

    `team_told`: no notice was delivered for long, and the team was told. `asked_at`: the time was over then, and the
    team was asked to decide on a suspension.
    """

    flagged_at: datetime
    days: int
    began_at: datetime | None
    ends_at: datetime | None
    team_told: bool
    asked_at: datetime | None


@dataclass(frozen=True, slots=True)
class GraceNotice:
    """Who is told now of a grace period, and of what; and when the next notice is due, None if never."""

    kind: NotificationKind
    audience: Audience
    next_at: datetime | None


def grace_of(session: Session, app_id: UUID) -> Grace | None:
    """Returns the App's time to mend, None if nothing is to be mended."""
    period = session.scalar(_RUNNING, {"app_id": app_id})
    return None if period is None else shown_grace(period)


def shown_grace(period: GracePeriod) -> Grace:
    """Returns what is shown of a grace period that has not ended."""
    return Grace(
        flagged_at=period.flagged_at,
        days=period.days,
        began_at=period.began_at,
        ends_at=period.ends_at,
        team_told=period.began_at is None and period.notice_due_at is None,
        asked_at=period.asked_at,
    )


def moments_of(began_at: datetime, ends_at: datetime) -> tuple[datetime, ...]:
    """Returns when notices of a running clock are due: at half time, shortly before the end, and at the end. Pure."""
    half, last = began_at + (ends_at - began_at) / 2, ends_at - LAST_REMINDER
    return (half, ends_at) if last - half < BETWEEN_REMINDERS else (half, last, ends_at)


def notice_due(began_at: datetime | None, ends_at: datetime | None, now: datetime) -> GraceNotice:
    """Returns the notice that is due at `now`. Of several that were missed it is the last one. Pure."""
    if began_at is None or ends_at is None:
        return GraceNotice(NotificationKind.GRACE_NOT_BEGUN, Audience.REVIEWERS, None)
    if now >= ends_at:
        return GraceNotice(NotificationKind.GRACE_ENDED, Audience.REVIEWERS, None)
    later = next(moment for moment in moments_of(began_at, ends_at) if moment > now)
    return GraceNotice(NotificationKind.GRACE_ENDING, Audience.PARTNER, later)


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


def begin_grace_clock(session: Session, notification_id: UUID, now: datetime) -> None:
    """Begins the clock of the flag of which this notice was delivered, if it does not run. Does not commit.

    A notice of an earlier flag, whose time ended meanwhile, begins nothing.
    """
    session.execute(_BEGIN_CLOCK, {"id": notification_id, "now": now})


def send_grace_notices(session: Session, now: datetime, *, limit: int = 200) -> int:
    """Writes up to `limit` notices that are due, and returns how many. Leaves what others have locked.

    Reminders go to the company. Where no notice of the flag was delivered, and at the end, the team is told, or the
    holder of the App's open review. Each is written once. Does not commit.
    """
    periods = session.execute(_DUE, {"now": now, "limit": limit}).all()
    notices = [(period, notice_due(period.began_at, period.ends_at, now)) for period in periods]
    for kind, audience in {(notice.kind, notice.audience): None for _, notice in notices}:
        about = [
            AppAndCause(period.app_id, f"grace:{period.app_id}:{period.version}:{kind}:{period.reminded_at or 'first'}")
            for period, notice in notices
            if notice.kind is kind
        ]
        notify_of_causes(session, kind, audience, about, now)
    for kind, noted in _NOTED.items():
        of_kind = [(period.app_id, notice.next_at) for period, notice in notices if notice.kind is kind]
        if of_kind:
            ids, next_ats = zip(*of_kind, strict=True)
            session.execute(noted, {"ids": list(ids), "next_ats": list(next_ats), "now": now})
    return len(periods)


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

_BEGIN_CLOCK = text("""
    UPDATE grace_period g
       SET began_at = CAST(:now AS timestamptz), ends_at = CAST(:now AS timestamptz) + g.days * interval '24 hours',
           notice_due_at = CAST(:now AS timestamptz) + g.days * interval '12 hours'
      FROM notification n
     WHERE n.id = :id AND n.kind = 'flagged' AND g.app_id = n.app_id AND g.version <= n.app_version
       AND g.ended_at IS NULL AND g.began_at IS NULL
""")

_RUNNING = (
    select(GracePeriod)
    .where(GracePeriod.app_id == bindparam("app_id"), GracePeriod.ended_at.is_(None))
    .execution_options(populate_existing=True)
)

_DUE = text("""
    SELECT app_id, version, began_at, ends_at, reminded_at FROM grace_period
     WHERE ended_at IS NULL AND notice_due_at <= :now
     ORDER BY notice_due_at, app_id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
""")


def _noted(column: str) -> Any:
    also = f", {column} = :now" if column else ""
    return statement(
        f"""
        UPDATE grace_period g SET notice_due_at = noted.next_at{also}
          FROM unnest(:ids, :next_ats) AS noted (app_id, next_at)
         WHERE g.app_id = noted.app_id AND g.ended_at IS NULL
        """,
        ids=Uuids(),
        next_ats=Moments(),
    )


_NOTED = {
    NotificationKind.GRACE_NOT_BEGUN: _noted(""),
    NotificationKind.GRACE_ENDING: _noted("reminded_at"),
    NotificationKind.GRACE_ENDED: _noted("asked_at"),
}
