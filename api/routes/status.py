"""Where an App stands, in one answer: whose turn it is, what is missing, what was found, and what happened."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel

from api.auth import EVERY_ROLE, InContext, allow
from api.context import Session
from api.schemas.findings import FindingAnswer
from api.schemas.values import SlugPath
from models.lifecycle import AppState, AppTrigger, StepState
from models.review import ReviewOutcome
from models.token import Scope
from web.problems import COMMON, UnmetRule
from workflow.apps import find_app
from workflow.building.status import AppStatus, status_of
from workflow.identity.actors import Actor
from workflow.policy.document import load_policies
from workflow.reviewing.partner_view import PartnerReview

router = APIRouter(prefix="/v1/apps/{slug}/status", responses=COMMON)

Viewer = Annotated[Actor, allow(Scope.APPS_READ, *EVERY_ROLE)]


class TriggerAnswer(BaseModel):
    """A trigger, as the caller could ask for it now; `unmet` says what each rule still needs."""

    trigger: AppTrigger
    possible: bool
    unmet: list[UnmetRule]


class StepAnswer(BaseModel):
    """A review step, what it found, and the address at which that is mended."""

    code: str
    title: str
    state: StepState
    findings: list[FindingAnswer]
    decided_at: datetime | None
    where: str


class ChangeReasonAnswer(BaseModel):
    """A reason for changes: its code, its words, and where to mend it."""

    code: str
    text: str
    where: str = ""


class LatestReviewAnswer(BaseModel):
    """The open review, or the last. `place` is its place in the queue while it is open."""

    round: int
    opened_at: datetime
    due_at: datetime
    closed_at: datetime | None
    outcome: ReviewOutcome | None
    place: int | None
    steps: list[StepAnswer]
    reasons: list[ChangeReasonAnswer]


class EventAnswer(BaseModel):
    """Something that happened, in words."""

    version: int
    at: datetime
    words: str
    reasons: list[str]


class StatusAnswer(BaseModel):
    """Where the App stands. `history` has the newest 50 events, newest first."""

    slug: str
    name: str
    state: AppState
    version: int
    turn: Literal["partner", "reviewer", "schedule", "nobody"]
    words: str
    triggers: list[TriggerAnswer]
    review: LatestReviewAnswer | None
    history: list[EventAnswer]


@router.get("", tags=["partner", "reviewer", "service"], response_model=StatusAnswer)
async def read_status(context: InContext, actor: Viewer, slug: SlugPath) -> dict[str, Any]:
    """Returns where the App stands: whose turn it is, each trigger's needs, the review's findings, and the history."""

    def work(session: Session) -> dict[str, Any]:
        app = find_app(session, slug, actor)
        standing = status_of(session, app, actor, load_policies(session), context.rulebook)
        return {"slug": slug, "name": app.name, **_standing(standing)}

    return await context.transact(work)


def _standing(standing: AppStatus) -> dict[str, Any]:
    return {
        "state": standing.state,
        "version": standing.version,
        "turn": standing.turn,
        "words": standing.words,
        "triggers": [
            {"trigger": one.trigger, "possible": one.allowed, "unmet": [unmet.as_dict() for unmet in one.unmet]}
            for one in standing.triggers
        ],
        "review": _review(standing.review) if standing.review else None,
        "history": [asdict(event) for event in standing.history],
    }


def _review(review: PartnerReview) -> dict[str, Any]:
    shown = asdict(review)
    return {name: value for name, value in shown.items() if name not in ("id", "submitted")}
