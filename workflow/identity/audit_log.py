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
    """Which audit entries are wanted: at or after `since` and before `until`. None means any."""

    actor_id: UUID | None = None
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
    if narrowed.since is not None:
        statement = statement.where(AuditEntry.at >= narrowed.since)
    if narrowed.until is not None:
        statement = statement.where(AuditEntry.at < narrowed.until)
    return read_page(session, statement, (AuditEntry.at, AuditEntry.id), wanted, newest_first=True)


_LOG_MANY = text("""
    INSERT INTO audit_entry (actor_id, actor_role, action, target, detail)
    SELECT :actor_id, :role, :action, target, detail
      FROM jsonb_to_recordset(CAST(:entries AS jsonb)) AS entry (target text, detail jsonb)
""")
