"""The guides for partners: templates, the brand kit, the UTM guide. They are public."""

from typing import Annotated

from fastapi import Path
from fastapi.responses import PlainTextResponse, Response
from pydantic import BaseModel

from api.auth import InContext
from api.schemas.pages import Page
from models.checklist import Requirement
from web.problems import PUBLIC
from web.routers import Router
from workflow.building.guides import find_guide

router = Router(prefix="/v1/guides", responses=PUBLIC, tags=["everyone"])

GuideName = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,64}$", examples=["utm"])]


class GuideAnswer(BaseModel):
    """A guide: its address, and the requirement of the checklist that it helps with."""

    name: str
    title: str
    serves: Requirement
    path: str


class Markdown(PlainTextResponse):
    media_type = "text/markdown"


@router.get("")
async def list_guides(context: InContext) -> Page[GuideAnswer]:
    """Lists the guides."""
    return Page(
        items=[
            GuideAnswer(name=guide.name, title=guide.title, serves=guide.serves, path=f"/v1/guides/{guide.name}")
            for guide in context.profile.guides
        ]
    )


@router.get("/{name}", response_class=Markdown)
async def read_guide(context: InContext, name: GuideName) -> Response:
    """Returns a guide as Markdown. Replace everything in [[double brackets]] with your own text."""
    return Markdown(find_guide(context.profile.guides, name).text, headers={"Cache-Control": "public, max-age=3600"})
