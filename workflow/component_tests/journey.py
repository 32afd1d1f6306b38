"""One user's journey, as data: what a suite sends to a subscription, in order. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

SUITE_VERSION: Final = 1
"""The version of the suite. It grows when the suite sends or demands something else."""


@dataclass(frozen=True, slots=True)
class Step:
    """One event of the journey. `fields` are those of its type, beside the common ones.

    `identified`: the user has an id by then; before, there is only an anonymous one.
    """

    code: str
    type: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    identified: bool = True

    @property
    def title(self) -> str:
        """The event as people call it, such as `track "Signed up"`."""
        name = self.fields.get("event") or self.fields.get("name")
        return f'{self.type} "{name}"' if name else self.type


def _page(name: str, path: str) -> dict[str, Any]:
    url = f"https://app.example/{path}"
    return {"name": name, "properties": {"name": name, "path": f"/{path}", "title": name, "url": url, "referrer": ""}}


JOURNEY: Final[tuple[Step, ...]] = (
    Step("page_home", "page", _page("Home", ""), identified=False),
    Step("page_signup", "page", _page("Signup", "signup"), identified=False),
    Step(
        "identify",
        "identify",
        {
            "traits": {
                "firstName": "Robin",
                "lastName": "Doe",
                "email": "robin.doe@app.example",
                "createdAt": "2026-01-15T09:30:00.000Z",
                "plan": "Premium",
                "logins": 5,
                "address": {"city": "Springfield", "country": "US", "postalCode": "12345"},
            }
        },
    ),
    Step("track_signed_up", "track", {"event": "Signed up", "properties": {"plan": "Premium", "source": "Signup"}}),
    Step(
        "group",
        "group",
        {
            "groupId": "acme-group",
            "traits": {"name": "Initech", "industry": "Technology", "employees": 329, "total billed": 830},
        },
    ),
    Step(
        "track_enabled", "track", {"event": "Integration Enabled", "properties": {"name": "Webhook", "revenue": 19.5}}
    ),
    Step(
        "track_invited",
        "track",
        {"event": "Invited Teammate", "properties": {"invitee": "sam.roe@app.example", "roles": ["admin", "author"]}},
    ),
    Step("screen_home", "screen", {"name": "Home", "properties": {"name": "Home", "variation": "blue"}}),
)
"""The journey up to its end. One trait of the group has a blank in its key: customers write such keys."""
LAST: Final[tuple[Step, ...]] = (Step("alias", "alias"), Step("delete", "delete"))
"""What ends the journey: the user gets another id, and is then deleted."""
STEPS: Final = (*JOURNEY, *LAST)
