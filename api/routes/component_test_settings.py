"""The test settings of a subscription: the form of its test runs, and what its partner entered."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth import InContext, allow
from api.context import Session, now_of
from api.schemas.values import Body, Moment, Object, SlugPath, TestKey
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.component_tests.run_settings import RunForm, drop_test_settings, give_test_settings, read_test_form
from workflow.identity.actors import Actor

router = Router(prefix="/v1/apps/{slug}/components/{component_id}/test-settings", responses=COMMON)

Viewer = Annotated[Actor, allow(Scope.APPS_READ, Role.PARTNER, Role.REVIEWER, Role.ADMIN)]
Builder = Annotated[Actor, allow(Scope.APPS_WRITE, Role.PARTNER)]


class NewTestSettings(Body):
    """What a customer would enter: the key, and values for the settings that the Component declares.

    They are stored encrypted, and end on the day `ends_at`, by default after 90 days.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"key": "acme-test-key", "settings": {"region": "EU"}}]})

    key: TestKey
    settings: Object = Field(default_factory=dict)
    ends_at: Moment | None = None


class SettingAnswer(BaseModel):
    """A setting that the Component declares. `given`: the test settings have a value for it."""

    name: Annotated[str, Field(examples=["region"])]
    label: Annotated[str, Field(examples=["Region"])]
    type: Literal["text", "number", "boolean", "choice"]
    required: bool
    choices: Annotated[list[str] | None, Field(examples=[["EU", "US"]])]
    given: bool


class TestSettingsAnswer(BaseModel):
    """The form of the Component's test runs. Values are never shown. Without `ends_at` none are given."""

    key_name: Annotated[str, Field(examples=["Acme API key"])]
    settings: list[SettingAnswer]
    given_at: datetime | None
    ends_at: datetime | None


@router.get("", tags=["partner", "reviewer"])
async def read_test_settings(
    context: InContext, actor: Viewer, slug: SlugPath, component_id: UUID
) -> TestSettingsAnswer:
    """Returns what a test run of the subscription needs, and which of it is given. No value is shown."""
    return await context.transact(lambda session: _shown(read_test_form(session, slug, component_id, actor)))


@router.put("", tags=["partner"])
async def put_test_settings(
    context: InContext, actor: Builder, slug: SlugPath, component_id: UUID, body: NewTestSettings
) -> TestSettingsAnswer:
    """Stores a test key and values for the subscription's test runs, encrypted, in place of earlier ones."""

    def work(session: Session) -> TestSettingsAnswer:
        form = give_test_settings(
            session,
            slug,
            component_id,
            actor,
            now_of(session),
            key=body.key,
            values=body.settings,
            ends_at=body.ends_at,
            seal=context.envelope.seal,
        )
        return _shown(form)

    return await context.transact(work)


@router.delete("", status_code=204, tags=["partner"])
async def delete_test_settings(context: InContext, actor: Builder, slug: SlugPath, component_id: UUID) -> Response:
    """Deletes the test key and the values. Runs need new ones then."""
    await context.transact(lambda session: drop_test_settings(session, slug, component_id, actor))
    return Response(status_code=204)


def _shown(form: RunForm) -> TestSettingsAnswer:
    fields: list[dict[str, Any]] = [
        {"required": False, "choices": None, **field, "given": field["name"] in form.given} for field in form.fields
    ]
    return TestSettingsAnswer(
        key_name=form.key_name,
        settings=[SettingAnswer.model_validate(field) for field in fields],
        given_at=form.given_at,
        ends_at=form.ends_at,
    )
