"""Checking an App's draft now: the machine's review steps, before anything is submitted."""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Annotated, Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, TypeAdapter

from api.auth import EVERY_ROLE, InContext, allow
from api.context import Session, now_of
from api.idempotency import Answer, once
from api.schemas.findings import EarlierFindingAnswer, ReportedFindingAnswer
from api.schemas.values import Key, SlugPath
from models.lifecycle import Role, StepState
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.apps import find_app
from workflow.building.draft_checks import DraftRun, check_draft, latest_run
from workflow.identity.actors import Actor
from workflow.policy.document import load_policies

router = Router(prefix="/v1/apps/{slug}/checks", responses=COMMON)

Viewer = Annotated[Actor, allow(Scope.APPS_READ, *EVERY_ROLE)]
Builder = Annotated[Actor, allow(Scope.APPS_WRITE, Role.PARTNER)]


class DraftStepAnswer(BaseModel):
    """A step's look at the draft: `pending` until it has looked. `where` is the API path at which to fix a finding."""

    code: Annotated[str, Field(examples=["partners_page"])]
    title: Annotated[str, Field(examples=["The partner's integrations page"])]
    state: StepState
    findings: list[ReportedFindingAnswer]
    evidence: dict[str, Any]
    finished_at: datetime | None
    where: str


class DraftRunAnswer(BaseModel):
    """The App's latest check; `run` is 0 if there was none. No review counts its results.

    `earlier` are findings of the check before, or of the last review, that this one does not have.
    """

    run: Annotated[int, Field(ge=0)]
    requested_at: datetime | None
    under_way: bool
    steps: list[DraftStepAnswer]
    earlier: list[EarlierFindingAnswer]


@router.post(
    "", status_code=202, tags=["partner"], response_model=DraftRunAnswer, responses={202: {"model": DraftRunAnswer}}
)
async def check_now(context: InContext, actor: Builder, slug: SlugPath, key: Key = None) -> JSONResponse:
    """Runs the machine's review steps on the draft, one run at a time. It takes some seconds: read the result then."""

    def work(session: Session) -> Answer:
        run = check_draft(session, slug, actor, now_of(session), load_policies(session).current)
        return 202, _JSON.dump_python(shown_run(run), mode="json")

    asked = {"check": slug}
    status, answer = await context.transact(lambda s: once(s, actor, key, asked, lambda: work(s)))
    return JSONResponse(answer, status)


@router.get("", tags=["partner", "reviewer"])
async def read_check(context: InContext, actor: Viewer, slug: SlugPath) -> DraftRunAnswer:
    """Returns the latest check of the draft, with what each step found. Services are not told what that is."""

    def work(session: Session) -> DraftRunAnswer:
        run = latest_run(session, find_app(session, slug, actor).id, slug)
        return shown_run(replace(run, steps=(), earlier=()) if actor.role is Role.SERVICE else run)

    return await context.transact(work)


def shown_run(run: DraftRun) -> DraftRunAnswer:
    """Returns the answer for a run."""
    return DraftRunAnswer.model_validate(asdict(run))


_JSON = TypeAdapter(DraftRunAnswer)
