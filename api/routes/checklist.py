"""The launch checklist of an App: what is left to do, and storing evidence."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.auth import EVERY_ROLE, InContext, allow
from api.context import Session, now_of
from api.schemas.findings import ReportedFindingAnswer
from api.schemas.values import Body, Object, SlugPath
from models.checklist import Requirement
from models.lifecycle import Role, StepState
from models.token import Scope
from web.problems import COMMON
from workflow.apps import find_app
from workflow.building.checklist import store_evidence
from workflow.building.overview import ItemStatus, checklist_of, without_draft
from workflow.identity.actors import Actor
from workflow.policy.document import load_policies

router = APIRouter(prefix="/v1/apps/{slug}/checklist", responses=COMMON)

Viewer = Annotated[Actor, allow(Scope.APPS_READ, *EVERY_ROLE)]
Builder = Annotated[Actor, allow(Scope.APPS_WRITE, Role.PARTNER)]


class NewEvidence(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"evidence": {"url": "https://acme.example/docs"}}]})

    evidence: Object


class LookAtEvidenceAnswer(BaseModel):
    """The latest look of a step at exactly this evidence, in a review or in a check of the draft."""

    step: Annotated[str, Field(examples=["documentation_links"])]
    title: Annotated[str, Field(examples=["The links of the partner's documentation"])]
    state: StepState
    checked_at: datetime
    checked_in: Literal["draft", "review"]


class ChecklistItemAnswer(BaseModel):
    """A requirement. Its status is `missing`, `given` (waiting for a check), `checked`, or `rejected` with findings.

    `checked_in` says whether a review or a check of the draft looked at exactly this evidence last, and `looks` says
    the same of each step.
    """

    code: Requirement
    required: bool
    status: ItemStatus
    findings: list[ReportedFindingAnswer]
    evidence: dict[str, Any] | None
    given_at: datetime | None
    checked_at: datetime | None
    checked_in: Literal["draft", "review"] | None
    guides: list[str]
    looks: list[LookAtEvidenceAnswer]


class TaskAnswer(BaseModel):
    """Something to do next: `what` is missing, `how` to fix it, and the call that does so."""

    code: str
    what: str
    how: str
    method: Literal["POST", "PUT"]
    path: str
    required: bool


class ChecklistAnswer(BaseModel):
    """The checklist. `left` lists what to do next, in order. `complete` is true if nothing prevents the submission."""

    items: list[ChecklistItemAnswer]
    left: list[TaskAnswer]
    missing: list[str]
    complete: bool


@router.get("", tags=["partner", "reviewer"], response_model=ChecklistAnswer)
async def read_checklist(context: InContext, actor: Viewer, slug: SlugPath) -> dict[str, Any]:
    """Returns every requirement with its evidence and status, and what is left to do, in order.

    Services get the evidence that is published, and no findings.
    """

    def work(session: Session) -> dict[str, Any]:
        app = find_app(session, slug, actor)
        found = checklist_of(session, app, load_policies(session).current, context.profile.guides)
        return asdict(without_draft(session, app, found) if actor.role is Role.SERVICE else found)

    return await context.transact(work)


@router.put("/{code}", tags=["partner"], response_model=ChecklistItemAnswer)
async def put_evidence(
    context: InContext, actor: Builder, slug: SlugPath, code: Requirement, body: NewEvidence
) -> dict[str, Any]:
    """Stores the evidence for a requirement and checks it at once. Replaces earlier evidence."""

    def work(session: Session) -> dict[str, Any]:
        store_evidence(
            session,
            slug,
            code.value,
            body.evidence,
            actor,
            now_of(session),
            context.envelope.seal,
            context.profile,
            loopback=context.allow_loopback_urls,
        )
        app, policy = find_app(session, slug, actor), load_policies(session).current
        items = checklist_of(session, app, policy, context.profile.guides).items
        return asdict(next(item for item in items if item.code == code))

    return await context.transact(work)
