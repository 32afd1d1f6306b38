"""What changed of what customers and services get, in the order of time: for services that keep a copy.

A change has the time of its transition, which is taken before the transaction commits. So a list ends before the oldest
transaction that is still under way: whoever lists on from there misses nothing and sees nothing twice.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from models.lifecycle import AppTrigger
from models.transition import CHANGES_WHAT_IS_PUBLIC
from workflow.history.sealing import LATE_BY
from workflow.pages import PageOf, PageRequest, cut_page, read_cursor


class Change(StrEnum):
    """How what is public of an App changed."""

    PUBLISHED = "published"
    PROMOTED = "promoted"
    SUSPENDED = "suspended"
    REINSTATED = "reinstated"
    UNLISTED = "unlisted"
    RELISTED = "relisted"
    REMOVED = "removed"


_CHANGES = {
    AppTrigger.ADOPT: Change.PUBLISHED,
    AppTrigger.PROMOTE: Change.PROMOTED,
    AppTrigger.SUSPEND: Change.SUSPENDED,
    AppTrigger.REINSTATE: Change.REINSTATED,
    AppTrigger.UNLIST: Change.UNLISTED,
    AppTrigger.RELIST: Change.RELISTED,
    AppTrigger.REMOVE: Change.REMOVED,
}


@dataclass(frozen=True, slots=True)
class AppChange:
    """One change: the App, its state then, and the version that is published since, or that was published until then.

    `version` is the App's, of the transition that brought it about: for a planned publication, of its approval.
    """

    app_id: UUID
    app: str
    change: Change
    at: datetime
    state: str
    version: int
    published: int


@dataclass(frozen=True, slots=True)
class Changes:
    """A page of changes. All changes before `until` are on this page, on those before it, or on those that follow."""

    page: PageOf[AppChange]
    until: datetime


def list_changes(session: Session, since: datetime | None, wanted: PageRequest) -> Changes:
    """Returns a page of the changes at or after `since`, oldest first. Reads by index. Raises Invalid.

    Must run at the isolation level READ COMMITTED: the horizon is read before the changes, which must be newer.
    """
    at, app_id, version, known = (
        read_cursor(wanted.after, (_moment, UUID, _whole, _moment)) if wanted.after else (since, None, None, since)
    )
    horizon: datetime = session.execute(_HORIZON).scalar_one()
    until = max(horizon, known or _BEGINNING)  # the horizon may step back, but all before an earlier one is committed
    values = {
        "at": at or _BEGINNING,
        "app_id": app_id or UUID(int=0),
        "version": version or 0,
        "until": until,
        "limit": wanted.limit + 1,
    }
    rows = session.execute(_LIST, values).all()
    changes = [_change(row) for row in rows]
    return Changes(
        cut_page(changes, wanted.limit, lambda change: [change.at, change.app_id, change.version, until]), until
    )


def _change(row: Row[Any]) -> AppChange:
    change = _CHANGES.get(AppTrigger(row.trigger))
    if change is None:
        change = Change.PUBLISHED if row.published != row.from_published else Change.REINSTATED
    return AppChange(row.app_id, row.slug, change, row.at, row.state, row.version, row.published)


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None or not 2000 <= moment.year <= 2999:
        raise ValueError("not a time that a change can have")
    return moment


def _whole(value: str) -> int:
    number = int(value)
    if not 0 <= number < 2**31:
        raise ValueError("not a version")
    return number


_BEGINNING = datetime.fromisoformat("2000-01-01T00:00:00+00:00")

_HORIZON = text(f"""
    WITH running AS MATERIALIZED (SELECT DISTINCT pid FROM pg_locks WHERE locktype = 'virtualxid')
    SELECT least(statement_timestamp(),
                 min(coalesce(a.xact_start, statement_timestamp() - interval '{LATE_BY.total_seconds()} seconds')))
      FROM pg_stat_activity a JOIN running USING (pid)
     WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
""")
"""The time before which every change is committed. A transition has a time that its transaction read after it began. A
transaction that is not seen here began later than this statement. When one of another login began is hidden; it did so
at most LATE_BY ago, or has nothing to write."""

_LIST = text(f"""
    SELECT found.*, a.slug
      FROM ((SELECT t.app_id, t.at, t.version, t.trigger, t.to_state AS state,
                    CASE WHEN waits.app_id IS NULL THEN t.from_published ELSE waits.shown END AS from_published,
                    CASE WHEN waits.app_id IS NULL THEN t.published ELSE waits.shown END AS published
               FROM transition t
               LEFT JOIN LATERAL (SELECT p.app_id, p.shown FROM planned_publication p
                                   WHERE p.app_id = t.app_id AND p.version < t.version
                                     AND (p.ended_at IS NULL OR p.ended_at > t.at
                                          OR (p.outcome = 'cancelled' AND p.ended_at = t.at))
                                   ORDER BY p.version DESC LIMIT 1) waits ON true
              WHERE {CHANGES_WHAT_IS_PUBLIC} AND (t.at, t.app_id, t.version) > (:at, :app_id, :version)
                AND t.at < :until AND (waits.app_id IS NULL OR waits.shown IS NOT NULL)
                AND NOT EXISTS (SELECT FROM planned_publication planned
                                 WHERE planned.app_id = t.app_id AND planned.version = t.version)
              ORDER BY t.at, t.app_id, t.version LIMIT :limit)
            UNION ALL
            (SELECT p.app_id, p.ended_at AS at, p.version, 'approve' AS trigger,
                    (SELECT t.to_state FROM transition t WHERE t.app_id = p.app_id AND t.at <= p.ended_at
                      ORDER BY t.version DESC LIMIT 1) AS state,
                    0 AS from_published, p.published
               FROM planned_publication p
              WHERE p.outcome = 'published' AND (p.ended_at, p.app_id, p.version) > (:at, :app_id, :version)
                AND p.ended_at < :until
              ORDER BY p.ended_at, p.app_id, p.version LIMIT :limit)) found
      JOIN app a ON a.id = found.app_id
     ORDER BY found.at, found.app_id, found.version LIMIT :limit
""")
"""An approval that named a day changes nothing before its plan has ended. Until then other changes are of what was
shown before it, and of an App of which nothing is shown nothing changes."""
