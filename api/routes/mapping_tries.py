"""Trying the mapping of a function: the request that it would send, which is shown and not sent."""

import json
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.auth import InContext, allow
from api.schemas.tried_events import TriedEvent
from api.schemas.values import Object, SlugPath
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.building.mapping_tries import MappingTry, try_mapping
from workflow.identity.actors import Actor

router = Router(prefix="/v1/apps/{slug}/components/{component_id}/mapping-tries", responses=COMMON)

Trier = Annotated[Actor, allow(Scope.APPS_READ, Role.PARTNER, Role.REVIEWER, Role.ADMIN)]


class NewMappingTry(TriedEvent):
    """What to map: the first event of a type that the test suite sends (`event_type`), or one of one's own (`event`).

    `mapping` is tried instead of the stored one of the event's type.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"event_type": "track"},
                {
                    "event": {"type": "track", "event": "Signed up", "userId": "user-1"},
                    "mapping": {"path": "/v1/users/{{userId}}", "body": {"did": {"@path": "$.event"}}},
                },
            ],
            "oneOf": [{"required": ["event_type"]}, {"required": ["event"]}],
        }
    )

    mapping: Object | None = None


class MappedRequestAnswer(BaseModel):
    """The request that would be sent. Besides its own headers it has those of every subscription."""

    method: Literal["POST", "PUT", "PATCH", "DELETE"] = Field(examples=["PUT"])
    url: str = Field(examples=["https://acme.example/v1/users/user-1"])
    headers: dict[str, str] = Field(examples=[{"X-Request-Id": "message-1"}])
    body: Any = Field(examples=[{"did": "Signed up"}])
    body_bytes: int = Field(examples=[19])


class MappingTryAnswer(BaseModel):
    """The event, and the request that is made of it. `mapping` is the name of its mapping, null if there is none."""

    event: dict[str, Any] = Field(examples=[{"type": "track", "event": "Signed up", "userId": "user-1"}])
    mapping: str | None = Field(examples=["track"])
    request: MappedRequestAnswer
    steps: int = Field(examples=[4])


@router.post("", tags=["partner", "reviewer"])
async def try_mapping_of_component(
    context: InContext, actor: Trier, slug: SlugPath, component_id: UUID, body: NewMappingTry
) -> MappingTryAnswer:
    """Shows the request that a function's mapping makes of an event. Sends nothing.

    An error says at which place of the mapping it arose, as a JSON pointer, and what to do.
    """
    tried = await context.transact(
        lambda session: try_mapping(
            session, slug, component_id, actor, event_type=body.event_type, event=body.event, mapping=body.mapping
        )
    )
    return _shown(tried)


def _shown(tried: MappingTry) -> MappingTryAnswer:
    request = tried.request
    return MappingTryAnswer.model_validate(
        {
            "event": tried.event,
            "mapping": tried.mapping,
            "request": {
                "method": request.method,
                "url": request.url,
                "headers": dict(request.headers),
                "body": json.loads(request.body),
                "body_bytes": len(request.body),
            },
            "steps": request.steps,
        }
    )
