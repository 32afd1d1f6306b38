"""An example event of each type, to try a mapping with."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final


def example_event(event_type: str) -> dict[str, Any]:
    """Returns an example of an event type of the Spec, always the same. The caller may change it."""
    event = _DELETE if event_type == "delete" else {**_COMMON, "type": event_type, **_OF_TYPE[event_type]}
    return deepcopy(dict(event))


_TIMES: Final = {
    "originalTimestamp": "2026-11-02T09:30:00.000Z",
    "receivedAt": "2026-11-02T09:30:00.412Z",
    "sentAt": "2026-11-02T09:30:00.251Z",
    "timestamp": "2026-11-02T09:30:00.161Z",
}
_COMMON: Final[Mapping[str, Any]] = {
    "anonymousId": "507f191e-810c-4729-8de8-60ea2d5b1f3c",
    "channel": "server",
    "context": {
        "ip": "192.0.2.10",
        "library": {"name": "analytics.js", "version": "1.84.3"},
        "locale": "en-US",
        "page": {"path": "/", "title": "Home", "url": "https://shop.example/"},
        "userAgent": "Mozilla/5.0",
    },
    "integrations": {},
    "messageId": "example-022bb90c-bbac-11e4-8dfc-aa07a5b093db",
    "userId": "user-97980cfea0067",
    "version": 2,
    **_TIMES,
}
_OF_TYPE: Final[Mapping[str, Mapping[str, Any]]] = {
    "identify": {
        "traits": {
            "address": {"city": "Oakland", "country": "USA"},
            "email": "peter@example.com",
            "name": "Peter Gibbons",
            "plan": "premium",
        }
    },
    "track": {
        "event": "Order Completed",
        "properties": {
            "currency": "USD",
            "order_id": "50314b8e9bcf000000000000",
            "products": [
                {"name": "Monopoly", "price": 19, "product_id": "507f1f77bcf86cd799439011", "quantity": 1},
                {"name": "Uno", "price": 3.5, "product_id": "505bd76785ebb509fc183733", "quantity": 2},
            ],
            "total": 26,
        },
    },
    "page": {"name": "Home", "properties": {"path": "/", "title": "Home", "url": "https://shop.example/"}},
    "screen": {"name": "Home", "properties": {"variation": "blue signup button"}},
    "group": {
        "groupId": "company-0e8c78ea9d97a7b8185e8632",
        "traits": {"employees": 329, "industry": "Technology", "name": "Initech", "total billed": 830},
    },
    "alias": {"previousId": "507f191e-810c-4729-8de8-60ea2d5b1f3c"},
}
_DELETE: Final[Mapping[str, Any]] = {
    "channel": "server",
    "context": [],
    "integrations": [],
    "messageId": "delete-022bb90c-bbac-11e4-8dfc-aa07a5b093db",
    "projectId": "project-1",
    "type": "delete",
    "userId": "user-97980cfea0067",
    **_TIMES,
}
