"""The audit log: who did what to what, and when. An entry is written in the transaction of the action itself."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from models import AuditEntry
from workflow.identity.actors import Actor
from workflow.identity.names import ids_called
from workflow.identity.principals import require_present
from workflow.pages import PageOf, PageRequest, read_page

A_DAY = timedelta(days=1)


def log_action(session: Session, actor: Actor, action: str, target: str | UUID, **detail: object) -> None:
    """Records that `actor` did `action` to `target`. Does not commit.

    Every use case that writes for a caller ends with it, so here the caller is looked at once more: raises Forbidden
    (`require_present`) for one who was removed since the call began, and locks a person's row for share.
    """
    require_present(session, actor)
    session.add(
        AuditEntry(actor_id=actor.id, actor_role=actor.role.value, action=action, target=str(target), detail=detail)
    )
    session.flush()


def log_action_on_many(
    session: Session, actor: Actor, action: str, targets: Sequence[tuple[str | UUID, Mapping[str, object]]]
) -> None:
    """Records that `actor` did `action` to each target, with its detail. Does not commit. Raises as `log_action`."""
    if not targets:
        return
    require_present(session, actor)
    entries = [{"target": str(target), "detail": detail} for target, detail in targets]
    who = {"actor_id": actor.id, "role": actor.role.value, "action": action}
    session.execute(_LOG_MANY, who | {"entries": json.dumps(entries)})


def possible_again_at(session: Session, action: str, target: str | UUID, most: int, now: datetime) -> datetime | None:
    """Returns when `action` may be done to the target again, if at most `most` times within a day; None for now."""
    done = select(AuditEntry.at).where(
        AuditEntry.target == str(target), AuditEntry.action == action, AuditEntry.at > now - A_DAY
    )
    first = session.scalar(done.order_by(AuditEntry.at.desc()).offset(most - 1).limit(1))
    return None if first is None else first + A_DAY


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which audit entries are wanted: at or after `since` and before `until`. None means any.

    `who` is a mail address, the name of one of the platform's people, or that of a service. Of an App are the entries
    of its slug, its reviews, Components, requests, pictures and preview links.
    """

    actor_id: UUID | None = None
    who: str | None = None
    app: str | None = None
    target: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_audit_entries(session: Session, narrowed: AuditFilter, wanted: PageRequest) -> PageOf[AuditEntry]:
    """Returns a page of the entries, newest first."""
    statement = select(AuditEntry)
    for column, value in (
        (AuditEntry.actor_id, narrowed.actor_id),
        (AuditEntry.target, narrowed.target),
        (AuditEntry.action, narrowed.action),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if narrowed.who is not None:
        statement = statement.where(AuditEntry.actor_id.in_(ids_called(session, narrowed.who)))
    if narrowed.app is not None:
        targets = session.scalars(_TARGETS_OF_APP, {"slug": narrowed.app}).all()
        statement = statement.where(AuditEntry.target.in_(targets))
    if narrowed.since is not None:
        statement = statement.where(AuditEntry.at >= narrowed.since)
    if narrowed.until is not None:
        statement = statement.where(AuditEntry.at < narrowed.until)
    return read_page(session, statement, (AuditEntry.at, AuditEntry.id), wanted, newest_first=True)


_OF_APP = ("review", "component", "transition_request", "asset", "preview_link")
"""The tables of what belongs to an App and is a target by its id. Of each, the newest 1,000 count."""
_TARGETS_OF_APP = text(
    "SELECT CAST(:slug AS text) "
    + " ".join(
        f"UNION ALL (SELECT t.id::text FROM {table} t JOIN app a ON a.id = t.app_id WHERE a.slug = :slug "
        "ORDER BY t.id DESC LIMIT 1000)"
        for table in _OF_APP
    )
)
_LOG_MANY = text("""
    INSERT INTO audit_entry (actor_id, actor_role, action, target, detail)
    SELECT :actor_id, :role, :action, target, detail
      FROM jsonb_to_recordset(CAST(:entries AS jsonb)) AS entry (target text, detail jsonb)
""")
