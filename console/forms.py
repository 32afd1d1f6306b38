"""Reading the fields of a form that a page has sent."""

import secrets
from urllib.parse import parse_qsl

from starlette.requests import Request

MAX_FORM_BYTES = 16 * 1024
MAX_FIELDS = 20


async def fields_of(request: Request) -> dict[str, str]:
    """Returns the fields of a form; of several with one name the last, and none for what is no form."""
    body = await request.body()
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except ValueError:
        return {}


def new_key() -> str:
    """Returns an idempotency key for a form, so that sending it twice does nothing twice."""
    return secrets.token_urlsafe(16)


def key_in(fields: dict[str, str]) -> str | None:
    """Returns the form's idempotency key, None if it has none of ours."""
    key = fields.get("key", "")
    return key if 10 <= len(key) <= 100 and key.isascii() and key.isprintable() and " " not in key else None
