"""The messages that a subscription receives, exactly as the platform sends them. Pure: a run's are always the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from workflow.component_tests.journey import Step

_CONTEXT: Final[Mapping[str, Any]] = {
    "ip": "203.0.113.7",
    "library": {"name": "analytics.js", "version": "2.11.1"},
    "locale": "en-US",
    "timezone": "America/New_York",
    "userAgent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0",
    "page": {"path": "/", "referrer": "", "search": "", "title": "Home", "url": "https://app.example/"},
}
_PROJECT: Final = "project"
_SENT_AFTER: Final = timedelta(milliseconds=150)
_RECEIVED_AFTER: Final = timedelta(milliseconds=400)


@dataclass(frozen=True, slots=True)
class MadeUpUser:
    """The made-up user of a run. All ids follow from the run's, so that what is sent again is the same."""

    run_id: UUID
    began: datetime

    @property
    def user_id(self) -> str:
        return f"test-{uuid5(self.run_id, 'user').hex[:16]}"

    @property
    def anonymous_id(self) -> str:
        return str(uuid5(self.run_id, "anonymous"))

    @property
    def previous_id(self) -> str:
        return f"test-{uuid5(self.run_id, 'previous').hex[:16]}"

    def message_id(self, code: str) -> str:
        return str(uuid5(self.run_id, code))

    def message_of(self, step: Step, number: int) -> dict[str, Any]:
        """Returns the message of the journey's step, which is its `number`th: one second after the one before."""
        at = self.began + timedelta(seconds=number)
        return self._delete(step, at) if step.type == "delete" else self._event(step, at)

    def _event(self, step: Step, at: datetime) -> dict[str, Any]:
        about: dict[str, Any] = {"anonymousId": self.anonymous_id}
        if step.identified:
            about["userId"] = self.user_id
        if step.type == "alias":
            about["previousId"] = self.previous_id
        return {
            **about,
            "channel": "client",
            "context": dict(_CONTEXT),
            **step.fields,
            "integrations": {"All": True},
            "messageId": self.message_id(step.code),
            **_times(at),
            "type": step.type,
            "version": 2,
        }

    def _delete(self, step: Step, at: datetime) -> dict[str, Any]:
        """Returns a deletion, which has a form of its own: arrays where other messages have objects."""
        return {
            "type": "delete",
            "channel": "server",
            "messageId": f"delete-{self.message_id(step.code)}",
            "projectId": uuid5(self.run_id, _PROJECT).hex[:22],
            "userId": self.user_id,
            "context": [],
            "integrations": [],
            **_times(at),
        }


def _times(at: datetime) -> dict[str, str]:
    """Returns the four timestamps of a message about something that happened `at`."""
    return {
        "originalTimestamp": _moment(at),
        "sentAt": _moment(at + _SENT_AFTER),
        "receivedAt": _moment(at + _RECEIVED_AFTER),
        "timestamp": _moment(at),
    }


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
