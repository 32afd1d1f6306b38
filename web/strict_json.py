"""Strict JSON: refuses what parsers read differently, or what is expensive to read, before anything uses it."""

import json
from collections.abc import Iterable
from typing import Any

MAX_DEPTH = 32
MAX_PARTS = 100_000
"""The most commas and opening brackets in a body, those inside strings included. It bounds the number of values."""
MAX_INTEGER = 2**63 - 1


def reason_to_refuse(body: bytes) -> str | None:
    """Returns why `body` is refused, or None if it is accepted.

    Refused are bodies that are not JSON in UTF-8, have a name twice in one object, NaN or an integer beyond 64 bits,
    nest deeper than MAX_DEPTH, or have more than MAX_PARTS values. Costs about as much as parsing the body once; the
    parts are counted first, so that no body is expensive.
    """
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MAX_PARTS:
        return f"It has more than {MAX_PARTS} parts."
    try:
        value = json.loads(body.decode(), object_pairs_hook=_object_of, parse_int=_integer, parse_constant=_constant)
    except UnicodeDecodeError:
        return "It is not UTF-8."
    except json.JSONDecodeError as error:
        return f"It is not JSON: {error}."
    except RecursionError:
        return _TOO_DEEP
    except _RefusedError as error:
        return str(error)
    return _TOO_DEEP if nests_deeper(value, MAX_DEPTH) else None


def nests_deeper(value: Any, depth: int) -> bool:
    """Returns whether lists and objects in `value` nest deeper than `depth`. Does not recurse, whatever the depth."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(depth):
        level = [inner for one in level for inner in _inside(one) if isinstance(inner, dict | list)]
        if not level:
            return False
    return bool(level)


class _RefusedError(Exception):
    """The reason to refuse a body that Python's json can read."""


_TOO_DEEP = f"It nests deeper than {MAX_DEPTH}."


def _inside(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise _RefusedError("An object has the same name twice.")
    return made


def _integer(digits: str) -> int:
    if len(digits) > 20 or abs(int(digits)) > MAX_INTEGER:
        raise _RefusedError("An integer has more than 64 bits.")
    return int(digits)


def _constant(name: str) -> Any:
    raise _RefusedError(f"{name} is not JSON.")
