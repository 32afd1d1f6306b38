"""The policy, for admins: its versions, a preview of a change, and publishing a version."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Path
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from api.auth import InContext, allow
from api.context import Session, now_of
from api.idempotency import Answer, once
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import Body, Key, Object, Prose, Whole
from models import PolicyVersion
from models.lifecycle import Role
from models.token import Scope
from web.paths import NUMBER
from web.problems import COMMON
from web.routers import Router
from workflow.identity.actors import Actor
from workflow.identity.names import names_of
from workflow.operating.policy_effects import LiveEffects
from workflow.operating.previewed import proof_of_preview, publish_previewed
from workflow.operating.publishing import find_policy, list_policies, preview_policy, schema_of_policy
from workflow.policy.document import load_policies

router = Router(prefix="/v1/policies", responses=COMMON, tags=["admin"])

Operator = Annotated[Actor, allow(Scope.ADMIN, Role.ADMIN)]
Publisher = Annotated[Actor, allow(Scope.ADMIN, Role.ADMIN, recent=True)]
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
_DESCRIPTION = "The whole document, as described by /v1/policies/schema. A part that is left out takes its default."
Document = Annotated[Object, Field(description=_DESCRIPTION, examples=[_EXAMPLE])]


class WantedPolicy(Body):
    document: Document


class NewPolicy(WantedPolicy):
    """A new version. `base_version` is the one it is based on; if a newer one was published since, this is refused.

    `previewed` is what the preview of this very document has answered, to the same person within the last hour.
    Without it nothing is published.
    """

    base_version: Annotated[Whole, Field(ge=1, le=2_000_000_000, examples=[1])]
    previewed: Annotated[str | None, Field(max_length=1000, examples=["gAAAAABo3v..."])] = None
    note: Annotated[Prose, Field(examples=["Five customers before an App is public."])]


class PolicyVersionAnswer(BaseModel):
    """A version of the policy. It never changes. The highest version is the current one."""

    version: int
    document: Annotated[dict[str, Any], Field(description=_DESCRIPTION, examples=[_EXAMPLE])]
    note: str
    published_by: UUID
    publisher: Annotated[str | None, Field(description="Their name.", examples=["Ada Admin"])]
    published_at: datetime


class PolicySchemaAnswer(BaseModel):
    """The JSON Schema of a policy. `properties` has the title, description, bounds and unit (`x-unit`) of each part."""

    model_config = ConfigDict(extra="allow")

    title: Annotated[str, Field(examples=["Policy"])]
    type: Literal["object"]
    properties: Annotated[dict[str, dict[str, Any]], Field(examples=[_PROPERTIES])]
    required: Annotated[list[str], Field(examples=[["customers_to_promote"]])]


class PartChangeAnswer(BaseModel):
    part: Annotated[str, Field(examples=["customers_to_promote"])]
    before: bool | int | str | None
    after: bool | int | str | None


class CodesChangeAnswer(BaseModel):
    part: Annotated[str, Field(examples=["review_steps"])]
    added: list[str]
    dropped: list[str]


class AffectedAppsAnswer(BaseModel):
    """The number of Apps, and the slugs of the first 100."""

    count: int
    apps: list[str]


class LiveEffectsAnswer(BaseModel):
    """What a policy means for live Apps.

    `looks` Apps are looked at again within 30 days. `revision_steps` are in every revision, whatever it changes. Two
    people approve what is submitted of `two_people` Apps.
    """

    looks: Annotated[int, Field(examples=[412])]
    revision_steps: Annotated[list[str], Field(examples=[["partner_documentation", "partners_page"]])]
    two_people: Annotated[int, Field(examples=[3])]


class PolicyPreviewAnswer(BaseModel):
    """What the document would change. Open reviews keep the version that they were opened with.

    `before` and `after` are what the current policy and the document mean for live Apps, and `words` says it.
    `previewed` is what publishing the document demands: the proof that you were shown this.
    """

    base_version: int
    previewed: Annotated[str, Field(examples=["gAAAAABo3v..."])]
    parts: list[PartChangeAnswer]
    codes: list[CodesChangeAnswer]
    become_eligible: AffectedAppsAnswer
    no_longer_eligible: AffectedAppsAnswer
    judged: Annotated[int, Field(description="The number of Apps judged: those that either policy might promote.")]
    complete: Annotated[bool, Field(description="False if there are more such Apps than were judged.")]
    before: LiveEffectsAnswer
    after: LiveEffectsAnswer
    words: Annotated[list[str], Field(examples=[["412 Apps would be looked at again within 30 days; now it is 201."]])]


@router.get("")
async def list_versions(
    context: InContext,
    actor: Operator,  # noqa: ARG001
    wanted: Paged,
) -> Page[PolicyVersionAnswer]:
    """Lists the versions of the policy, newest first."""

    def work(session: Session) -> Page[PolicyVersionAnswer]:
        found = list_policies(session, wanted)
        names = names_of(session, [one.published_by for one in found.rows])
        return shown_page(found, lambda row: _shown(row, names))

    return await context.transact(work)


@router.post("", status_code=201, responses={201: {"model": PolicyVersionAnswer}})
async def publish(context: InContext, actor: Publisher, body: NewPolicy, key: Key = None) -> JSONResponse:
    """Publishes the next version of the policy. From then on it applies to new submissions and to promotion.

    What you publish you have previewed: pass the `previewed` that POST /v1/policies/preview answered.
    """

    def work(session: Session) -> Answer:
        made = publish_previewed(
            session,
            body.document,
            body.previewed,
            base=body.base_version,
            note=body.note,
            actor=actor,
            now=now_of(session),
            unseal=context.envelope.unseal,
        )
        return 201, _with_name(session, made).model_dump(mode="json")

    asked = {"policy": body.model_dump(mode="json")}
    status, answer = await context.transact(lambda s: once(s, actor, key, asked, lambda: work(s)))
    return JSONResponse(answer, status)


@router.post("/preview")
async def preview(context: InContext, actor: Operator, body: WantedPolicy) -> PolicyPreviewAnswer:
    """Returns what a document would change if it were published now. Changes nothing."""

    def work(session: Session) -> PolicyPreviewAnswer:
        seen = preview_policy(session, body.document, load_policies(session), context.rulebook)
        proof = proof_of_preview(actor, seen.base, body.document, now_of(session), context.envelope.seal)
        return PolicyPreviewAnswer(
            base_version=seen.base,
            previewed=proof,
            parts=[PartChangeAnswer(part=one.part, before=one.before, after=one.after) for one in seen.changes],
            codes=[CodesChangeAnswer(part=one.part, added=[*one.added], dropped=[*one.dropped]) for one in seen.lists],
            become_eligible=AffectedAppsAnswer(count=seen.become_eligible.count, apps=[*seen.become_eligible.apps]),
            no_longer_eligible=AffectedAppsAnswer(
                count=seen.no_longer_eligible.count, apps=[*seen.no_longer_eligible.apps]
            ),
            judged=seen.judged,
            complete=seen.complete,
            before=_effects(seen.before),
            after=_effects(seen.after),
            words=[*seen.words],
        )

    return await context.transact(work)


@router.get("/current")
async def read_current(context: InContext, actor: Operator) -> PolicyVersionAnswer:  # noqa: ARG001
    """Returns the current version of the policy, which applies to new submissions and to promotion."""
    return await context.transact(lambda session: _with_name(session, find_policy(session, None)))


@router.get("/schema")
async def read_schema(actor: Operator) -> PolicySchemaAnswer:  # noqa: ARG001
    """Returns the JSON Schema of the policy document, with all that a form needs: titles, descriptions and bounds."""
    return PolicySchemaAnswer.model_validate(schema_of_policy())


@router.get(f"/{{version:{NUMBER}}}")
async def read_version(context: InContext, actor: Operator, version: Version) -> PolicyVersionAnswer:  # noqa: ARG001
    """Returns one version of the policy."""
    return await context.transact(lambda session: _with_name(session, find_policy(session, version)))


def _effects(seen: LiveEffects) -> LiveEffectsAnswer:
    return LiveEffectsAnswer(looks=seen.looks, revision_steps=[*seen.revision_steps], two_people=seen.two_people)


def _with_name(session: Session, row: PolicyVersion) -> PolicyVersionAnswer:
    return _shown(row, names_of(session, [row.published_by]))


def _shown(row: PolicyVersion, names: Mapping[UUID, str]) -> PolicyVersionAnswer:
    return PolicyVersionAnswer(
        version=row.version,
        document=row.document,
        note=row.note,
        published_by=row.published_by,
        publisher=names.get(row.published_by),
        published_at=row.published_at,
    )
