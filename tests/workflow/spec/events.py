"""Events that the tests judge."""

from typing import Any

APP = "acme"
INTEGRATION = {"name": APP, "version": "1.0.0"}


def call(kind: str, **fields: Any) -> dict[str, Any]:
    """Returns a valid call of a type. `fields` replace its own; one that is None is left out."""
    own: dict[str, Any] = {
        "type": kind,
        "messageId": "7b1a5f0e",
        "userId": "97980",
        "timestamp": "2026-11-02T09:30:00.000Z",
        "context": {"integration": INTEGRATION, "library": {"name": "analytics-python", "version": "2.4.0"}},
        "integrations": {},
        **({"groupId": "acme-inc"} if kind == "group" else {}),
        **({"previousId": "anonymous-7"} if kind == "alias" else {}),
    }
    return {name: value for name, value in (own | fields).items() if value is not None}


def track(event: Any, /, **properties: Any) -> dict[str, Any]:
    """Returns a valid track call."""
    return call("track", event=event, properties=properties)


def order(**properties: Any) -> dict[str, Any]:
    """Returns an Order Completed to which nothing is lacking."""
    own: dict[str, Any] = {"order_id": "50314b8e", "total": 27.5, "currency": "USD"}
    products = [{"product_id": "507f1f", "name": "Monopoly", "price": 19, "quantity": 1}]
    return track("Order Completed", **(own | {"products": products} | properties))
