"""Writing and voiding notifications about Apps, in the transaction of their cause."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from workflow.identity.staff import WITH_TEAM, holder_or_team, team
from workflow.notifications.kinds import MAX_ONBOARDED_TOLD, OF_GRACE, REVIEW_REMINDERS, Audience, NotificationKind
from workflow.notifications.spacing import SPACED_TRANSITIONS, insert_spaced
from workflow.sql.arrays import Integers, Texts, Uuids, statement
from workflow.work.lanes import LANE_OF_PERSON

_HOLDER = "(SELECT r.claimed_by FROM review r WHERE r.app_id = t.app_id AND r.closed_at IS NULL)"
_ASKER = "(SELECT x.actor_id FROM transition x WHERE x.app_id = t.app_id AND x.version = t.version)"
_INVOLVED = """coalesce((SELECT array_remove(r.decider || r.involved, NULL) FROM review r
                          WHERE r.app_id = t.app_id AND r.closed_at IS NULL), '{}')"""
_RECIPIENTS = {
    Audience.PARTNER: ("", "person p ON p.organization_id = t.organization_id AND p.removed_at IS NULL"),
    Audience.REVIEWERS: (WITH_TEAM, f"LATERAL ({holder_or_team(_HOLDER)}) p ON true"),
    Audience.HOLDER: ("", f"person p ON p.id = {_HOLDER} AND p.removed_at IS NULL"),
    Audience.SECOND_PERSON: ("", f"LATERAL ({team(_ASKER, nor=_INVOLVED)}) p ON true"),
    Audience.SECOND_ADMIN: ("", f"person p ON p.role = 'admin' AND p.removed_at IS NULL AND p.id <> {_ASKER}"),
}


class AppAtVersion(NamedTuple):
    """An App, a version of it, and its company."""

    id: UUID
    version: int
    organization_id: UUID


def notify_of_transitions(
    session: Session, kind: NotificationKind, audience: Audience, apps: Sequence[AppAtVersion], now: datetime
) -> None:
    """Notifies each recipient of the transition of each of `apps` to its version. One statement. Does not commit.

    Mails of what a partner can cause over and over are spaced out (`workflow.notifications.spacing`).
    """
    ids, versions, organization_ids = zip(*apps, strict=True)
    wanted = {
        **kind.columns(),
        "ids": ids,
        "versions": versions,
        "organization_ids": organization_ids,
        "now": now,
    }
    session.execute((_NOTIFY_SPACED if kind in SPACED_TRANSITIONS else _NOTIFY_OF_TRANSITIONS)[audience], wanted)


_NOTIFY_SPACED = {
    audience: statement(
        insert_spaced(
            f"""
            SELECT t.app_id, t.version AS app_version, p.id AS person_id, {LANE_OF_PERSON} AS lane,
                   'transition:' || t.app_id || ':' || t.version || ':' || CAST(:kind AS text) AS cause
              FROM unnest(:ids, :versions, :organization_ids) AS t (app_id, version, organization_id)
              JOIN {recipients}
            """,
            team_of,
        ),
        ids=Uuids(),
        versions=Integers(),
        organization_ids=Uuids(),
    )
    for audience, (team_of, recipients) in _RECIPIENTS.items()
}

_NOTIFY_OF_TRANSITIONS = {
    audience: statement(
        f"""
        {team_of}
        INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, data, due_at, lane, urgency)
        SELECT uuidv7(), CAST(:kind AS text), 'transition:' || t.app_id || ':' || t.version || ':' || :kind,
               t.app_id, t.version, p.id, '{{}}', :now, {LANE_OF_PERSON}, :urgency
          FROM unnest(:ids, :versions, :organization_ids) AS t (app_id, version, organization_id)
          JOIN {recipients}
        """,
        ids=Uuids(),
        versions=Integers(),
        organization_ids=Uuids(),
    )
    for audience, (team_of, recipients) in _RECIPIENTS.items()
}


def notify_of_flags(session: Session, apps: Sequence[AppAtVersion], now: datetime) -> None:
    """Notifies the companies of what a health review found, each App at the version of its flag. Does not commit.

    Once the clock of their time to mend runs, they are told only of steps that count and that the flag before had not
    found failed. The review must be closed already. One statement.
    """
    ids, versions, organization_ids = zip(*apps, strict=True)
    values = {"ids": ids, "versions": versions, "organization_ids": organization_ids, "now": now}
    session.execute(_NOTIFY_OF_FLAGS, {**NotificationKind.FLAGGED.columns(), **values})


def _failed_of_flag(which: str) -> str:
    """Returns the query for the failed steps of one flag of the App of `t`, without those that are only observed."""
    return f"""
        SELECT step.code
          FROM (SELECT id, policy_version FROM review WHERE app_id = t.app_id AND outcome = 'flagged'
                 ORDER BY opened_version DESC {which}) flag
          JOIN policy_version policy ON policy.version = flag.policy_version
          JOIN review_step step ON step.review_id = flag.id
         WHERE step.state = 'failed' AND NOT step.observed
           AND NOT jsonb_exists(policy.document -> 'observed', step.code)
    """


_NOTIFY_OF_FLAGS = statement(
    f"""
    INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, data, due_at, lane, urgency)
    SELECT uuidv7(), CAST(:kind AS text), 'transition:' || t.app_id || ':' || t.version || ':' || :kind,
           t.app_id, t.version, p.id, '{{}}', :now, {LANE_OF_PERSON}, :urgency
      FROM unnest(:ids, :versions, :organization_ids) AS t (app_id, version, organization_id)
      JOIN grace_period g ON g.app_id = t.app_id AND g.ended_at IS NULL
      JOIN person p ON p.organization_id = t.organization_id AND p.removed_at IS NULL
     WHERE g.began_at IS NULL OR EXISTS ({_failed_of_flag("LIMIT 1")} EXCEPT {_failed_of_flag("LIMIT 1 OFFSET 1")})
    """,
    ids=Uuids(),
    versions=Integers(),
    organization_ids=Uuids(),
)


@dataclass(frozen=True, slots=True)
class Onboarded:
    """An App that got a customer, and its number of customers then."""

    app: AppAtVersion
    count: int


def notify_of_customers(session: Session, onboarded: Sequence[Onboarded], now: datetime) -> None:
    """Notifies each App's company of its first MAX_ONBOARDED_TOLD customers, once of each number. Does not commit.

    One statement. Nobody is notified who has switched this news off.
    """
    first: dict[tuple[UUID, int], Onboarded] = {}
    for one in onboarded:
        if one.count <= MAX_ONBOARDED_TOLD:
            first.setdefault((one.app.id, one.count), one)
    if not first:
        return
    session.execute(
        _NOTIFY_OF_CUSTOMERS,
        {
            **NotificationKind.CUSTOMER_ONBOARDED.columns(),
            "ids": [one.app.id for one in first.values()],
            "versions": [one.app.version for one in first.values()],
            "organization_ids": [one.app.organization_id for one in first.values()],
            "counts": [one.count for one in first.values()],
            "now": now,
        },
    )


_NOTIFY_OF_CUSTOMERS = statement(
    f"""
    INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, data, due_at, lane, urgency)
    SELECT uuidv7(), CAST(:kind AS text), 'customer:' || o.app_id || ':' || o.many,
           o.app_id, o.version, p.id, jsonb_build_object('count', o.many), :now, {LANE_OF_PERSON}, :urgency
      FROM unnest(:ids, :versions, :organization_ids, :counts) AS o (app_id, version, organization_id, many)
      JOIN person p ON p.organization_id = o.organization_id AND p.removed_at IS NULL
                   AND NOT CAST(:kind AS text) = ANY(p.news_off)
    ON CONFLICT ON CONSTRAINT notification_once_key DO NOTHING
    """,
    ids=Uuids(),
    versions=Integers(),
    organization_ids=Uuids(),
    counts=Integers(),
)


def void_reminders(session: Session, app_ids: Sequence[UUID]) -> None:
    """Voids the unsent notifications to reviewers about the Apps' reviews. Does not commit."""
    session.execute(_VOID_REMINDERS, {"ids": list(app_ids), "kinds": [kind.value for kind in sorted(REVIEW_REMINDERS)]})


def void_grace_notices(session: Session, app_ids: Sequence[UUID]) -> None:
    """Voids the unsent notifications of what was to be mended in the Apps, for it is settled. Does not commit."""
    kinds = [kind.value for kind in sorted(OF_GRACE)]
    session.execute(_VOID_GRACE_NOTICES, {"ids": list(app_ids), "kinds": kinds})


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person who is notified of something about an App, once for each `cause`."""

    app_id: UUID
    person_id: UUID
    cause: str


_TO_PEOPLE = f"""
    SELECT a.id AS app_id, a.version AS app_version, p.id AS person_id, {LANE_OF_PERSON} AS lane, t.cause
      FROM unnest(:ids, :person_ids, :causes) AS t (app_id, person_id, cause)
      JOIN app a ON a.id = t.app_id JOIN person p ON p.id = t.person_id AND p.removed_at IS NULL
"""
_NOTIFY_OF_APPS = statement(insert_spaced(_TO_PEOPLE), ids=Uuids(), person_ids=Uuids(), causes=Texts())


def notify_of_apps(session: Session, kind: NotificationKind, recipients: Sequence[Recipient], now: datetime) -> None:
    """Notifies each of `recipients` who has not been removed, and spaces mails out. One statement. Does not commit."""
    if not recipients:
        return
    session.execute(
        _NOTIFY_OF_APPS,
        {
            **kind.columns(),
            "ids": [one.app_id for one in recipients],
            "person_ids": [one.person_id for one in recipients],
            "causes": [one.cause for one in recipients],
            "now": now,
        },
    )


@dataclass(frozen=True, slots=True)
class AppAndCause:
    """An App of which an audience is notified, once for each `cause`."""

    app_id: UUID
    cause: str


def notify_of_causes(
    session: Session, kind: NotificationKind, audience: Audience, about: Sequence[AppAndCause], now: datetime
) -> None:
    """Notifies each recipient of each of `about`, at its App's present version. One statement. Does not commit."""
    values = {"ids": [one.app_id for one in about], "causes": [one.cause for one in about], "now": now}
    session.execute(_NOTIFY_OF_CAUSES[audience], {**kind.columns(), **values})


_NOTIFY_OF_CAUSES = {
    audience: statement(
        f"""
        {team_of}
        INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, data, due_at, lane, urgency)
        SELECT uuidv7(), CAST(:kind AS text), t.cause, t.app_id, t.version, p.id, '{{}}', :now, {LANE_OF_PERSON},
               :urgency
          FROM (SELECT asked.cause, a.id AS app_id, a.version, a.organization_id
                  FROM unnest(:ids, :causes) AS asked (app_id, cause) JOIN app a ON a.id = asked.app_id) t
          JOIN {recipients}
        ON CONFLICT ON CONSTRAINT notification_once_key DO NOTHING
        """,
        ids=Uuids(),
        causes=Texts(),
    )
    for audience, (team_of, recipients) in _RECIPIENTS.items()
}


@dataclass(frozen=True, slots=True)
class Unheld:
    """A review of an App that nobody holds any more, once for each `cause`. `former` held it, and is not told."""

    app_id: UUID
    former: UUID
    cause: str


_TO_TEAM = f"""
    SELECT a.id AS app_id, a.version AS app_version, p.id AS person_id, {LANE_OF_PERSON} AS lane, t.cause
      FROM unnest(:ids, :former, :causes) AS t (app_id, former, cause)
      JOIN app a ON a.id = t.app_id JOIN LATERAL ({team("t.former")}) p ON true
"""
_NOTIFY_TEAM = statement(insert_spaced(_TO_TEAM), ids=Uuids(), former=Uuids(), causes=Texts())


def notify_team_of_unheld(session: Session, unheld: Sequence[Unheld], now: datetime) -> None:
    """Notifies the team that these reviews wait in the queue, and spaces mails out. One statement. Does not commit."""
    if not unheld:
        return
    session.execute(
        _NOTIFY_TEAM,
        {
            **NotificationKind.REVIEW_UNHELD.columns(),
            "ids": [one.app_id for one in unheld],
            "former": [one.former for one in unheld],
            "causes": [one.cause for one in unheld],
            "now": now,
        },
    )


_VOID_REMINDERS = statement(
    "UPDATE notification SET status = 'void' WHERE app_id = ANY(:ids) AND status = 'due' AND kind = ANY(:kinds)",
    ids=Uuids(),
    kinds=Texts(),
)

_VOID_GRACE_NOTICES = statement(
    """
    UPDATE notification SET status = 'void', leased_until = NULL
     WHERE app_id = ANY(:ids) AND status IN ('due', 'dead') AND kind = ANY(:kinds)
    """,
    ids=Uuids(),
    kinds=Texts(),
)
