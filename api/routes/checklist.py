"""The launch checklist of an App: what is left to do, and storing evidence."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth import EVERY_ROLE, InContext, allow
from api.context import Session, now_of
from api.schemas.findings import ReportedFindingAnswer
from api.schemas.values import Body, Object, SlugPath
from models.checklist import Requirement
from models.lifecycle import Role, StepState
from models.token import Scope
from web.etags import IfMatch, etag_of, expected_revisions
from web.problems import COMMON, answers
from web.routers import Router
from workflow.apps import find_app
from workflow.building.checklist import store_evidence
from workflow.building.overview import Checklist, ItemStatus, checklist_of, without_draft
from workflow.identity.actors import Actor
from workflow.policy.document import load_policies
from workflow.profile.guides import Guide

router = Router(prefix="/v1/apps/{slug}/checklist", responses=COMMON)

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
    the same of each step. `revision` counts the changes of the evidence, 0 if none was given, and the ETag is made from
    it; it is null for what takes no evidence, and for services.
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
    revision: int | None


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

    return await context.transact(lambda session: asdict(_shown_to(session, slug, actor, context.profile.guides)))


@router.get("/{code}", tags=["partner", "reviewer"], response_model=ChecklistItemAnswer)
async def read_checklist_item(
    context: InContext, actor: Viewer, slug: SlugPath, code: Requirement, response: Response
) -> dict[str, Any]:
    """Returns one requirement with its evidence and status. The answer's ETag is for the `If-Match` of new evidence."""

    def work(session: Session) -> dict[str, Any]:
        return _item(_shown_to(session, slug, actor, context.profile.guides), code)

    return _with_etag(await context.transact(work), response)


@router.put("/{code}", tags=["partner"], response_model=ChecklistItemAnswer, responses=answers(412))
async def put_evidence(
    context: InContext,
    actor: Builder,
    slug: SlugPath,
    code: Requirement,
    body: NewEvidence,
    response: Response,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Stores the evidence for a requirement and checks it at once. Replaces earlier evidence.

    With `If-Match` it replaces only what you saw: other evidence that was given since is kept, and the call refused.
    Without, it replaces whatever is stored.
    """

    def work(session: Session) -> dict[str, Any]:
        store_evidence(
            session,
            slug,
            code.value,
            body.evidence,
            actor,
            now_of(session),
            context.envelope.seal,
            context.envelope.unseal,
            context.profile,
            expected=None if if_match is None else expected_revisions(if_match),
            loopback=context.allow_loopback_urls,
        )
        return _item(_shown_to(session, slug, actor, context.profile.guides), code)

    return _with_etag(await context.transact(work), response)


def _shown_to(session: Session, slug: str, actor: Actor, guides: Sequence[Guide]) -> Checklist:
    app = find_app(session, slug, actor)
    found = checklist_of(session, app, load_policies(session).current, guides)
    return without_draft(session, app, found) if actor.role is Role.SERVICE else found


def _item(found: Checklist, code: Requirement) -> dict[str, Any]:
    return asdict(next(item for item in found.items if item.code == code))


def _with_etag(item: dict[str, Any], response: Response) -> dict[str, Any]:
    if item["revision"] is not None:
        response.headers["ETag"] = etag_of(item["revision"])
    return item
