"""What partners are handed out: templates, the brand kit, the UTM guide. For everyone."""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import PlainTextResponse, Response
from pydantic import BaseModel

from api.auth import InContext
from api.schemas.pages import Page
from models.checklist import Requirement
from web.problems import PUBLIC
from workflow.building.guides import find_guide

router = APIRouter(prefix="/v1/guides", responses=PUBLIC, tags=["everyone"])

GuideName = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,64}$", examples=["utm"])]


class GuideAnswer(BaseModel):
    """A guide: where it is, and which requirement of the checklist it helps with."""

    name: str
    title: str
    serves: Requirement
    path: str


class Markdown(PlainTextResponse):
    media_type = "text/markdown"


@router.get("")
async def list_guides(context: InContext) -> Page[GuideAnswer]:
    """Lists what is handed out."""
    return Page(
        items=[
            GuideAnswer(name=guide.name, title=guide.title, serves=guide.serves, path=f"/v1/guides/{guide.name}")
            for guide in context.profile.guides
        ]
    )


@router.get("/{name}", response_class=Markdown)
async def read_guide(context: InContext, name: GuideName) -> Response:
    """Returns a guide in markdown. What is in [[double brackets]] is for its reader to write."""
    return Markdown(find_guide(context.profile.guides, name).text, headers={"Cache-Control": "public, max-age=3600"})
