"""The event of a try: one of the suite's, or one of one's own."""

from typing import Self

from pydantic import model_validator

from api.schemas.values import Body, Object
from workflow.building.settings import EventType


class TriedEvent(Body):
    """The first event of a type that the test suite sends (`event_type`), or one of one's own (`event`)."""

    event_type: EventType | None = None
    event: Object | None = None

    @model_validator(mode="after")
    def _has_one_event(self) -> Self:
        if (self.event_type is None) == (self.event is None):
            raise ValueError("give either event_type or event")
        return self
