"""Runs of a Component's tests by the service: starting one, and reading its results as they come."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from api.auth import InContext, allow
from api.context import Session, now_of
from api.idempotency import Answer, once
from api.schemas.findings import FindingAnswer
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import Body, Key, Line, Object, Prefer, SlugPath, TestKey
from api.waiting import seconds_to_wait
from models import ComponentTest, ComponentTestResult
from models.component_test import RunScope, TestColour
from models.due import DueStatus
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.component_tests.planned import title_of
from workflow.component_tests.requests import EnteredValues, sent_again_by_curl
from workflow.component_tests.starting import EnteredOnce, RunWithResults, find_run, list_runs, start_run
from workflow.identity.actors import Actor

router = Router(prefix="/v1/apps/{slug}/components/{component_id}/test-runs", responses=COMMON)

Viewer = Annotated[Actor, allow(Scope.APPS_READ, Role.PARTNER, Role.REVIEWER, Role.ADMIN)]
Builder = Annotated[Actor, allow(Scope.APPS_WRITE, Role.PARTNER)]


class EnteredSettings(Body):
    """What a customer would enter: the key, and values for the settings that the Component declares."""

    key: TestKey
    settings: Object = Field(default_factory=dict)


class NewTestRun(Body):
    """What to run: the whole suite, the events of one type (`event`), or a `message` of your own as a try-out.

    A try-out sends what is `entered` for it alone, if anything is, and otherwise the test settings that are kept.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"scope": "suite"},
                {"scope": "event", "event": "track"},
                {"scope": "try_out", "message": {"type": "track", "event": "Order Completed", "userId": "u1"}},
            ]
        }
    )

    scope: Literal[RunScope.SUITE, RunScope.EVENT, RunScope.TRY_OUT] = RunScope.SUITE
    event: Annotated[Line | None, Field(examples=[None])] = None
    message: Annotated[Object | None, Field(examples=[None])] = None
    entered: Annotated[EnteredSettings | None, Field(examples=[None])] = None


class TestRunAnswer(BaseModel):
    """A run of the service's own tests, at one revision of the Component and with one version of the suite.

    `status` is `due` while it is under way, `done`, `void` if it could not go on (`problem` says why), or `dead` if the
    service failed. Only a suite makes a Component tested, and only at its current revision.
    """

    id: UUID
    component_id: UUID
    revision: int
    scope: RunScope
    suite_version: int | None
    status: DueStatus
    colour: TestColour | None
    problem: Annotated[str | None, Field(examples=[None])]
    requested_at: datetime
    finished_at: datetime | None


class TestResultAnswer(BaseModel):
    """One case: what was sent, what came back, and what was found.

    `title` is what people call it. `headers` have placeholders for secrets. `curl` sends it again, with `$API_KEY`
    for the key and `$SETTINGS` for the settings' JSON; it is null if nothing was sent. `status` is null if no answer
    came. An `observed` case is shown only: its colour is not that of the run.
    """

    position: int
    code: Annotated[str, Field(examples=["track_signed_up"])]
    title: Annotated[str, Field(examples=['track "Signed up"'])]
    event: Annotated[str | None, Field(examples=["track"])]
    method: Annotated[str | None, Field(examples=["POST"])]
    url: Annotated[str | None, Field(examples=["https://acme.example/webhook"])]
    headers: Annotated[dict[str, Any] | None, Field(examples=[{"Content-Type": "application/json"}])]
    body: Annotated[str | None, Field(examples=['{"type":"track","event":"Signed up"}'])]
    status: Annotated[int | None, Field(examples=[200])]
    answer: Annotated[str | None, Field(examples=['{"message": "The event was processed."}'])]
    is_json: bool | None
    message: Annotated[str | None, Field(examples=["The event was processed."])]
    latency_ms: int | None
    colour: TestColour
    observed: bool
    curl: Annotated[str | None, Field(examples=["curl -i -X POST https://acme.example/webhook ..."])]
    findings: list[FindingAnswer]
    facts: Annotated[dict[str, Any] | None, Field(examples=[None])]


class CaseToComeAnswer(BaseModel):
    """A case without a result yet. An observed one gets none if nothing before it was answered."""

    code: Annotated[str, Field(examples=["track_signed_up"])]
    title: Annotated[str, Field(examples=['track "Signed up"'])]
    event: Annotated[str, Field(examples=["track"])]


class TestRunWithResultsAnswer(TestRunAnswer):
    """A run with its results so far and, while it is under way, the cases that are `to_come`, both in order.

    `event` is the type of a run of one event, and `message` what a try-out sends.
    """

    event: Annotated[str | None, Field(examples=[None])]
    message: Annotated[dict[str, Any] | None, Field(examples=[None])]
    results: list[TestResultAnswer]
    to_come: list[CaseToComeAnswer]


_STARTED: dict[int | str, dict[str, Any]] = {
    200: {"description": "The run has ended while the call waited.", "model": TestRunWithResultsAnswer},
    202: {"description": "The run is due. Read its results as they come.", "model": TestRunWithResultsAnswer},
}


@router.post("", status_code=202, tags=["partner"], responses=_STARTED)
async def start_test_run(
    context: InContext,
    actor: Builder,
    slug: SlugPath,
    component_id: UUID,
    body: NewTestRun,
    key: Key = None,
    prefer: Prefer = None,
) -> JSONResponse:
    """Has the service test the Component: the whole suite, one type of event, or a message of your own.

    One run of a Component is under way at a time. With `Prefer: wait=N` the call waits for its end. What is `entered`
    for a try-out is stored encrypted until the run has ended, and leaves the test settings as they are.
    """
    values = EnteredValues(body.entered.key, body.entered.settings) if body.entered is not None else None

    def work(session: Session) -> Answer:
        run = start_run(
            session,
            slug,
            component_id,
            actor,
            now_of(session),
            scope=body.scope,
            event=body.event,
            message=body.message,
            loopback=context.allow_loopback_urls,
            unseal=context.envelope.unseal,
            entered=EnteredOnce(values, context.envelope.seal) if values is not None else None,
        )
        return 202, {"id": str(run.id)}

    asked = {"test_run": body.model_dump(), "component": component_id}
    _, started = await context.transact(lambda s: once(s, actor, key, asked, lambda: work(s)))
    run_id = UUID(started["id"])
    seconds = seconds_to_wait(prefer)
    if seconds:
        await context.run_waiter.wait(run_id, seconds)
    found = await context.transact(lambda session: find_run(session, slug, component_id, run_id, actor))
    path = f"/v1/apps/{slug}/components/{component_id}/test-runs/{run_id}"
    headers = {"Location": path} | ({"Preference-Applied": "wait"} if seconds else {})
    status = 202 if found.run.status == DueStatus.DUE else 200
    return JSONResponse(_with_results(found).model_dump(mode="json"), status, headers=headers)


@router.get("", tags=["partner", "reviewer"])
async def list_test_runs(
    context: InContext, actor: Viewer, slug: SlugPath, component_id: UUID, wanted: Paged
) -> Page[TestRunAnswer]:
    """Lists the service's own runs of the Component's tests, newest first."""
    return await context.transact(
        lambda session: shown_page(
            list_runs(session, slug, component_id, actor, wanted),
            lambda run: TestRunAnswer.model_validate(_shown(run)),
        )
    )


@router.get("/{run_id}", tags=["partner", "reviewer"])
async def read_test_run(
    context: InContext, actor: Viewer, slug: SlugPath, component_id: UUID, run_id: UUID
) -> TestRunWithResultsAnswer:
    """Returns a run with its results so far: while it is under way, there are more each time."""
    return _with_results(await context.transact(lambda session: find_run(session, slug, component_id, run_id, actor)))


def _with_results(found: RunWithResults) -> TestRunWithResultsAnswer:
    wanted = found.run.wanted or {}
    return TestRunWithResultsAnswer.model_validate(
        {
            **_shown(found.run),
            "event": wanted.get("event"),
            "message": wanted.get("message"),
            "results": [_result(one) for one in found.results],
            "to_come": [{"code": one.code, "title": one.title, "event": one.event} for one in found.to_come],
        }
    )


def _shown(run: ComponentTest) -> dict[str, Any]:
    return {
        "id": run.id,
        "component_id": run.component_id,
        "revision": run.component_revision,
        "scope": run.scope,
        "suite_version": run.suite_version,
        "status": run.status,
        "colour": run.colour,
        "problem": run.last_error if run.status == DueStatus.VOID else None,
        "requested_at": run.requested_at,
        "finished_at": run.finished_at,
    }


def _result(result: ComponentTestResult) -> dict[str, Any]:
    stored = {name: getattr(result, name) for name in TestResultAnswer.model_fields.keys() - {"title", "curl"}}
    curl = None
    if result.method and result.url and result.body is not None:
        curl = sent_again_by_curl(result.method, result.url, result.headers or {}, result.body)
    return {**stored, "title": title_of(result.code), "curl": curl}
