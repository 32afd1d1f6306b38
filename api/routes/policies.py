"""The policy, for admins: its versions, what another would change, and publishing one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import InContext, allow
from api.context import audit
from api.idempotency import Answer, once
from api.schemas.pages import Cursor, Limit, Page, page
from api.schemas.values import Body, Key, Object, Prose, Whole
from models import PolicyVersion
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from workflow.identity.actors import Actor
from workflow.operating.publishing import find_policy, preview_policy, publish_policy, schema_of_policy
from workflow.policy.document import load_policies

router = APIRouter(prefix="/v1/policies", responses=COMMON, tags=["admin"])

Operator = Annotated[Actor, allow(Scope.ADMIN, Role.ADMIN)]
Version = Annotated[int, Path(ge=1, le=2_000_000_000, examples=[1])]

_EXAMPLE: dict[str, Any] = {
    "review_business_days": 2,
    "due_soon_hours": 8,
    "time_zone": "America/Los_Angeles",
    "country": "US",
    "subdivision": "CA",
    "customers_to_promote": 3,
    "required_checklist": ["app_info", "catalog_details"],
    "review_steps": ["partner_documentation", "end_to_end_check"],
    "observed": [],
}
_PROPERTIES = {
    "review_business_days": {
        "title": "Time to decide a submission",
        "type": "integer",
        "minimum": 1,
        "maximum": 100,
        "x-unit": "business days",
    }
}
_DESCRIPTION = "The whole document, by the schema at /v1/policies/schema; a part that it lacks takes its default."
Document = Annotated[Object, Field(description=_DESCRIPTION, examples=[_EXAMPLE])]


class WantedPolicy(Body):
    document: Document


class NewPolicy(WantedPolicy):
    """`base_version` is the version that you looked at: when another was published since, yours is refused."""

    base_version: Annotated[Whole, Field(ge=1, le=2_000_000_000, examples=[1])]
    note: Annotated[Prose, Field(examples=["Five customers before an App is public."])]


class PolicyShown(BaseModel):
    """A version of the policy. It never changes; the highest is the current one."""

    version: int
    document: Annotated[dict[str, Any], Field(description=_DESCRIPTION, examples=[_EXAMPLE])]
    note: str
    published_by: UUID
    published_at: datetime


class PolicySchema(BaseModel):
    """The JSON schema of a document. `properties` has the title, description, bounds and `x-unit` of each part."""

    model_config = ConfigDict(extra="allow")

    title: Annotated[str, Field(examples=["Policy"])]
    type: Literal["object"]
    properties: Annotated[dict[str, dict[str, Any]], Field(examples=[_PROPERTIES])]
    required: Annotated[list[str], Field(examples=[["customers_to_promote"]])]


class PartChange(BaseModel):
    part: Annotated[str, Field(examples=["customers_to_promote"])]
    before: int | str | None
    after: int | str | None


class CodesChange(BaseModel):
    part: Annotated[str, Field(examples=["review_steps"])]
    added: list[str]
    dropped: list[str]


class AffectedApps(BaseModel):
    """How many Apps, and the first hundred by slug."""

    count: int
    apps: list[str]


class PolicyPreview(BaseModel):
    """What the document would change. Open reviews keep the version that their submission was made under."""

    base_version: int
    parts: list[PartChange]
    codes: list[CodesChange]
    become_eligible: AffectedApps
    no_longer_eligible: AffectedApps
    judged: Annotated[int, Field(description="Apps in public beta that one of the two policies might promote.")]
    complete: Annotated[bool, Field(description="False: there are more such Apps than were judged.")]


@router.get("")
async def list_versions(
    context: InContext,
    actor: Operator,  # noqa: ARG001
    after: Cursor = None,
    limit: Limit = 50,
) -> Page[PolicyShown]:
    """Lists the versions of the policy, newest first."""

    def show(rows: Sequence[PolicyVersion]) -> list[PolicyShown]:
        return [_shown(row) for row in rows]

    def work(session: Session) -> dict[str, Any]:
        return page(session, select(PolicyVersion), PolicyVersion.version, after, limit, show, newest_first=True)

    return Page[PolicyShown].model_validate(await context.transact(work))


@router.post("", status_code=201, responses={201: {"model": PolicyShown}})
async def publish(context: InContext, actor: Operator, body: NewPolicy, key: Key = None) -> JSONResponse:
    """Publishes the next version. New submissions and every promotion are judged by it from then on."""

    def work(session: Session) -> Answer:
        made = publish_policy(session, body.document, base=body.base_version, note=body.note, actor=actor)
        audit(session, actor, "policy.publish", str(made.version), note=body.note)
        return 201, _shown(made).model_dump(mode="json")

    asked = {"policy": body.model_dump(mode="json")}
    status, answer = await context.transact(lambda s: once(s, actor, key, asked, lambda: work(s)))
    return JSONResponse(answer, status)


@router.post("/preview")
async def preview(context: InContext, actor: Operator, body: WantedPolicy) -> PolicyPreview:  # noqa: ARG001
    """Tells what a document would change if it were published now. Changes nothing."""

    def work(session: Session) -> PolicyPreview:
        seen = preview_policy(session, body.document, load_policies(session), context.rulebook)
        return PolicyPreview(
            base_version=seen.base,
            parts=[PartChange(part=one.part, before=one.before, after=one.after) for one in seen.changes],
            codes=[CodesChange(part=one.part, added=[*one.added], dropped=[*one.dropped]) for one in seen.lists],
            become_eligible=AffectedApps(count=seen.become_eligible.count, apps=[*seen.become_eligible.apps]),
            no_longer_eligible=AffectedApps(count=seen.no_longer_eligible.count, apps=[*seen.no_longer_eligible.apps]),
            judged=seen.judged,
            complete=seen.complete,
        )

    return await context.transact(work)


@router.get("/current")
async def read_current(context: InContext, actor: Operator) -> PolicyShown:  # noqa: ARG001
    """Returns the version that promotion and new submissions are judged by."""
    return await context.transact(lambda session: _shown(find_policy(session, None)))


@router.get("/schema")
async def read_schema(actor: Operator) -> PolicySchema:  # noqa: ARG001
    """Returns the JSON schema of the policy document, of which a form can be made: what each part is and may be."""
    return PolicySchema.model_validate(schema_of_policy())


@router.get("/{version:int}")
async def read_version(context: InContext, actor: Operator, version: Version) -> PolicyShown:  # noqa: ARG001
    """Returns a version."""
    return await context.transact(lambda session: _shown(find_policy(session, version)))


def _shown(row: PolicyVersion) -> PolicyShown:
    return PolicyShown(
        version=row.version,
        document=row.document,
        note=row.note,
        published_by=row.published_by,
        published_at=row.published_at,
    )
