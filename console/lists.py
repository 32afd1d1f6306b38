"""Lists that the API gives in pages: what a request asks of one, the address of its next page, and one of its items."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request

from console.client import Params

MAX_VALUE_CHARACTERS = 300


def params_of(request: Request, *filters: str, limit: int = 50) -> dict[str, str | int | None]:
    """Returns the parameters for the API's list: its cursor, and those of `filters` that the page's address has."""
    given = {
        name: request.query_params[name][:MAX_VALUE_CHARACTERS]
        for name in ("after", *filters)
        if request.query_params.get(name)
    }
    return {"limit": limit, **given}


def choice_in(request: Request, name: str, options: Collection[str], default: str = "") -> str:
    """Returns which of `options` the page's address has as `name`, and `default` if it has none of them."""
    chosen = request.query_params.get(name, default)
    return chosen if chosen in options else default


def item_in(items: Iterable[Mapping[str, Any]], wanted: object) -> Mapping[str, Any]:
    """Returns the item with the `wanted` id. Raises HTTPException if there is none: its page is not there."""
    found = next((one for one in items if one["id"] == str(wanted)), None)
    if found is None:
        raise HTTPException(404)
    return found


def next_of(request: Request, listed: Mapping[str, Any], params: Params) -> str | None:
    """Returns the address of the next page of the list with the same filters, None on the last page."""
    cursor = listed.get("next")
    return None if cursor is None else f"{request.url.path}?{urlencode(_filters(params) | {'after': cursor})}"


def first_of(request: Request, params: Params) -> str | None:
    """Returns the address of the first page of the list with the same filters, None on that page."""
    if "after" not in params:
        return None
    filters = _filters(params)
    return f"{request.url.path}?{urlencode(filters)}" if filters else request.url.path


def _filters(params: Params) -> dict[str, str | int]:
    return {name: value for name, value in params.items() if name not in ("after", "limit") and value is not None}
