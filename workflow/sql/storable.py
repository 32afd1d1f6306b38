"""What Postgres can store: texts without the character NUL and without lone surrogates, which UTF-8 has not."""

import json
import re
from typing import Any

NUL = "\x00"
WITHOUT_NUL = r"^[^\x00]*$"
"""The regular expression of a text that has no NUL. A lone surrogate is refused where JSON is read."""
MAX_ERROR_CHARACTERS = 2000
"""What is kept of an error's words."""

_NUL_IN_JSON = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""The escape of a NUL, and not a backslash before the text u0000."""


def is_storable(value: str) -> bool:
    """Returns whether Postgres can store the text as it is."""
    return made_storable(value) == value


def made_storable(value: str, max_characters: int | None = None) -> str:
    """Returns the text without NULs, with `?` for each lone surrogate, cut to `max_characters`.

    For words about a fault: what is wrong with them must not hide the fault.
    """
    return value.replace(NUL, "").encode(errors="replace").decode()[:max_characters]


def storable_json(value: Any) -> bytes:
    """Returns a value as JSON. Raises ValueError for what `jsonb` cannot hold: NUL, lone surrogates, NaN, infinity."""
    dumped = json.dumps(value, allow_nan=False, ensure_ascii=False)
    if _NUL_IN_JSON.search(dumped):
        raise ValueError("it has the character NUL")
    return dumped.encode()
