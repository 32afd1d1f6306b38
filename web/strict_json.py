"""JSON as this service takes it: what parsers read differently, or at a great cost, is refused before it is used."""

import json
from collections.abc import Iterable
from typing import Any

MAX_DEPTH = 32
MAX_PARTS = 100_000
"""Commas and brackets of a body, those inside strings too: its values cannot be more."""
MAX_INTEGER = 2**63 - 1


def what_is_wrong(body: bytes) -> str | None:
    """Returns why `body` is not taken: not JSON in UTF-8, a name twice in one object, NaN, an integer beyond 64 bits,
    nested deeper than 32, or of too many values. None when it is well.

    Costs about as much as parsing it once; the parts are counted first, so that no body is dear.
    """
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MAX_PARTS:
        return f"It has more than {MAX_PARTS} parts."
    try:
        value = json.loads(body.decode(), object_pairs_hook=_named_once, parse_int=_integer, parse_constant=_constant)
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
    """Returns whether lists and objects lie in `value` more than `depth` deep. Takes no stack, however deep it is."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(depth):
        level = [inner for one in level for inner in _inside(one) if isinstance(inner, dict | list)]
        if not level:
            return False
    return bool(level)


class _RefusedError(Exception):
    """Why what json can read is not taken."""


_TOO_DEEP = f"It nests deeper than {MAX_DEPTH}."


def _inside(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
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
