"""The answer for a draft of what a reviewer is about to say of a review."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class DraftAnswer(BaseModel):
    """Your draft for the review."""

    model_config = ConfigDict(from_attributes=True)

    text: str
    saved: Annotated[list[str], Field(examples=[["partners_page.no_utm"]])]
    written_at: datetime
