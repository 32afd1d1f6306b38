"""Answers that caches may keep: with an ETag and a maximum age, and 304 when the client's copy is still current."""

import hashlib
import re
from typing import Annotated, Any

from fastapi import Header
from fastapi.responses import Response
from pydantic import BaseModel

from web.etags import PROXY_SUFFIX, tags_in

IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match", max_length=1000)]

CACHED: dict[int | str, dict[str, Any]] = {
    200: {"headers": {"ETag": {"schema": {"type": "string"}}, "Cache-Control": {"schema": {"type": "string"}}}},
    304: {"description": "The copy named in `If-None-Match` is still current."},
}
"""What the description of the API says of a call whose answer is cached."""


def cached(content: BaseModel, if_none_match: str | None, *, max_age_s: int) -> Response:
    """Returns the content with its ETag, or 304 without a body when the client already has that content.

    Any cache may keep the answer for `max_age_s` and must then revalidate it, even while this service is unavailable.
    """
    body = content.model_dump_json().encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": f"public, max-age={max_age_s}, must-revalidate"}
    if _names(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def _names(if_none_match: str | None, etag: str) -> bool:
    """Returns whether the header names the tag. The comparison is weak, as RFC 9110 requires for GET."""
    if if_none_match is None:
        return False
    mine = etag.strip('"')
    named = tags_in(if_none_match) or []
    return if_none_match.strip() == "*" or any(re.fullmatch(f"{mine}(?:{PROXY_SUFFIX})?", one) for one in named)
