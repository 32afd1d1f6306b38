"""The launch checklist of an App: what is left, and giving it."""

from typing import Annotated, Any

from fastapi import APIRouter
from sqlalchemy.orm import Session

from api.auth import EVERY_ROLE, InHouse, allow
from api.errors import COMMON
from api.house import audit, now_of
from api.shapes import Body, Object, SlugPath
from models.checklist import Requirement
from models.lifecycle import Role
from models.token import Scope
from workflow.actors import Actor
from workflow.building.checklist import evidence_of, give_evidence, shown
from workflow.loading import load_facts
from workflow.locking import find_app
from workflow.policy import load_policies

router = APIRouter(prefix="/v1/apps/{slug}/checklist", responses=COMMON)

Viewer = Annotated[Actor, allow(Scope.APPS_READ, *EVERY_ROLE)]
Builder = Annotated[Actor, allow(Scope.APPS_WRITE, Role.PARTNER)]


class Evidence(Body):
    evidence: Object


@router.get("", tags=["partner", "reviewer"])
async def read_checklist(house: InHouse, actor: Viewer, slug: SlugPath) -> dict[str, Any]:
    """Gives every requirement with its evidence and whether it is met, in the order in which to meet them."""
    return await house.transact(lambda session: _checklist(session, slug, actor))


@router.put("/{code}", tags=["partner"])
async def put_evidence(
    house: InHouse, actor: Builder, slug: SlugPath, code: Requirement, body: Evidence
) -> dict[str, Any]:
    """Gives the evidence for a requirement, in place of what was there."""

    def work(session: Session) -> dict[str, Any]:
        evidence = give_evidence(session, slug, code.value, body.evidence, actor, now_of(session), house.seal)
        audit(session, actor, "checklist.give", slug, requirement=code.value)
        return {"code": code.value, "status": "given", "evidence": evidence}

    return await house.transact(work)


def _checklist(session: Session, slug: str, actor: Actor) -> dict[str, Any]:
    app = find_app(session, slug, actor)
    policies = load_policies(session)
    facts = load_facts(session, [app.id], policies)[app.id].facts
    given = evidence_of(session, app.id)
    required = {Requirement.WORKING_INTEGRATION.value, *policies.current.required_checklist}
    tested = bool(facts.components) and all(component.tested for component in facts.components)
    items = []
    for code in Requirement:
        item = given.get(code.value)
        met = tested if code is Requirement.WORKING_INTEGRATION else item is not None
        items.append(
            {
                "code": code.value,
                "required": code.value in required,
                "status": "given" if met else "missing",
                "evidence": shown(code.value, item.evidence) if item else None,
                "given_at": item.given_at if item else None,
            }
        )
    missing = [item["code"] for item in items if item["required"] and item["status"] == "missing"]
    return {"items": items, "missing": missing, "complete": not missing}
