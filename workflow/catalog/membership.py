"""The partner program: applying, deciding and leaving, by the membership's state machine.

Only a public App can apply and be accepted. A suspension of the App pauses its membership, because a suspension may be
a mistake and must be reversible; a reinstated App is shown as a member again once it is public. A removal of the App
ends its membership.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import App, Membership
from models.lifecycle import AppState, MembershipState, MembershipTrigger
from workflow.apps import find_app, lock_app
from workflow.errors import NotFound, Refused, Unmet
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.machines import judge_membership
from workflow.pages import PageOf, PageRequest, read_page
from workflow.sql.arrays import Uuids, statement


def find_membership(session: Session, slug: str, actor: Actor) -> tuple[App, Membership]:
    """Returns the App and its membership. Raises NotFound, also if the App has never applied."""
    app = find_app(session, slug, actor)
    membership = session.get(Membership, app.id)
    if membership is None:
        raise NotFound("membership.not_found", f"{slug} has never applied to the partner program.", "Apply first.")
    return app, membership


def apply_for_membership(
    session: Session, slug: str, actor: Actor, now: datetime, message: str
) -> tuple[App, Membership]:
    """Applies to the program, for the first time or again. Locks the App. Does not commit.

    Returns the App and its membership. Raises NotFound and Refused.
    """
    app, membership, state = _lock_and_judge(session, slug, MembershipTrigger.APPLY, actor)
    if membership is None:
        membership = Membership(app_id=app.id)
        session.add(membership)
    membership.state = state
    membership.applied_at, membership.applied_by, membership.message = now, actor.id, message
    membership.decided_at = membership.decided_by = membership.reason = None
    membership.left_at = membership.left_by = None
    session.flush()
    log_action(session, actor, "membership.apply", slug)
    return app, membership


def decide_membership(
    session: Session, slug: str, trigger: MembershipTrigger, actor: Actor, now: datetime, reason: str | None
) -> tuple[App, Membership]:
    """Accepts an application, or declines it with a reason. Locks the App. Does not commit.

    Returns the App and its membership. Raises NotFound and Refused.
    """
    app, membership, state = _lock_and_judge(session, slug, trigger, actor, reason)
    if membership is None:
        raise NotFound("membership.not_found", f"{slug} has not applied.", "List the applications.")
    membership.state = state
    membership.decided_at, membership.decided_by, membership.reason = now, actor.id, reason
    session.flush()
    log_action(session, actor, f"membership.{trigger}", slug)
    return app, membership


def leave_program(session: Session, slug: str, actor: Actor, now: datetime) -> tuple[App, Membership]:
    """Ends the membership or withdraws the application. Locks the App. Does not commit.

    Returns the App and its membership. Raises NotFound and Refused.
    """
    app, membership, state = _lock_and_judge(session, slug, MembershipTrigger.LEAVE, actor)
    if membership is None:
        raise NotFound("membership.not_found", f"{slug} has not applied.", "There is nothing to leave.")
    membership.state, membership.left_at, membership.left_by = state, now, actor.id
    session.flush()
    log_action(session, actor, "membership.leave", slug)
    return app, membership


def list_memberships(
    session: Session, state: MembershipState | None, wanted: PageRequest
) -> PageOf[tuple[App, Membership]]:
    """Returns a page of the memberships and applications with their Apps, in order of application, oldest first."""
    statement = select(Membership)
    if state is not None:
        statement = statement.where(Membership.state == state.value)

    def with_apps(rows: Sequence[Membership]) -> list[tuple[App, Membership]]:
        apps = {app.id: app for app in session.scalars(select(App).where(App.id.in_([row.app_id for row in rows])))}
        return [(apps[row.app_id], row) for row in rows]

    found = read_page(session, statement, (Membership.applied_at, Membership.app_id), wanted)
    return found.map(with_apps)


def end_memberships(session: Session, ended: Sequence[tuple[UUID, UUID]], now: datetime) -> None:
    """Ends the memberships and applications of removed Apps, given as pairs of App id and the remover's actor id.

    One statement. The caller must hold the Apps' locks. Does not commit.
    """
    session.execute(_END, {"ids": [app for app, _ in ended], "actors": [actor for _, actor in ended], "now": now})


def is_paused(app: App, membership: Membership) -> bool:
    """Returns whether the App is a member but is not shown as one, because it is not public."""
    return membership.state == MembershipState.MEMBER and app.state != AppState.PUBLIC


_END = statement(
    """
    UPDATE membership m SET state = 'left', left_at = :now, left_by = ended.actor_id
      FROM unnest(:ids, :actors) AS ended (app_id, actor_id)
     WHERE m.app_id = ended.app_id AND m.state IN ('applied', 'member')
    """,
    ids=Uuids(),
    actors=Uuids(),
)


def _lock_and_judge(
    session: Session, slug: str, trigger: MembershipTrigger, actor: Actor, reason: str | None = None
) -> tuple[App, Membership | None, str]:
    """Locks the App and judges the trigger. Returns the App, its membership and the state to store."""
    app = lock_app(session, slug, actor)
    of_app = select(Membership).where(Membership.app_id == app.id).execution_options(populate_existing=True)
    membership = session.scalar(of_app)
    state = membership.state if membership else None
    judgment = judge_membership(trigger.value, state, actor.role, app_state=app.state)
    unmet = list(judgment.unmet)
    if trigger is MembershipTrigger.DECLINE and not (reason or "").strip():
        unmet.append(_REASON_MISSING)
    if unmet or judgment.target is None:
        raise Refused(f"{trigger} is not possible for the membership of {slug}.", tuple(unmet))
    return app, membership, judgment.target


_REASON_MISSING = Unmet(
    "reason.given", "A reason is given", "No reason was given.", "Say why the application is declined."
)
