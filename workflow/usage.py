"""Who uses an App: customers and OAuth installs that services report, and the facts counted from them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from workflow.actors import Actor
from workflow.locking import lock_app
from workflow.machine import AppRulebook
from workflow.notifications import notify_of_customer
from workflow.policy import Policies
from workflow.promotion import request_promotion_if_eligible


class Use(StrEnum):
    """What is reported of a workspace; the name of its table."""

    CUSTOMER = "customer"
    OAUTH_INSTALL = "oauth_install"


def report_use(
    session: Session,
    use: Use,
    *,
    slug: str,
    workspace: str,
    enabled: bool,
    actor: Actor,
    now: datetime,
    policies: Policies,
    rulebook: AppRulebook,
) -> bool:
    """Records that a workspace uses the App, or no longer does; gives whether that was new. Does not commit.

    Locks the App, keeps its counted facts, tells the company, and asks for promotion when this fact decided it.
    Raises NotFound.
    """
    app = lock_app(session, slug, actor)
    if not _record(session, use, app.id, workspace, actor.id, now, enabled):
        return False
    if enabled:
        if use is Use.CUSTOMER:
            count = session.scalar(text("SELECT onboarded_customers FROM app WHERE id = :id"), {"id": app.id})
            notify_of_customer(session, app.id, workspace, count or 0, now)
        request_promotion_if_eligible(session, app.id, policies, rulebook)
    return True


def _record(
    session: Session, use: Use, app_id: UUID, workspace: str, actor_id: UUID, now: datetime, enabled: bool
) -> bool:
    table = use.value
    parameters = {"app_id": app_id, "workspace": workspace, "actor_id": actor_id, "now": now}
    if enabled:
        statement = f"""
            INSERT INTO {table} (app_id, workspace, reported_by, reported_at)
            VALUES (:app_id, :workspace, :actor_id, :now)
            ON CONFLICT (app_id, workspace) DO UPDATE
                SET withdrawn_at = NULL, reported_by = :actor_id, reported_at = :now
              WHERE {table}.withdrawn_at IS NOT NULL
            RETURNING workspace
        """
    else:
        statement = f"""
            UPDATE {table} SET withdrawn_at = :now
             WHERE app_id = :app_id AND workspace = :workspace AND withdrawn_at IS NULL
            RETURNING workspace
        """
    if session.execute(text(statement), parameters).first() is None:
        return False
    counted = (
        "onboarded_customers = (SELECT count(*) FROM customer WHERE app_id = :app_id AND withdrawn_at IS NULL)"
        if use is Use.CUSTOMER
        else "oauth_installed = EXISTS (SELECT FROM oauth_install WHERE app_id = :app_id AND withdrawn_at IS NULL)"
    )
    session.execute(text(f"UPDATE app SET {counted} WHERE id = :app_id"), {"app_id": app_id})
    return True
