"""The answers about transitions: requests and what became of them, what is possible now, and the log."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from models import TransitionRequest
from models.lifecycle import AppState, AppTrigger, Role
from models.request import RequestSource, RequestStatus
from web.problems import UnmetRule, problem_of
from workflow.errors import WorkflowError
from workflow.identity.actors import Actor
from workflow.lifecycle.reading import LoggedTransition
from workflow.lifecycle.requests import AcceptedRequest, Times, Wanted
from workflow.machines import Judgment


class TransitionRequestAnswer(BaseModel):
    """A request and what became of it: `due`, `applied` (as `version`), `refused` (see `unmet`) or `dead`."""

    id: UUID
    app: Annotated[str, Field(examples=["acme"])]
    trigger: Annotated[AppTrigger, Field(examples=["promote"])]
    status: RequestStatus
    source: RequestSource
    version: Annotated[int | None, Field(description="The App's version that it led to, when it was applied.")]
    unmet: list[UnmetRule]
    observed: Annotated[list[UnmetRule], Field(description="Unmet rules that the policy only observes.")]
    policy_version: int | None
    error: Annotated[str | None, Field(description="Why judging it broke, when it did.")]
    attempts: int
    received_at: datetime
    due_at: datetime
    finished_at: datetime | None


class RequestItemAnswer(BaseModel):
    """The answer for one of many: 202 with the request's id, or what is wrong with it and what to do."""

    status: Annotated[int, Field(examples=[202])]
    id: UUID | None = None
    repeated: Annotated[bool, Field(description="This key had been accepted before.")] = False
    code: str | None = None
    detail: str | None = None
    remedy: str | None = None


class RequestItemsAnswer(BaseModel):
    """An answer for each item, in the order in which they were given."""

    items: list[RequestItemAnswer]


class JudgedTriggerAnswer(BaseModel):
    """A trigger, whether the caller could ask for it with success now, and if not, every unmet rule."""

    trigger: AppTrigger
    possible: bool
    leads_to: AppState | None
    unmet: list[UnmetRule]
    observed: list[UnmetRule]


class TriggersAnswer(BaseModel):
    state: AppState
    version: int
    triggers: list[JudgedTriggerAnswer]


class ReasonAnswer(BaseModel):
    """Why it was asked for. `saved_version` is there when `code` names a saved reason."""

    code: Annotated[str, Field(examples=["other"])]
    text: str
    where: str = ""
    saved_version: int | None = None


class LoggedTransitionAnswer(BaseModel):
    """One row of an App's log. `hash` seals it and all rows before it."""

    version: int
    from_state: Annotated[str, Field(examples=["public_beta"])]
    trigger: AppTrigger
    to_state: AppState
    actor_id: UUID
    actor_role: Role
    policy_version: int
    request_id: UUID
    at: datetime
    reasons: list[ReasonAnswer]
    hash: str


def shown_request(request: TransitionRequest, slug: str, actor: Actor) -> TransitionRequestAnswer:
    """Returns a request of the App with this slug as it is answered to `actor`.

    Only admins see an error's own text: it may be the database's, with values of rows that are not the caller's.
    """
    error = request.last_error
    if error is not None and actor.role is not Role.ADMIN:
        error = "Judging it broke. Whoever runs the service sees why and can have it judged again."
    return TransitionRequestAnswer(
        id=request.id,
        app=slug,
        trigger=AppTrigger(request.trigger),
        status=RequestStatus(request.status),
        source=RequestSource(request.source),
        version=request.version,
        unmet=_unmet(request.unmet),
        observed=_unmet(request.observed),
        policy_version=request.policy_version,
        error=error,
        attempts=request.attempts,
        received_at=request.received_at,
        due_at=request.due_at,
        finished_at=request.finished_at,
    )


def shown_when_new(request_id: UUID, wanted: Wanted, times: Times) -> TransitionRequestAnswer:
    """Returns a request as it is when it has just been taken in over HTTP."""
    return TransitionRequestAnswer(
        id=request_id,
        app=wanted.app,
        trigger=wanted.trigger,
        status=RequestStatus.DUE,
        source=RequestSource.HTTP,
        version=None,
        unmet=[],
        observed=[],
        policy_version=None,
        error=None,
        attempts=0,
        received_at=times.received_at,
        due_at=times.due_at,
        finished_at=None,
    )


def answer_of(answer: AcceptedRequest | WorkflowError) -> RequestItemAnswer:
    """Returns the answer for one of many."""
    if isinstance(answer, AcceptedRequest):
        return RequestItemAnswer(status=202, id=answer.id, repeated=answer.repeated)
    status = problem_of(answer).status_code
    return RequestItemAnswer(status=status, code=answer.code, detail=answer.detail, remedy=answer.remedy)


def shown_judgment(judgment: Judgment) -> JudgedTriggerAnswer:
    """Returns what judging a trigger gave."""
    return JudgedTriggerAnswer(
        trigger=AppTrigger(judgment.trigger),
        possible=judgment.allowed,
        leads_to=AppState(judgment.target) if judgment.target else None,
        unmet=_unmet([one.as_dict() for one in judgment.unmet]),
        observed=_unmet([one.as_dict() for one in judgment.observed]),
    )


def shown_transition(logged: LoggedTransition) -> LoggedTransitionAnswer:
    """Returns a row of an App's log as it is answered."""
    row = logged.transition
    return LoggedTransitionAnswer(
        version=row.version,
        from_state=row.from_state,
        trigger=AppTrigger(row.trigger),
        to_state=AppState(row.to_state),
        actor_id=row.actor_id,
        actor_role=Role(row.actor_role),
        policy_version=row.policy_version,
        request_id=row.request_id,
        at=row.at,
        reasons=[ReasonAnswer.model_validate(reason) for reason in logged.reasons],
        hash=row.hash.hex(),
    )


def _unmet(rules: Sequence[Mapping[str, Any]]) -> list[UnmetRule]:
    return [UnmetRule.model_validate(rule) for rule in rules]
