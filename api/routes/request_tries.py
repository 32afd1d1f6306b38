"""Trying a subscription: the whole request that an event would be sent with, which is shown and not sent."""

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
from workflow.building.request_tries import RequestTry, try_request
from workflow.identity.actors import Actor

router = Router(prefix="/v1/apps/{slug}/components/{component_id}/request-tries", responses=COMMON)

Trier = Annotated[Actor, allow(Scope.APPS_READ, Role.PARTNER, Role.REVIEWER, Role.ADMIN)]


class NewRequestTry(TriedEvent):
    """What to send, and what a customer has entered: `settings` has the values of the Component's settings."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"event_type": "track", "settings": {"region": "eu"}}],
            "oneOf": [{"required": ["event_type"]}, {"required": ["event"]}],
        }
    )

    settings: Object = Field(default_factory=dict)


class TriedRequestAnswer(BaseModel):
    """The request as a customer's event is sent. A placeholder stands for the customer's key.

    `curl` sends it. `settings_header` names the header that has `settings` as base64-encoded JSON.
    """

    event: dict[str, Any] = Field(examples=[{"type": "track", "event": "Signed up", "userId": "user-1"}])
    method: Literal["POST", "PUT", "PATCH", "DELETE"] = Field(examples=["POST"])
    url: str = Field(examples=["https://acme.example/hooks"])
    headers: dict[str, str] = Field(examples=[{"Content-Type": "application/json"}])
    settings_header: str = Field(examples=["X-Settings"])
    body: str = Field(examples=['{"type":"track","event":"Signed up","userId":"user-1"}'])
    body_bytes: int = Field(examples=[54])
    curl: str = Field(examples=["curl -i -X POST https://acme.example/hooks ..."])


@router.post("", tags=["partner", "reviewer"])
async def try_request_of_component(
    context: InContext, actor: Trier, slug: SlugPath, component_id: UUID, body: NewRequestTry
) -> TriedRequestAnswer:
    """Shows the whole request with which a subscription would be sent an event. Sends nothing.

    To send it, start a test run of the scope `try_out` with the event as its message.
    """
    header = context.profile.protocol.settings_header
    tried = await context.transact(
        lambda session: try_request(
            session,
            slug,
            component_id,
            actor,
            event_type=body.event_type,
            event=body.event,
            values=body.settings,
            settings_header=header,
        )
    )
    return _shown(tried)


def _shown(tried: RequestTry) -> TriedRequestAnswer:
    request, header = tried.request, tried.settings_header
    return TriedRequestAnswer.model_validate(
        {
            "event": tried.event,
            "method": request.method,
            "url": request.url,
            "headers": {**request.shown_headers, header: request.headers[header]},
            "settings_header": header,
            "body": request.text,
            "body_bytes": len(request.body),
            "curl": request.curl,
        }
    )
