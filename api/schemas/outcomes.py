"""The answers about transitions: requests and their status, triggers that are possible now, and the log."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from pydantic import BaseModel, Field

from models import TransitionRequest
from models.lifecycle import AppState, AppTrigger, Role
from models.request import RequestSource, RequestStatus
from web.problems import UnmetRule, problem_of
from web.sentences import Flaw
from workflow.errors import WorkflowError
from workflow.identity.actors import Actor
from workflow.lifecycle.reading import LoggedTransition
from workflow.lifecycle.requests import AcceptedRequest, Times, Wanted
from workflow.lifecycle.service_view import shows_reasons_to, unmet_for
from workflow.machines import Judgment
from workflow.policy.document import Policy
from workflow.reviewing.proposals import StandingProposal


class TransitionRequestAnswer(BaseModel):
    """A transition request: `due`, `applied` (see `version`), `refused` (see `unmet`), `dead` or `cancelled`."""

    id: UUID
    app: Annotated[str, Field(examples=["acme"])]
    trigger: Annotated[AppTrigger, Field(examples=["promote"])]
    status: RequestStatus
    source: RequestSource
    version: Annotated[
        int | None, Field(description="The App's version after the transition, if the request was applied.")
    ]
    unmet: list[UnmetRule]
    observed: Annotated[list[UnmetRule], Field(description="Unmet rules that the policy only observes.")]
    policy_version: int | None
    error: Annotated[str | None, Field(description="Why judging the request failed, if it did.")]
    attempts: int
    received_at: datetime
    due_at: datetime
    finished_at: datetime | None


class RequestItemAnswer(BaseModel):
    """The answer for one item: status 202 with the request's id, or the error's status, code, detail and remedy."""

    status: Annotated[int, Field(examples=[202])]
    id: UUID | None = None
    repeated: Annotated[bool, Field(description="True if a request with this key was accepted before.")] = False
    code: str | None = None
    detail: str | None = None
    remedy: str | None = None
    errors: Annotated[list[Flaw], Field(description="What is wrong with the item, if it was refused for that.")] = []


class RequestItemsAnswer(BaseModel):
    """One answer for each item, in the order of the items."""

    items: list[RequestItemAnswer]


class JudgedTriggerAnswer(BaseModel):
    """A trigger: whether the caller's request for it would be applied now and, if not, every unmet rule."""

    trigger: AppTrigger
    possible: bool
    leads_to: AppState | None
    unmet: list[UnmetRule]
    observed: list[UnmetRule]


OpenKind = Annotated[
    Literal["none", "first", "revision", "health", "appeal"], Field(description="The kind of the open review.")
]
OpenReview = Annotated[int, Field(description="The version that opened the open review, 0 if none is open.")]
Published = Annotated[int, Field(description="The version that submitted what is public, 0 if nothing is.")]


class ProposalAnswer(BaseModel):
    """What a first person proposed. A second person asks for the trigger itself, until `lapses_at`."""

    trigger: AppTrigger
    proposed_by: Annotated[str | None, Field(examples=["Rae Reviewer"])]
    proposed_at: datetime
    lapses_at: datetime
    lapsed: bool


class TriggersAnswer(BaseModel):
    """Where the App stands, and every trigger."""

    state: AppState
    version: int
    open_kind: OpenKind
    open_review: OpenReview
    published: Published
    proposal: Annotated[ProposalAnswer | None, Field(description="For reviewers and admins only.")] = None
    triggers: list[JudgedTriggerAnswer]


class ReasonAnswer(BaseModel):
    """A reason for the transition. `saved_version` is set if `code` is that of a saved reason."""

    code: Annotated[str, Field(examples=["other"])]
    text: str
    where: str = ""
    saved_version: int | None = None


class LoggedTransitionAnswer(BaseModel):
    """One row of an App's log. `hash` covers this row and all rows before it.

    `actor_name` is what whoever did it is called now: for reviewers and admins, null for everybody else.
    """

    version: int
    from_state: Annotated[str, Field(examples=["public_beta"])]
    trigger: AppTrigger
    to_state: AppState
    open_kind: OpenKind
    open_review: OpenReview
    published: Published
    actor_id: UUID
    actor_name: Annotated[str | None, Field(examples=["Rae Reviewer"])]
    actor_role: Role
    policy_version: int
    request_id: UUID
    at: datetime
    reasons: list[ReasonAnswer]
    hash: str


def shown_request(request: TransitionRequest, slug: str, actor: Actor) -> TransitionRequestAnswer:
    """Returns the answer to `actor` for a request of the App with this slug.

    Only admins see the text of an error: a message of the database may contain values of other companies' rows.
    Services see of a rule about the draft only that it is unmet.
    """
    error = request.last_error
    if error is not None and actor.role is not Role.ADMIN:
        error = "Judging the request failed. The operators of the service can see why, and can replay it."
    return TransitionRequestAnswer(
        id=request.id,
        app=slug,
        trigger=AppTrigger(request.trigger),
        status=RequestStatus(request.status),
        source=RequestSource(request.source),
        version=request.version,
        unmet=_unmet(unmet_for(actor, request.unmet)),
        observed=_unmet(unmet_for(actor, request.observed)),
        policy_version=request.policy_version,
        error=error,
        attempts=request.attempts,
        received_at=request.received_at,
        due_at=request.due_at,
        finished_at=request.finished_at,
    )


def shown_when_new(request_id: UUID, wanted: Wanted, times: Times) -> TransitionRequestAnswer:
    """Returns the answer for a request that was just accepted over HTTP, without reading it from the database."""
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
    """Returns the answer for one item of a list."""
    if isinstance(answer, AcceptedRequest):
        return RequestItemAnswer(status=202, id=answer.id, repeated=answer.repeated)
    status = problem_of(answer).status_code
    return RequestItemAnswer(status=status, code=answer.code, detail=answer.detail, remedy=answer.remedy)


def shown_judgment(judgment: Judgment) -> JudgedTriggerAnswer:
    """Returns the answer for the judgment of a trigger."""
    return JudgedTriggerAnswer(
        trigger=AppTrigger(judgment.trigger),
        possible=judgment.allowed,
        leads_to=AppState(judgment.target) if judgment.target else None,
        unmet=_unmet([one.as_dict() for one in judgment.unmet]),
        observed=_unmet([one.as_dict() for one in judgment.observed]),
    )


def shown_proposal(proposal: StandingProposal | None, policy: Policy, now: datetime) -> ProposalAnswer | None:
    """Returns the answer for a proposal, by the days for which the policy lets it stand."""
    if proposal is None:
        return None
    lapses_at = proposal.lapses_at(policy.proposal_days)
    return ProposalAnswer(
        trigger=proposal.trigger,
        proposed_by=proposal.proposer,
        proposed_at=proposal.at,
        lapses_at=lapses_at,
        lapsed=lapses_at < now,
    )


def shown_transition(logged: LoggedTransition, actor: Actor, names: Mapping[UUID, str]) -> LoggedTransitionAnswer:
    """Returns the answer to `actor` for a row of an App's log: to services without reasons that speak of the draft.

    `names` are those that the actor is shown (`names_shown_to`).
    """
    row = logged.transition
    reasons = logged.reasons if shows_reasons_to(actor, row.trigger) else ()
    return LoggedTransitionAnswer(
        version=row.version,
        from_state=row.from_state,
        trigger=AppTrigger(row.trigger),
        to_state=AppState(row.to_state),
        open_kind=cast(OpenKind, row.open_kind),
        open_review=row.open_review,
        published=row.published,
        actor_id=row.actor_id,
        actor_name=names.get(row.actor_id),
        actor_role=Role(row.actor_role),
        policy_version=row.policy_version,
        request_id=row.request_id,
        at=row.at,
        reasons=[ReasonAnswer.model_validate(reason) for reason in reasons],
        hash=row.hash.hex(),
    )


def _unmet(rules: Sequence[Mapping[str, Any]]) -> list[UnmetRule]:
    return [UnmetRule.model_validate(rule) for rule in rules]
