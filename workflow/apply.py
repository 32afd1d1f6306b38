"""The one writer of an App's state: turns judged transitions into Apps, log rows, reasons and what follows."""

import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.orm import Session
from sqlalchemy.types import DateTime, Integer, LargeBinary, Text, TypeEngine

from models import App, TransitionReason
from models.base import new_id
from models.lifecycle import AppState, AppTrigger
from workflow.actors import Actor
from workflow.effects import Applied, effects_that_follow
from workflow.errors import Forbidden, Refused
from workflow.facts import Facts, Reason, facts_of_new_app
from workflow.history import NO_HASH, LogRow, commit_to, row_hash
from workflow.machine import AppRulebook
from workflow.policy import Policies


@dataclass(frozen=True, slots=True)
class Writer:
    """What writing needs besides the session: the history's key, the rules, the policies and named fault points.

    `reached` is called at named points so that tests can kill the process there; elsewhere it does nothing.
    """

    history_key: bytes
    rulebook: AppRulebook
    policies: Policies
    reached: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Planned:
    """An allowed transition, not yet written: its log row's content, and the facts before and after."""

    app_id: UUID
    trigger: AppTrigger
    version: int
    target: str
    policy_version: int
    request_id: UUID
    before: Facts
    after: Facts

    @property
    def reasons(self) -> tuple[Reason, ...]:
        return self.before.ask.reasons


def plan(app_id: UUID, request_id: UUID, trigger: AppTrigger, target: str, facts: Facts) -> Planned:
    """Gives the transition that a judgment allowed. Pure.

    It records the policy it was judged by: the review's for a decision on it, the current one otherwise.
    """
    decides = trigger in (AppTrigger.APPROVE, AppTrigger.REQUEST_CHANGES) and facts.review is not None
    policy = facts.review.policy if decides and facts.review else facts.policy
    after = facts.after(trigger, target)
    return Planned(app_id, trigger, after.version, target, policy.version, request_id, facts, after)


def write_transitions(
    session: Session, planned: Sequence[Planned], heads: dict[UUID, bytes], now: datetime, writer: Writer
) -> dict[UUID, bytes]:
    """Writes `planned` (of each App in order of version) and all that follows; gives the Apps' new head hashes.

    The caller holds the Apps' locks and passes the hash of each App's head. Set-based: the number of statements does
    not grow with the number of transitions. Checks every deferred constraint before it returns, so that a violation
    raises here (sqlalchemy.exc.DBAPIError) and not at COMMIT. Does not commit.
    """
    if not planned:
        return heads
    _move_apps(session, planned)
    heads = _append_to_log(session, planned, heads, now, writer)
    writer.reached("after_log_insert")
    _write_what_follows(session, planned, now, writer)
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    session.execute(text("SET CONSTRAINTS ALL DEFERRED"))
    return heads


def create_app(
    session: Session, *, slug: str, name: str, actor: Actor, access_approved: bool, now: datetime, writer: Writer
) -> App:
    """Gives birth to an App in `building` for the actor's company. Does not commit.

    Raises Refused, Forbidden, and sqlalchemy.exc.IntegrityError when the slug is taken.
    """
    if actor.organization_id is None:
        raise Forbidden(
            "organization.missing",
            "Only a person of a partner company can create an App.",
            "Use the token of a partner.",
        )
    facts = facts_of_new_app(
        slug=slug,
        organization_id=actor.organization_id,
        access_approved=access_approved,
        policy=writer.policies.current,
        actor=actor,
    )
    judgment = writer.rulebook.judge(AppTrigger.CREATE, facts)
    if not judgment.allowed or judgment.target is None:
        raise Refused(f"{slug} cannot be created.", judgment.unmet)
    app = App(
        id=new_id(),
        slug=slug,
        name=name,
        organization_id=actor.organization_id,
        created_by=actor.id,
        state=AppState.BUILDING.value,
        version=1,
    )
    session.add(app)
    session.flush()
    birth = plan(app.id, new_id(), AppTrigger.CREATE, judgment.target, facts)
    _append_to_log(session, [birth], {app.id: NO_HASH}, now, writer)
    _write_what_follows(session, [birth], now, writer)
    return app


_MOVE = text("""
    UPDATE app SET state = moved.state, version = moved.version
      FROM unnest(:ids, :states, :versions) AS moved (id, state, version)
     WHERE app.id = moved.id
""").bindparams(
    bindparam("ids", type_=ARRAY(PgUUID(as_uuid=True))),
    bindparam("states", type_=ARRAY(Text)),
    bindparam("versions", type_=ARRAY(Integer)),
)


_LOG_COLUMNS: dict[str, TypeEngine[Any]] = {
    "app_id": PgUUID(as_uuid=True),
    "version": Integer(),
    "from_state": Text(),
    "trigger": Text(),
    "to_state": Text(),
    "actor_id": PgUUID(as_uuid=True),
    "actor_role": Text(),
    "policy_version": Integer(),
    "request_id": PgUUID(as_uuid=True),
    "at": DateTime(timezone=True),
    "reason_commitment": LargeBinary(),
    "hash": LargeBinary(),
}

_APPEND = text(f"""
    INSERT INTO transition ({", ".join(_LOG_COLUMNS)})
    SELECT * FROM unnest({", ".join(f":{column}s" for column in _LOG_COLUMNS)})
""").bindparams(*(bindparam(f"{column}s", type_=ARRAY(kind)) for column, kind in _LOG_COLUMNS.items()))
"""One statement for all rows: the log's trigger compares its end with the App once it is over."""


def _move_apps(session: Session, planned: Sequence[Planned]) -> None:
    """Brings each App to its last transition, before the log grows: the log's trigger compares the two."""
    last = {one.app_id: one for one in planned}
    session.execute(
        _MOVE,
        {
            "ids": list(last),
            "states": [one.target for one in last.values()],
            "versions": [one.version for one in last.values()],
        },
    )


def _append_to_log(
    session: Session, planned: Sequence[Planned], heads: dict[UUID, bytes], now: datetime, writer: Writer
) -> dict[UUID, bytes]:
    heads = dict(heads)
    rows: list[dict[str, Any]] = []
    reasons: list[dict[str, Any]] = []
    for one in planned:
        commitment = None
        if one.reasons:
            salt = os.urandom(16)
            given = [reason.as_dict() for reason in one.reasons]
            commitment = commit_to(given, salt)
            reasons.append({"app_id": one.app_id, "version": one.version, "salt": salt, "reasons": given})
        actor = one.before.ask.actor
        row = LogRow(
            one.app_id,
            one.version,
            one.before.state,
            one.trigger.value,
            one.target,
            actor.id,
            actor.role.value,
            one.policy_version,
            one.request_id,
            now,
            commitment,
        )
        heads[one.app_id] = row_hash(writer.history_key, row, heads[one.app_id])
        rows.append({field: getattr(row, field) for field in LogRow.__slots__} | {"hash": heads[one.app_id]})
    session.execute(_APPEND, {f"{field}s": [row[field] for row in rows] for field in _LOG_COLUMNS})
    if reasons:
        session.execute(insert(TransitionReason.__table__), reasons)  # type: ignore[arg-type]
    return heads


def _write_what_follows(session: Session, planned: Sequence[Planned], now: datetime, writer: Writer) -> None:
    """Writes effects in waves: the first transition of every App, then the second: order holds within an App."""
    waves: dict[int, dict[AppTrigger, list[Applied]]] = defaultdict(lambda: defaultdict(list))
    seen: dict[UUID, int] = defaultdict(int)
    for one in planned:
        applied = Applied(one.app_id, one.trigger, one.version, one.before, one.after)
        waves[seen[one.app_id]][one.trigger].append(applied)
        seen[one.app_id] += 1
    for wave in sorted(waves):
        for trigger, applied_here in waves[wave].items():
            for effect in effects_that_follow(trigger):
                effect.write(session, applied_here, now, writer.rulebook)
