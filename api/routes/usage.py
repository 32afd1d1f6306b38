"""What services report: customers that enabled an App, and installs through its OAuth flow."""

from typing import Annotated, Any

from fastapi import APIRouter
from sqlalchemy.orm import Session

from api.auth import InHouse, allow
from api.errors import COMMON
from api.house import House, audit, now_of
from api.shapes import SlugPath, Workspace
from models.lifecycle import Role
from models.token import Scope
from workflow.actors import Actor
from workflow.locking import find_app
from workflow.policy import load_policies
from workflow.usage import Use, report_use

router = APIRouter(prefix="/v1/apps/{slug}", responses=COMMON, tags=["service"])

Reporter = Annotated[Actor, allow(Scope.USAGE_REPORT, Role.SERVICE)]


@router.put("/customers/{workspace}")
async def report_customer(house: InHouse, actor: Reporter, slug: SlugPath, workspace: Workspace) -> dict[str, Any]:
    """Reports that a workspace enabled the App. Reporting it again changes nothing."""
    return await _report(house, actor, Use.CUSTOMER, slug, workspace, enabled=True)


@router.delete("/customers/{workspace}")
async def withdraw_customer(house: InHouse, actor: Reporter, slug: SlugPath, workspace: Workspace) -> dict[str, Any]:
    """Reports that a workspace no longer uses the App."""
    return await _report(house, actor, Use.CUSTOMER, slug, workspace, enabled=False)


@router.put("/oauth-installs/{workspace}")
async def report_install(house: InHouse, actor: Reporter, slug: SlugPath, workspace: Workspace) -> dict[str, Any]:
    """Reports an install through the OAuth flow."""
    return await _report(house, actor, Use.OAUTH_INSTALL, slug, workspace, enabled=True)


@router.delete("/oauth-installs/{workspace}")
async def withdraw_install(house: InHouse, actor: Reporter, slug: SlugPath, workspace: Workspace) -> dict[str, Any]:
    """Reports that an install is gone."""
    return await _report(house, actor, Use.OAUTH_INSTALL, slug, workspace, enabled=False)


async def _report(house: House, actor: Actor, use: Use, slug: str, workspace: str, *, enabled: bool) -> dict[str, Any]:
    def work(session: Session) -> dict[str, Any]:
        changed = report_use(
            session,
            use,
            slug=slug,
            workspace=workspace,
            enabled=enabled,
            actor=actor,
            now=now_of(session),
            policies=load_policies(session),
            rulebook=house.rulebook,
        )
        if changed:
            audit(session, actor, f"{use}.{'report' if enabled else 'withdraw'}", slug, workspace=workspace)
        app = find_app(session, slug, actor)
        session.refresh(app)
        return {
            "changed": changed,
            "onboarded_customers": app.onboarded_customers,
            "oauth_installed": app.oauth_installed,
        }

    answer = await house.transact(work)
    if answer["changed"]:
        house.ring_apply()
        house.ring("notifications")
    return answer
