"""The Spec that streams adhere to: its events. Public."""

from typing import Annotated

from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.schemas.pages import Page
from web.caching import CACHED, IfNoneMatch, cached
from web.problems import PUBLIC
from web.routers import Router
from workflow.spec.listing import SpecEvent, SpecProperty, spec_events

router = Router(prefix="/v1/spec", responses=PUBLIC, tags=["everyone"])

MAX_AGE_S = 3600


class InnerPropertyAnswer(BaseModel):
    """A property of an object within an event."""

    name: Annotated[str, Field(examples=["sku"])]
    types: Annotated[list[str], Field(examples=[["string"]])]


class SpecPropertyAnswer(BaseModel):
    """A property of an event. `properties`: those of the object that it is, or of each item of its list."""

    name: Annotated[str, Field(examples=["products"])]
    types: Annotated[list[str], Field(examples=[["array"]])]
    properties: list[InnerPropertyAnswer]


class SpecEventAnswer(BaseModel):
    """An event of the Spec.

    An event without one of the `required` properties is not valid. Of each list of `expected` it should have one. An
    event of an earlier version of the Spec is `replaced_by` another.
    """

    name: Annotated[str, Field(examples=["Order Completed"])]
    category: Annotated[str, Field(examples=["ecommerce_v2"])]
    properties: list[SpecPropertyAnswer]
    required: Annotated[list[str], Field(examples=[["order_id"]])]
    expected: Annotated[list[list[str]], Field(examples=[[["products"], ["total", "revenue", "value"]]])]
    replaced_by: Annotated[str | None, Field(examples=[None])]


@router.get("/events", response_model=Page[SpecEventAnswer], responses=CACHED)
async def list_spec_events(if_none_match: IfNoneMatch = None) -> Response:
    """Lists the events of the Spec, all on one page, with their properties."""
    return cached(Page(items=[_shown(event) for event in spec_events()]), if_none_match, max_age_s=MAX_AGE_S)


def _shown(event: SpecEvent) -> SpecEventAnswer:
    return SpecEventAnswer(
        name=event.name,
        category=event.category,
        properties=[_property(one) for one in event.properties],
        required=list(event.required),
        expected=[list(names) for names in event.expected],
        replaced_by=event.replaced_by,
    )


def _property(one: SpecProperty) -> SpecPropertyAnswer:
    inner = [InnerPropertyAnswer(name=within.name, types=list(within.types)) for within in one.properties]
    return SpecPropertyAnswer(name=one.name, types=list(one.types), properties=inner)
