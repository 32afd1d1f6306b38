"""The answers that official SDKs understand. Each is a JSON object; only 200 means that everything is stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Final

from starlette.responses import JSONResponse, Response

OPEN: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Retry-After, X-Request-ID",
    "Cache-Control": "no-store",
}
"""The headers of every answer: pages of any origin may send events and read what became of them."""
PREFLIGHT_SECONDS: Final = 86_400
GIF: Final = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
"""A transparent picture of one pixel."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing of a call is taken: its status, a stable code, what is wrong and what to do."""

    status: int
    code: str
    detail: str
    remedy: str
    retry_after_s: float | None = None


class RefusedError(Exception):
    """Nothing of a call is taken."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


def refusal(status: int, code: str, detail: str, remedy: str) -> RefusedError:
    """Returns the error for a refusal."""
    return RefusedError(Refusal(status, code, detail, remedy))


UNKNOWN_KEY: Final = Refusal(
    400,
    "key.unknown",
    "No stream has this write key.",
    "Send the write key of a stream as the Basic user name, or as `writeKey` in the body.",
)


def accepted() -> Response:
    """Returns the answer to events that are stored."""
    return JSONResponse({"success": True}, headers=OPEN)


def refused(why: Refusal, *, is_unread: bool = False) -> Response:
    """Returns the answer to a call of which nothing is stored. It closes the connection if the body `is_unread`."""
    headers = dict(OPEN)
    if why.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, ceil(why.retry_after_s)))
    if is_unread:
        headers["Connection"] = "close"
    content = {"success": False, "code": why.code, "message": why.detail, "remedy": why.remedy}
    return JSONResponse(content, why.status, headers=headers)


def preflight() -> Response:
    """Returns the answer to a browser that asks whether a page may send events."""
    allowed = {
        "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
        "Access-Control-Allow-Headers": "authorization, content-type, x-retry-count",
        "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
    }
    return Response(headers=OPEN | allowed)


def pixel() -> Response:
    """Returns the picture, whatever came of the event."""
    return Response(GIF, media_type="image/gif", headers=OPEN)


def browser_settings(write_key: str, public_url: str) -> Response:
    """Returns what the browser SDK asks for before it sends: where to."""
    scheme, _, host = public_url.partition("://")
    segment: Mapping[str, str] = {"apiKey": write_key, "apiHost": f"{host}/v1", "protocol": scheme}
    return JSONResponse({"integrations": {"Segment.io": segment}}, headers=OPEN)


def no_settings() -> Response:
    """Returns the answer to a browser SDK with an unknown write key."""
    return Response("No stream has this write key.", 404, media_type="text/plain", headers=OPEN)
