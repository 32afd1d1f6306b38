"""What is wrong with settings, in words and by its place. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from workflow.errors import Misfit, below

Place = tuple[int | str, ...]
LINE: Final = r"^[^\x00-\x1f\x7f]+$"
VISIBLE: Final = r"^[\x21-\x7e]+$"
VERSION: Final = r"^[0-9]{1,5}(\.[0-9]{1,5}){0,2}$"
NAME_OF_SETTING: Final = r"^[A-Za-z][A-Za-z0-9_]{0,63}$"
PACKAGE: Final = r"^[A-Za-z0-9_.-]{1,100}:[A-Za-z0-9_.-]{1,100}$"


class SeveralProblems(ValueError):
    """What is wrong with the parts of a value. `parts` has the place of each below the value, and words."""

    def __init__(self, parts: Sequence[tuple[Place, str]], words: str) -> None:
        super().__init__(words)
        self.parts = tuple(parts)


def misfits_of(problems: Sequence[Mapping[str, Any]]) -> list[Misfit]:
    """Returns the values that are wrong, by the problems that pydantic found in settings."""
    return [Misfit(_pointer(place), words) for problem in problems for place, words in _parts_of(problem)]


def words_of(problem: Mapping[str, Any]) -> str:
    """Returns what a person would say of a problem of pydantic's, without the value's name."""
    kind, bounds = problem["type"], problem.get("ctx", {})
    if kind == "string_pattern_mismatch":
        return f"must be {_FORMS[bounds['pattern']]}"
    said = _SAID.get(kind)
    return said.format(**bounds) if said else str(problem["msg"]).removeprefix("Value error, ")


def _parts_of(problem: Mapping[str, Any]) -> list[tuple[Place, str]]:
    """Returns the places of a problem of pydantic's, and what is wrong with each."""
    place, cause = problem["loc"], problem.get("ctx", {}).get("error")
    if isinstance(cause, SeveralProblems):
        return [((*place, *below_it), words) for below_it, words in cause.parts]
    said = words_of(problem)
    return [(place, f"{said[0].upper()}{said[1:]}.")]


def _pointer(place: Place) -> str:
    pointer = "/settings"
    for step in place:
        pointer = below(pointer, step)
    return pointer


_FORMS: Final[Mapping[str, str]] = {
    LINE: "one line of text, without control characters",
    VISIBLE: "an address in ASCII without spaces; write other characters percent-encoded, or the host as xn--",
    VERSION: "a version: one to three numbers with dots between, such as 1.60",
    NAME_OF_SETTING: "a name of up to 64 letters, digits and underscores that begins with a letter, such as region",
    PACKAGE: "a group and a name with a colon between, such as com.acme:insights",
}
"""The patterns of settings, in words: nobody is shown an expression."""
_SAID: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "extra_forbidden": "is unknown",
    "string_type": "must be text",
    "string_too_short": "is empty",
    "string_too_long": "may have at most {max_length} characters",
    "too_short": "must have at least one item",
    "too_long": "may have at most {max_length} items",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "literal_error": "must be one of: {expected}",
}
"""What a person would say of each kind of problem."""
