"""The debugger of a stream: what came to the sandbox, what was found about it, and what is still missing."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth import InContext, allow
from api.context import Session, now_of
from api.idempotency import Answer, once
from api.schemas.values import Body, Key, Object, Prefer, SlugPath
from api.waiting import seconds_to_wait
from models.component_test import TestColour
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.apps import find_component
from workflow.building.components import colour_of_component
from workflow.identity.actors import Actor
from workflow.identity.principals import require_present
from workflow.sandbox.reading import EventFilter, find_event, list_declared, list_events
from workflow.sandbox.trying import try_event
from workflow.spec.examples import example_event
from workflow.sql.storable import WITHOUT_NUL

router = Router(prefix="/v1/apps/{slug}/components/{component_id}", responses=COMMON)

Reader = Annotated[Actor, allow(Scope.APPS_READ, Role.PARTNER, Role.REVIEWER, Role.ADMIN)]
Builder = Annotated[Actor, allow(Scope.APPS_WRITE, Role.PARTNER)]
ReceivedType = Literal["identify", "track", "page", "screen", "group", "alias", "delete", "other"]
Position = Annotated[int, Query(ge=0, le=2**63 - 1)]


class FoundInEvent(BaseModel):
    """What was found about an event. One with an `error` is not valid. `pointer` is the place in the event."""

    code: Annotated[str, Field(examples=["name.synonym"])]
    level: Literal["error", "warning"]
    pointer: Annotated[str, Field(examples=["/event"])]
    detail: Annotated[str, Field(examples=['"Purchase" means Order Completed, but is not spelled so.'])]
    remedy: Annotated[str, Field(examples=["Send it as Order Completed."])]


class ReceivedEventAnswer(BaseModel):
    """An event as it came, without its write key, and the judgement on it. `declared` is what it counts for, if valid.

    `revision` is that of the Component when it came. `event` is the name of a track, page or screen call. An event that
    was `tried` was sent by the service for a partner, and counts for nothing.
    """

    model_config = ConfigDict(from_attributes=True)

    position: Annotated[int, Field(examples=[4711])]
    received_at: datetime
    revision: Annotated[int, Field(validation_alias="component_revision")]
    message_id: Annotated[str, Field(examples=["ajs-next-1730540000000-9c1f"])]
    type: ReceivedType
    event: Annotated[str | None, Field(examples=["Email Opened"])]
    declared: Annotated[str | None, Field(examples=["Email Opened"])]
    valid: bool
    findings: list[FoundInEvent]
    tried: bool
    body: Annotated[Any, Field(examples=[{"type": "track", "event": "Email Opened", "userId": "u-1"}])]


class EventsAnswer(BaseModel):
    """Events of a stream, newest first. `latest` is the position to ask for news after."""

    items: list[ReceivedEventAnswer]
    latest: Annotated[int, Field(examples=[4711])]


class DeclaredEventAnswer(BaseModel):
    """What came of a declared event since the latest change. `lacks` says what is missing; it is empty if nothing is.

    `warned`: the newest valid one has warnings. `latest_findings` are those of the newest one, valid or not. `example`
    is such an event with what the Spec wants of it.
    """

    event: Annotated[str, Field(examples=["Email Opened"])]
    valid: int
    invalid: int
    warned: bool
    latest_at: datetime | None
    latest_valid_at: datetime | None
    latest_findings: list[FoundInEvent]
    lacks: Annotated[str, Field(examples=["No such event has come since the latest change."])]
    example: Annotated[dict[str, Any], Field(examples=[{"type": "track", "event": "Email Opened", "userId": "u-1"}])]


class DeclaredEventsAnswer(BaseModel):
    """What a stream declares, and how far it is tested: it is, once no item lacks anything.

    `tracking_url` is where it sends its events: the host, or the address, that its SDK is given.
    """

    tracking_url: Annotated[str, Field(examples=["https://tracking.example"])]
    revision: int
    colour: TestColour | None
    items: list[DeclaredEventAnswer]


class NewEvent(Body):
    """An event to try: a call as the stream's SDK would send it, and as an item of a batch has it."""

    event: Annotated[Object, Field(examples=[{"type": "track", "event": "Email Opened", "userId": "u-1"}])]


@router.post("/events", status_code=201, tags=["partner"])
async def try_event_of_stream(
    context: InContext, actor: Builder, slug: SlugPath, component_id: UUID, body: NewEvent, key: Key = None
) -> ReceivedEventAnswer:
    """Sends an event to the sandbox for the stream, and returns what was found about it.

    It is judged and listed as if the stream had sent it, and needs no write key. It counts for nothing that the stream
    declares: only what the stream sends itself shows that it works. It has at most 32 KiB.
    """

    def make(session: Session) -> Answer:
        return 201, {"position": try_event(session, slug, component_id, actor, body.event)}

    def work(session: Session) -> ReceivedEventAnswer:
        asked = {"event": body.event, "component": component_id}
        _, stored = once(session, actor, key, asked, lambda: make(session))
        component = find_component(session, slug, component_id, actor)
        return ReceivedEventAnswer.model_validate(find_event(session, component, stored["position"]))

    return await context.transact(work)


@router.get("/events", tags=["partner", "reviewer"])
async def list_sandbox_events(
    context: InContext,
    actor: Reader,
    slug: SlugPath,
    component_id: UUID,
    response: Response,
    type_: Annotated[ReceivedType | None, Query(alias="type", description="Only calls of this type.")] = None,
    event: Annotated[
        str | None, Query(max_length=200, pattern=WITHOUT_NUL, description="Only events of this name.")
    ] = None,
    valid: Annotated[bool | None, Query(description="Only those that are valid, or only those that are not.")] = None,
    found: Annotated[
        bool | None, Query(description="Only those with findings, warnings too, or only those without.")
    ] = None,
    after: Annotated[Position | None, Query(description="Only later events: the `latest` of an answer.")] = None,
    before: Annotated[
        Position | None, Query(description="Only earlier events: the last `position` of an answer.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    prefer: Prefer = None,
) -> EventsAnswer:
    """Lists the events that a stream sent to the sandbox, newest first, with what was found about each.

    The newest 1,000 of seven days are there. With `after` and `Prefer: wait=N` the answer comes as soon as there is a
    later event, at most N seconds later. They are data of the stream's users, so a reading by staff is logged.
    """
    narrowed = EventFilter(type_, event, valid, found, after, before)

    def work(session: Session) -> EventsAnswer:
        component = find_component(session, slug, component_id, actor)
        page = list_events(session, component, actor, narrowed, now_of(session), limit=limit)
        items = [ReceivedEventAnswer.model_validate(one) for one in page.events]
        return EventsAnswer(items=items, latest=page.latest)

    def work_again(session: Session) -> EventsAnswer:
        require_present(session, actor)
        return work(session)

    answer = await context.transact(work, reading_writes=True)
    if after is not None and (seconds := seconds_to_wait(prefer)):
        response.headers["Preference-Applied"] = "wait"
        if not answer.items:
            await context.news.wait((component_id, answer.latest), seconds)
            answer = await context.transact(work_again, reading_writes=True)
    return answer


@router.get("/declared-events", tags=["partner", "reviewer"])
async def list_declared_events(
    context: InContext, actor: Reader, slug: SlugPath, component_id: UUID
) -> DeclaredEventsAnswer:
    """Lists the events that a stream declares, and what each still lacks until the stream is tested."""

    def work(session: Session) -> DeclaredEventsAnswer:
        component = find_component(session, slug, component_id, actor)
        items = [
            DeclaredEventAnswer(**asdict(one), example=example_event(one.event, slug))
            for one in list_declared(session, component)
        ]
        colour = colour_of_component(session, component)
        return DeclaredEventsAnswer(
            tracking_url=context.tracking_url,
            revision=component.revision,
            colour=TestColour(colour) if colour else None,
            items=items,
        )

    return await context.transact(work)
