"""Strict JSON: refuses what parsers read differently, or what is expensive to read, before anything uses it."""

import json
import math
from collections.abc import Iterable
from typing import Any

MAX_DEPTH = 32
MAX_PARTS = 100_000
"""The most commas and opening brackets in a body, those inside strings included. It bounds the number of values."""
MAX_INTEGER = 2**63 - 1


class UnreadableJsonError(Exception):
    """The reason to refuse a body. `line` is where it is, counted from 1, None if that is not known."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.line = line


def read_json(body: bytes) -> Any:
    """Returns the value of `body`. Raises UnreadableJsonError, with a sentence that says why it is refused.

    Refused are bodies that are not JSON in UTF-8, have a name twice in one object, NaN, a number beyond the range of
    64 bits, nest deeper than MAX_DEPTH, or have more than MAX_PARTS values. Costs about as much as parsing the body
    once; the parts are counted first, so that no body is expensive.
    """
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MAX_PARTS:
        raise UnreadableJsonError(f"It has more than {MAX_PARTS} parts.")
    try:
        value = json.loads(
            body.decode(),
            object_pairs_hook=_object_of,
            parse_int=_integer,
            parse_float=_fraction,
            parse_constant=_constant,
        )
    except UnicodeDecodeError:
        raise UnreadableJsonError("It is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise UnreadableJsonError(f"It is not JSON: {error}.", error.lineno) from None
    except RecursionError:
        raise UnreadableJsonError(_TOO_DEEP) from None
    if nests_deeper(value, MAX_DEPTH):
        raise UnreadableJsonError(_TOO_DEEP)
    return value


def reason_to_refuse(body: bytes) -> str | None:
    """Returns why `read_json` refuses `body`, or None if it reads it."""
    try:
        read_json(body)
    except UnreadableJsonError as error:
        return str(error)
    return None


def nests_deeper(value: Any, depth: int) -> bool:
    """Returns whether lists and objects in `value` nest deeper than `depth`. Does not recurse, whatever the depth."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(depth):
        level = [inner for one in level for inner in _inside(one) if isinstance(inner, dict | list)]
        if not level:
            return False
    return bool(level)


_TOO_DEEP = f"It nests deeper than {MAX_DEPTH}."


def _inside(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise UnreadableJsonError("An object has the same name twice.")
    return made


def _integer(digits: str) -> int:
    if len(digits) > 20 or abs(int(digits)) > MAX_INTEGER:
        raise UnreadableJsonError("An integer has more than 64 bits.")
    return int(digits)


def _fraction(written: str) -> float:
    value = float(written)
    if math.isinf(value):
        raise UnreadableJsonError("A number is too large.")
    return value


def _constant(name: str) -> Any:
    raise UnreadableJsonError(f"{name} is not JSON.")
