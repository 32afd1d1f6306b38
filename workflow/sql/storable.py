"""Text that Postgres can store: without NUL characters, and without lone surrogates, which UTF-8 cannot encode."""

import json
import re
from typing import Any

NUL = "\x00"
WITHOUT_NUL = r"^[^\x00]*$"
"""A regular expression that matches text without NUL. Lone surrogates are refused where JSON is parsed."""
MAX_ERROR_CHARACTERS = 2000
"""The number of characters that are kept of an error message."""

_NUL_IN_JSON = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""Matches the escape of a NUL, but not an escaped backslash before the text u0000."""


def is_storable(value: str) -> bool:
    """Returns whether Postgres can store the text as it is."""
    return made_storable(value) == value


def made_storable(value: str, max_characters: int | None = None) -> str:
    """Returns the text without NULs, with `?` for each lone surrogate, cut to `max_characters`.

    Meant for error messages: an unstorable character in a message must not hide the error.
    """
    return value.replace(NUL, "").encode(errors="replace").decode()[:max_characters]


def storable_json(value: Any) -> bytes:
    """Returns a value as JSON. Raises ValueError for what `jsonb` cannot store: NUL, lone surrogates, NaN, infinity."""
    dumped = json.dumps(value, allow_nan=False, ensure_ascii=False)
    if _NUL_IN_JSON.search(dumped):
        raise ValueError("the value contains the character NUL")
    try:
        return dumped.encode()
    except UnicodeEncodeError as error:
        half = dumped[error.start]
        raise ValueError(f"the value contains U+{ord(half):04X}, one half of a character") from None
