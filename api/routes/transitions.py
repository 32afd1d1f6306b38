"""Transition requests and their outcomes, the triggers that are possible now, and the log."""

from collections.abc import Sequence
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import Body, Query, Response
from pydantic import Discriminator, Field, StringConstraints, Tag

from api.auth import EVERY_ROLE, InContext, allow
from api.context import ApiContext, Session, now_of
from api.schemas.lists import BY_ITSELF, WrongItem, refusal_of, sort_out
from api.schemas.outcomes import (
    LoggedTransitionAnswer,
    OpenKind,
    RequestItemAnswer,
    RequestItemsAnswer,
    TransitionRequestAnswer,
    TriggersAnswer,
    answer_of,
    shown_judgment,
    shown_proposal,
    shown_request,
    shown_transition,
    shown_when_new,
)
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import MAX_ITEMS, GivenReason, Key, Moment, PickedReason, Prefer, Reasons, Slug, SlugPath, Whole
from api.schemas.values import Body as Shape
from api.waiting import seconds_to_wait
from models.lifecycle import AppState, AppTrigger, Role
from models.request import RequestStatus
from models.token import Scope
from web.calls import describe_call
from web.problems import COMMON
from web.routers import Router
from workflow.apps import find_app
from workflow.identity.actors import Actor
from workflow.identity.names import names_shown_to
from workflow.lifecycle.cancelling import cancel_request
from workflow.lifecycle.facts import Ask
from workflow.lifecycle.loading import load_facts
from workflow.lifecycle.reading import find_request, find_request_by_key, list_log, list_requests
from workflow.lifecycle.requests import AcceptedRequest, Wanted
from workflow.lifecycle.service_view import judgments_for
from workflow.policy.document import load_policies
from workflow.reasons import Reason
from workflow.reviewing.proposals import standing_proposal
from workflow.sql.storable import WITHOUT_NUL

router = Router(prefix="/v1", responses=COMMON)

Viewer = Annotated[Actor, allow(Scope.APPS_READ, *EVERY_ROLE)]
Asker = Annotated[Actor, allow(Scope.TRANSITIONS_REQUEST, *EVERY_ROLE)]


class NewTransitionRequest(Shape):
    """A transition that is asked for. It is refused unless the App is as expected, where that is given.

    `expected_review` is the version that opened the review that is meant, 0 for none. A reason of code `urgent` makes a
    revision urgent (`submit`); one of code `only_reinstated` says that no revision lifts the suspension (`suspend`).
    """

    app: Slug
    trigger: AppTrigger
    expected_state: AppState | None = None
    expected_version: Annotated[Whole, Field(ge=1, le=2_000_000_000)] | None = None
    expected_review: Annotated[Whole, Field(ge=0, le=2_000_000_000)] | None = None
    not_before: Moment | None = None
    publish_at: Annotated[
        Moment | None,
        Field(
            description="For an approval: since when everybody sees what it approves, at most 90 days ahead. By "
            "default they do at once."
        ),
    ] = None
    reasons: Reasons = Field(default_factory=list)


class BulkItem(NewTransitionRequest):
    """One transition request of a list, with an idempotency key of its own."""

    idempotency_key: (
        Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$", min_length=1, max_length=255)] | None
    ) = None


Many = Annotated[list[Annotated[BulkItem, BY_ITSELF]], Field(min_length=1, max_length=MAX_ITEMS)]
OneOrMany = Annotated[
    Annotated[NewTransitionRequest, Tag("one request")] | Annotated[Many, Tag("a list")],
    Discriminator(lambda body: "a list" if isinstance(body, list) else "one request"),
]

_ASKED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The outcome, if the call waited or repeated a finished request. For a list, one answer each.",
        "model": TransitionRequestAnswer | RequestItemsAnswer,
    },
    202: {
        "description": "Accepted. The request is stored and will be judged exactly once.",
        "model": TransitionRequestAnswer,
    },
}


@router.post("/transition-requests", tags=["service", "partner", "reviewer"], responses=_ASKED, status_code=202)
async def ask_for_transitions(
    context: InContext,
    actor: Asker,
    body: Annotated[OneOrMany, Body()],
    key: Key = None,
    prefer: Prefer = None,
) -> Response:
    """Requests a transition, or up to 1,000 in a list, each with its own idempotency key and answer."""
    if isinstance(body, list):
        return await _ask_for_many(context, actor, body)
    wanted = wanted_of(body, key)
    return await ask_for_one(context, actor, wanted, prefer)


@router.get("/transition-requests", tags=["service", "partner", "reviewer"])
async def find_transition_request(
    context: InContext,
    actor: Viewer,
    idempotency_key: Annotated[str, Query(min_length=1, max_length=255, pattern=WITHOUT_NUL)],
) -> TransitionRequestAnswer:
    """Returns the caller's own request with this idempotency key, whether it was sent over HTTP or in a message.

    A message that has not been taken in yet, or was rejected, has no request: 404. Of one that was rejected the answer
    says why.
    """

    def work(session: Session) -> TransitionRequestAnswer:
        request, slug = find_request_by_key(session, idempotency_key, actor)
        return shown_request(request, slug, actor)

    return await context.transact(work)


@router.get("/transition-requests/{request_id}", tags=["service", "partner", "reviewer"])
async def read_request(context: InContext, actor: Viewer, request_id: UUID) -> TransitionRequestAnswer:
    """Returns a transition request and its status.

    It is `due`, `applied`, `refused` with every unmet rule, `dead`, or `cancelled` by whoever asked.
    """
    return await context.transact(lambda session: _request(session, request_id, actor))


@router.post("/transition-requests/{request_id}/cancel", tags=["service", "partner", "reviewer"])
async def cancel(context: InContext, actor: Asker, request_id: UUID) -> TransitionRequestAnswer:
    """Cancels your own request that is still `due`: it is never applied, and nobody is told.

    Cancelling it again changes nothing. Once it is judged the answer is 409 (`request.judged`).
    """

    def work(session: Session) -> TransitionRequestAnswer:
        request, slug = cancel_request(session, request_id, actor, now_of(session))
        return shown_request(request, slug, actor)

    return await context.transact(work)


@router.get("/apps/{slug}/triggers", tags=["partner", "reviewer", "service"])
async def triggers(context: InContext, actor: Viewer, slug: SlugPath) -> TriggersAnswer:
    """Lists every trigger: whether the caller's request for it would be applied now and, if not, every unmet rule.

    Services are not told of rules about the draft: no service may ask for a trigger that has one.
    """

    def work(session: Session) -> TriggersAnswer:
        app = find_app(session, slug, actor)
        policies = load_policies(session)
        facts = load_facts(session, [app.id], policies)[app.id].facts
        proposal = standing_proposal(session, app.id) if actor.role in (Role.REVIEWER, Role.ADMIN) else None
        judged = judgments_for(actor, context.rulebook.triggers_of(facts.asked_by(Ask(actor))))
        return TriggersAnswer(
            state=AppState(app.state),
            version=app.version,
            open_kind=cast(OpenKind, app.open_kind),
            open_review=app.open_review,
            published=app.published,
            proposal=shown_proposal(proposal, policies.current, now_of(session)),
            triggers=[shown_judgment(one) for one in judged],
        )

    return await context.transact(work)


@router.get("/apps/{slug}/transitions", tags=["partner", "reviewer", "service"])
async def log(context: InContext, actor: Viewer, slug: SlugPath, wanted: Paged) -> Page[LoggedTransitionAnswer]:
    """Lists the App's transitions, oldest first. Services read no reasons that are about the draft or its review."""

    def work(session: Session) -> Page[LoggedTransitionAnswer]:
        found = list_log(session, find_app(session, slug, actor).id, wanted)
        names = names_shown_to(actor, session, [logged.transition.actor_id for logged in found.rows])
        return shown_page(found, lambda logged: shown_transition(logged, actor, names))

    return await context.transact(work)


@router.get("/apps/{slug}/transition-requests", tags=["partner", "reviewer", "service"])
async def list_asked(
    context: InContext,
    actor: Viewer,
    slug: SlugPath,
    wanted: Paged,
    status: Annotated[RequestStatus | None, Query()] = None,
) -> Page[TransitionRequestAnswer]:
    """Lists the App's transition requests and their status, newest first."""

    def work(session: Session) -> Page[TransitionRequestAnswer]:
        app = find_app(session, slug, actor)
        found = list_requests(session, app.id, status, wanted)
        return shown_page(found, lambda request: shown_request(request, app.slug, actor))

    return await context.transact(work)


def wanted_of(body: NewTransitionRequest, key: str | None) -> Wanted:
    """Returns the request of the body as the workflow's `Wanted`."""
    return Wanted(
        app=body.app,
        trigger=body.trigger,
        idempotency_key=key,
        expected_state=body.expected_state.value if body.expected_state else None,
        expected_version=body.expected_version,
        expected_review=body.expected_review,
        not_before=body.not_before,
        publish_at=body.publish_at,
        reasons=reasons_of(body.reasons),
    )


def reasons_of(given: Sequence[GivenReason | PickedReason]) -> tuple[Reason, ...]:
    """Returns the reasons of a body as the workflow's `Reason`s."""
    return tuple(
        Reason(reason.saved, reason.text or "", reason.where, saved=True)
        if isinstance(reason, PickedReason)
        else Reason(reason.code, reason.text, reason.where)
        for reason in given
    )


async def ask_for_one(context: ApiContext, actor: Actor, wanted: Wanted, prefer: str | None) -> Response:
    """Stores one request, waits for its outcome as long as `prefer` asks, and answers 200 with it or 202 without it.

    A new request that the caller does not wait for is answered without another read of the database.
    """
    describe_call(app=wanted.app)
    answer = await context.accept_one(actor, wanted)
    describe_call(request_id=str(answer.id))
    seconds = seconds_to_wait(prefer)
    if seconds:
        await context.waiter.wait(answer.id, seconds)
    if answer.times is None or seconds:
        shown = await context.transact(lambda session: _request(session, answer.id, actor))
    else:
        shown = shown_when_new(answer.id, wanted, answer.times)
    headers = {"Location": f"/v1/transition-requests/{answer.id}"} | ({"Preference-Applied": "wait"} if seconds else {})
    status = 202 if shown.status is RequestStatus.DUE else 200
    return Response(shown.model_dump_json(), status, headers=headers, media_type="application/json")


async def _ask_for_many(context: ApiContext, actor: Actor, items: list[BulkItem]) -> Response:
    sorted_out = sort_out(items)
    wanted = [wanted_of(item, item.idempotency_key) for item in sorted_out if isinstance(item, BulkItem)]
    accepted = await context.accept_many(actor, wanted) if wanted else []
    describe_call(request_ids=[str(one.id) for one in accepted if isinstance(one, AcceptedRequest)])
    answers = iter(accepted)
    shown = RequestItemsAnswer(
        items=[
            RequestItemAnswer(**refusal_of(item, number)) if isinstance(item, WrongItem) else answer_of(next(answers))
            for number, item in enumerate(sorted_out)
        ]
    )
    return Response(shown.model_dump_json(), media_type="application/json")


def _request(session: Session, request_id: UUID, actor: Actor) -> TransitionRequestAnswer:
    request, slug = find_request(session, request_id, actor)
    return shown_request(request, slug, actor)
