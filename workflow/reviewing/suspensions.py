"""Suspensions, which act at once and which a second person confirms: how they begin and end, and the list of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select, text, tuple_
from sqlalchemy.orm import Session, aliased
from sqlalchemy.types import Text

from models import App, Person, Suspension, TransitionReason
from workflow.apps import lock_app
from workflow.errors import Conflict
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.identity.staff import TOLD_AGAIN_AFTER, team
from workflow.notifications.kinds import NotificationKind
from workflow.pages import PageOf, PageRequest, read_page
from workflow.sql.arrays import Booleans, Integers, Uuids, app_ids, statement
from workflow.work.lanes import LANE_OF_PERSON

CONFIRM_WITHIN: Final = timedelta(days=1)
"""The time in which a second person is to confirm a suspension, which acts at once."""

TOLD_FOR: Final = timedelta(days=7)
"""How long after that time the team is told again and again that nobody has."""


@dataclass(frozen=True, slots=True)
class BegunSuspension:
    """A suspension that begins with a transition. `only_reinstated`: no revision lifts it."""

    app_id: UUID
    version: int
    suspended_by: UUID
    only_reinstated: bool


@dataclass(frozen=True, slots=True)
class SuspensionUnderWay:
    """A suspension that has not ended, with its App, the names of its two people, and the reasons that were given."""

    suspension: Suspension
    app: str
    app_name: str
    suspended_by: str
    confirmed_by: str | None
    reasons: tuple[str, ...]
    overdue: bool


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


def list_suspensions(
    session: Session, now: datetime, wanted: PageRequest, *, confirmed: bool | None = None, app: str | None = None
) -> PageOf[SuspensionUnderWay]:
    """Returns a page of the suspensions under way, by the time until which they are to be confirmed. Two queries.

    `confirmed` narrows it to those that are, or are not, and `app` to that of the App with this slug.
    """
    statement = select(Suspension).where(Suspension.ended_at.is_(None))
    if confirmed is not None:
        given = Suspension.confirmed_at.is_not(None) if confirmed else Suspension.confirmed_at.is_(None)
        statement = statement.where(given)
    if app is not None:
        statement = statement.where(Suspension.app_id.in_(select(App.id).where(App.slug == app)))
    found = read_page(session, statement, (Suspension.confirm_by, Suspension.app_id), wanted)
    return found.map(lambda rows: _under_way(session, rows, now))


def confirm_suspension(session: Session, slug: str, actor: Actor, now: datetime) -> SuspensionUnderWay:
    """Records that a second person confirms the App's suspension, and returns it. Does not commit.

    Whoever confirms it judges no appeal of it. Confirming it again changes nothing. Locks the App, so that the
    suspension does not end meanwhile, and the suspension. Raises NotFound, and Conflict if the App is not suspended or
    the actor suspended it.
    """
    app = lock_app(session, slug, actor)
    statement = select(Suspension).where(Suspension.app_id == app.id, Suspension.ended_at.is_(None)).with_for_update()
    suspension = session.scalar(statement.execution_options(populate_existing=True))
    if suspension is None:
        raise Conflict("suspension.none", f"{slug} is not suspended.", "Look at the App's status.")
    if suspension.suspended_by == actor.id:
        raise Conflict(
            "suspension.second_person", "You suspended this App yourself.", "Have another reviewer or admin confirm it."
        )
    if suspension.confirmed_at is None:
        suspension.confirmed_by, suspension.confirmed_at = actor.id, now
        session.flush()
        session.execute(_INVOLVE, {"app_id": app.id, "person_id": actor.id})
    log_action(session, actor, "suspension.confirm", slug, version=suspension.version)
    return _under_way(session, [suspension], now)[0]


def tell_of_unconfirmed(session: Session, now: datetime, *, limit: int = 1000) -> int:
    """Tells the team, without the person who suspended, of suspensions that nobody confirmed in time.

    They are told again after TOLD_AGAIN_AFTER, as long as nobody does, for TOLD_FOR. Returns of how many. Leaves
    suspensions that others have locked. One statement. Does not commit.
    """
    wanted = {
        **NotificationKind.SUSPENSION_UNCONFIRMED.columns(),
        "now": now,
        "before": now - TOLD_AGAIN_AFTER,
        "since": now - TOLD_FOR,
        "limit": limit,
    }
    return int(session.scalar(_TELL_OF_UNCONFIRMED, wanted) or 0)


def _under_way(session: Session, suspensions: Sequence[Suspension], now: datetime) -> list[SuspensionUnderWay]:
    """Returns what is shown of these suspensions, each as it was read: it may have ended or been confirmed since."""
    by, second = aliased(Person), aliased(Person)
    keys = [(one.app_id, one.version) for one in suspensions]
    statement = (
        select(Suspension.app_id, App.slug, App.name, by.name, second.name, TransitionReason.reasons)
        .join(App, App.id == Suspension.app_id)
        .outerjoin(by, by.id == Suspension.suspended_by)
        .outerjoin(second, second.id == Suspension.confirmed_by)
        .outerjoin(
            TransitionReason,
            (TransitionReason.app_id == Suspension.app_id) & (TransitionReason.version == Suspension.version),
        )
        .where(tuple_(Suspension.app_id, Suspension.version).in_(keys))
    )
    named = {row[0]: row for row in session.execute(statement)}
    shown: list[SuspensionUnderWay] = []
    for one in suspensions:
        _, app, app_name, suspended_by, confirmed_by, reasons = named[one.app_id]
        shown.append(
            SuspensionUnderWay(
                suspension=one,
                app=app,
                app_name=app_name,
                suspended_by=suspended_by or "",
                confirmed_by=None if one.confirmed_at is None else confirmed_by,
                reasons=tuple(reason["text"] for reason in reasons or ()),
                overdue=one.confirmed_at is None and one.confirm_by <= now,
            )
        )
    return shown


_INVOLVE = text("""
    UPDATE review SET involved = array_append(involved, :person_id)
     WHERE app_id = :app_id AND closed_at IS NULL AND kind = 'appeal' AND subject < opened_version
""")

_TELL_OF_UNCONFIRMED = text(f"""
    WITH late AS (
        UPDATE suspension SET told_at = :now
         WHERE ended_at IS NULL
           AND app_id = ANY(ARRAY(SELECT app_id FROM suspension
                                   WHERE confirmed_at IS NULL AND ended_at IS NULL AND confirm_by <= :now
                                     AND (told_at IS NULL OR (told_at <= :before AND confirm_by > :since))
                                   ORDER BY confirm_by, app_id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED))
        RETURNING app_id, version, suspended_by, told_at
    ), told AS (
        INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, data, due_at, lane, urgency)
        SELECT uuidv7(), :kind, 'unconfirmed-' || late.app_id || '-' || late.version
                                  || '-' || CAST(extract(epoch FROM late.told_at) AS bigint),
               late.app_id, late.version, p.id, '{{}}', :now, {LANE_OF_PERSON}, :urgency
          FROM late JOIN LATERAL ({team("late.suspended_by")}) p ON true
        ON CONFLICT ON CONSTRAINT notification_once_key DO NOTHING
    )
    SELECT count(*) FROM late
""").bindparams(bindparam("kind", type_=Text))

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
