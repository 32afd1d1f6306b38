"""The link in news that switches it off, for whoever has it: for people, and in one click for mail programs."""

from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, Field

from api.auth import InContext
from web.problems import PUBLIC
from web.routers import Router
from workflow.notifications.news import NewsSwitch, switch_of_token, switch_off

router = Router(prefix="/v1/unsubscribe", responses=PUBLIC, tags=["partner"])

Token = Annotated[str, Path(pattern=r"^[A-Za-z0-9_=-]{1,500}$", examples=["the-token-of-the-mail"])]


class NewsSwitchAnswer(BaseModel):
    """A kind of news, whose it is, and whether it is on."""

    news: str = Field(examples=["customer_onboarded"])
    email: str = Field(examples=["pat@acme.example"])
    on: bool


@router.get("/{token}")
async def look_at(context: InContext, token: Token) -> NewsSwitchAnswer:
    """Shows what a link of a mail switches off. Changes nothing."""
    return await context.transact(lambda s: _shown(switch_of_token(s, token, context.envelope.unseal)))


@router.post("/{token}")
async def unsubscribe(context: InContext, token: Token) -> NewsSwitchAnswer:
    """Switches the news off, in one click (RFC 8058). Whatever the body says is not looked at."""
    return await context.transact(lambda s: _shown(switch_off(s, switch_of_token(s, token, context.envelope.unseal))))


def _shown(switch: NewsSwitch) -> NewsSwitchAnswer:
    return NewsSwitchAnswer(news=switch.kind.value, email=switch.person.email, on=switch.is_on)
