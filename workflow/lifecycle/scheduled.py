"""Requests of the service itself: never two due for one App and trigger, and none again of which one is dead."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from models.lifecycle import AppTrigger
from workflow.identity.actors import SCHEDULE
from workflow.sql.arrays import Integers, Uuids, statement


def not_requested(app_id: str, *triggers: AppTrigger) -> str:
    """Returns the SQL condition that the service has no due and no dead request of `triggers` for the App `app_id`.

    Each half has an index that holds nothing else. NOT IN reads both once into a hash, as long as that fits into
    work_mem, however many rows the planner expects. A join might compare every candidate with every request.
    """
    named = ", ".join(f"'{trigger.value}'" for trigger in triggers)
    return f"""
        {app_id} NOT IN (
            SELECT app_id FROM transition_request WHERE status = 'due' AND source = 'schedule' AND trigger IN ({named})
            UNION ALL
            SELECT app_id FROM transition_request WHERE status = 'dead' AND source = 'schedule' AND trigger IN ({named})
        )
    """


def request_by_schedule(
    session: Session, trigger: AppTrigger, ids: Sequence[UUID], *, reviews: Sequence[int] | None = None
) -> None:
    """Enqueues `trigger` for each of the Apps that has none due yet. Does not commit.

    `reviews`: the versions that opened the Apps' open reviews, of which alone the trigger is meant.
    """
    if ids:
        expected = [None] * len(ids) if reviews is None else list(reviews)
        values = {"ids": list(ids), "reviews": expected, "trigger": trigger.value, "principal_id": SCHEDULE.id}
        session.execute(_REQUEST, values)


_REQUEST = statement(
    """
    INSERT INTO transition_request (id, app_id, trigger, expected_review, source, principal_id, role, body_hash)
    SELECT uuidv7(), app_id, CAST(:trigger AS text), review, 'schedule', :principal_id, 'schedule',
           sha256(app_id::text::bytea)
      FROM unnest(:ids, :reviews) AS asked (app_id, review) ORDER BY app_id
    ON CONFLICT (app_id, trigger) WHERE status = 'due' AND source = 'schedule' DO NOTHING
    """,
    ids=Uuids(),
    reviews=Integers(),
)
