"""The status of an App in one answer: whose turn it is, what is missing, the review's findings, and the history."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel

from api.auth import EVERY_ROLE, InContext, allow
from api.context import Session
from api.routes.draft_checks import DraftRunAnswer, shown_run
from api.schemas.dossiers import ChangeAnswer, GraceAnswer, shown_changes, shown_grace
from api.schemas.findings import EarlierFindingAnswer, ReportedFindingAnswer
from api.schemas.values import SlugPath
from models.lifecycle import AppState, AppTrigger, ReviewKind, Role, StepState
from models.review import ReviewOutcome
from models.steps import StepTaker
from models.token import Scope
from web.problems import COMMON, UnmetRule
from web.routers import Router
from workflow.apps import find_app
from workflow.building.apps import content_of
from workflow.building.published import PublishedEntry
from workflow.building.status import AppStatus, status_of
from workflow.identity.actors import Actor
from workflow.policy.document import load_policies
from workflow.reviewing.partner_view import PartnerReview

router = Router(prefix="/v1/apps/{slug}/status", responses=COMMON)

Viewer = Annotated[Actor, allow(Scope.APPS_READ, *EVERY_ROLE)]


class TriggerAnswer(BaseModel):
    """A trigger, and whether the caller's request for it would be applied now. `unmet` lists the rules against it."""

    trigger: AppTrigger
    possible: bool
    unmet: list[UnmetRule]


class StepAnswer(BaseModel):
    """A review step and its findings. `where` is the API path at which to fix them.

    `taken_by`: a machine takes it by itself, or a person does.
    """

    code: str
    title: str
    state: StepState
    findings: list[ReportedFindingAnswer]
    decided_at: datetime | None
    where: str
    taken_by: StepTaker


class ChangeReasonAnswer(BaseModel):
    """A reason why changes were requested: its code, its text, and where to fix the problem."""

    code: str
    text: str
    where: str = ""


class LatestReviewAnswer(BaseModel):
    """The open review, or the last one. `place` is its position in the queue, null once it is closed.

    `earlier` are findings of the round before that this one does not have: they are fixed, or not checked yet.

    `stranded`: nobody who may decide this appeal is here at present; the admins have been told.
    """

    kind: ReviewKind
    urgent: bool
    round: int
    opened_at: datetime
    due_at: datetime
    closed_at: datetime | None
    outcome: ReviewOutcome | None
    place: int | None
    stranded: bool
    steps: list[StepAnswer]
    earlier: list[EarlierFindingAnswer]
    reasons: list[ChangeReasonAnswer]


class PublishedEntryAnswer(BaseModel):
    """What everybody sees or, while the App is suspended or unlisted, sees again afterwards (`is_shown` is false).

    `version` is the App's version that submitted it, and `content` is what it submitted. `changes`: how the draft
    differs from it, by part, and `words` says the same. None of that is shown before it was reviewed.
    """

    version: int
    round: int
    approved_at: datetime
    published_at: datetime
    is_shown: bool
    content: dict[str, Any]
    changes: dict[str, list[ChangeAnswer]]
    words: list[str]


class PlannedEntryAnswer(BaseModel):
    """What was approved and is published on a day that the approval named. `version` is the App's that submitted it."""

    version: int
    publish_at: datetime


class LookAnswer(BaseModel):
    """The latest look at what is public, and what its steps found. That of those in `observed` does not count yet.

    `earlier` are findings of the look before it that it does not have.
    """

    looked_at: datetime
    outcome: ReviewOutcome
    steps: list[StepAnswer]
    earlier: list[EarlierFindingAnswer]
    observed: list[str]


class EventAnswer(BaseModel):
    """A transition of the App, described in `words`."""

    version: int
    at: datetime
    trigger: AppTrigger
    words: str
    reasons: list[str]


class StatusAnswer(BaseModel):
    """The status of an App. `history` has the latest 50 events, newest first; `checks` is the latest of its draft.

    `look` is the latest look at what is public that has ended, and `grace` the time to mend what looks found, null once
    that is settled.
    """

    slug: str
    name: str | None
    state: AppState
    version: int
    turn: Literal["partner", "reviewer", "schedule", "nobody"]
    words: str
    triggers: list[TriggerAnswer]
    review: LatestReviewAnswer | None
    checks: DraftRunAnswer
    entry: PublishedEntryAnswer | None
    planned: PlannedEntryAnswer | None
    look: LookAnswer | None
    grace: GraceAnswer | None
    history: list[EventAnswer]


@router.get("", tags=["partner", "reviewer", "service"], response_model=StatusAnswer)
async def read_status(context: InContext, actor: Viewer, slug: SlugPath) -> dict[str, Any]:
    """Returns the status of an App: whose turn it is, what each trigger needs, the review's findings, the history.

    Services are told nothing of the draft and its review.
    """

    def work(session: Session) -> dict[str, Any]:
        app = find_app(session, slug, actor)
        standing = status_of(session, app, actor, load_policies(session), context.rulebook)
        name = content_of(session, [app], actor, None)[0].name if actor.role is Role.SERVICE else app.name
        return {"slug": slug, "name": name, **_standing(standing)}

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
        "checks": shown_run(standing.checks),
        "entry": _entry(standing.entry) if standing.entry else None,
        "planned": asdict(standing.planned) if standing.planned else None,
        "look": asdict(standing.look) if standing.look else None,
        "grace": shown_grace(standing.grace) if standing.grace else None,
        "history": [asdict(event) for event in standing.history],
    }


def _entry(entry: PublishedEntry) -> PublishedEntryAnswer:
    return PublishedEntryAnswer(
        version=entry.version,
        round=entry.round,
        approved_at=entry.approved_at,
        published_at=entry.published_at,
        is_shown=entry.is_shown,
        content=dict(entry.content),
        changes=shown_changes(entry.changes),
        words=list(entry.words),
    )


def _review(review: PartnerReview) -> dict[str, Any]:
    shown = asdict(review)
    return {name: value for name, value in shown.items() if name not in ("id", "submitted")}
