"""What is wrong with a value of a request, as a person would say it, with a pointer to where it is."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, Field

from web.patterns import PATTERNS

MAX_FLAWS = 100
"""The most that one answer names. Who sends more mistakes than this corrects those first."""
MAX_DETAIL_CHARACTERS = 2000

Context = Mapping[str, Any]
ErrorDetails = Mapping[str, Any]


class Flaw(BaseModel):
    """Something that is wrong with one value: where it is, a stable code, and what is wrong, in words."""

    location: str = Field(
        default="body", description="body, query, path or header.", examples=["body"], pattern="^[a-z]+$"
    )
    pointer: str = Field(
        description="The value, as a JSON pointer into the body or, elsewhere, the name of the parameter.",
        examples=["#/items/3/workspace"],
    )
    code: str = Field(examples=["pattern"])
    detail: str = Field(examples=["slug must be lower-case letters and digits."])


def flaws_of(errors: Sequence[ErrorDetails], given: Any, *, within: Sequence[str | int] = ()) -> list[Flaw]:
    """Returns the flaws that pydantic found in `given`, at most MAX_FLAWS of them.

    A location that begins with `body`, `query`, `path`, `header` or `cookie` is one of the framework's. With `within`,
    the locations are relative to that place of the body, and `given` is the value there.
    """
    return [_flaw(error, given, within) for error in errors[:MAX_FLAWS]]


def in_words(flaws: Sequence[Flaw]) -> str:
    """Returns all flaws as the detail of a problem, at most MAX_DETAIL_CHARACTERS long."""
    text = " ".join(flaw.detail for flaw in flaws)
    return text if len(text) <= MAX_DETAIL_CHARACTERS else text[: MAX_DETAIL_CHARACTERS - 4] + " ..."


def _flaw(error: ErrorDetails, given: Any, within: Sequence[str | int]) -> Flaw:
    location, steps = "body", tuple(error["loc"])
    if not within and steps and steps[0] in _PLACES:
        location, steps = str(steps[0]), steps[1:]
    if location == "body":
        steps = (*within, *_real_steps(steps, given))
    code, sentence = SENTENCES.get(error["type"], _UNKNOWN)
    name = _name_of(steps, location)
    said = sentence(error.get("ctx") or {}).format(name=name) if callable(sentence) else sentence.format(name=name)
    pointer = "#" + "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)
    return Flaw(location=location, pointer=pointer, code=code, detail=said[:500])


def _real_steps(steps: Sequence[str | int], given: Any) -> list[str | int]:
    """Returns the steps that lead into the body, without those that only name the branch of a union."""
    real: list[str | int] = []
    for number, step in enumerate(steps):
        is_last = number == len(steps) - 1
        if isinstance(given, dict) and isinstance(step, str) and (step in given or is_last):
            real.append(step)
            given = given.get(step)
        elif isinstance(given, list) and isinstance(step, int):
            real.append(step)
            given = given[step] if step < len(given) else None
    return real


def _name_of(steps: Sequence[str | int], location: str) -> str:
    if not steps:
        return "The body"
    last = steps[-1]
    if isinstance(last, int):
        of = f" of {steps[-2]}" if len(steps) > 1 else ""
        return f"Item {last + 1}{of}"
    shown = last if len(last) <= 64 else last[:61] + "..."
    shown = shown.replace("{", "{{").replace("}", "}}")
    return {"query": f"The parameter {shown}", "header": f"The header {shown}"}.get(location, shown)


def _count(number: Any, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _at_least(key: str, one: str, many: str) -> Callable[[Context], str]:
    return lambda context: "{name} must have at least " + _count(context[key], one, many) + "."


def _at_most(key: str, one: str, many: str) -> Callable[[Context], str]:
    return lambda context: "{name} may have at most " + _count(context[key], one, many) + "."


def _bound(words: str, key: str) -> Callable[[Context], str]:
    return lambda context: "{name} must be " + words + f" {context[key]}."


def _pattern(context: Context) -> str:
    words = PATTERNS.get(str(context.get("pattern")), "written in another form")
    return "{name} must be " + words + "."


_MEMBER = re.compile(r"<\w+\.\w+: ([^<>]*)>")
"""The member of an enumeration, as Python shows it."""


def _one_of(context: Context) -> str:
    said = _MEMBER.sub(r"\1", str(context["expected"]))
    expected = said.replace("'", "").replace("True", "true").replace("False", "false")
    return "{name} must be " + ("one of: " if " or " in expected else "") + _literal(expected) + "."


def _own_words(context: Context) -> str:
    words = _literal(str(context.get("error", "is not accepted")).rstrip("."))
    joins = words.split(" ", 1)[0] in ("must", "cannot", "is", "may", "has")
    return "{name}" + (" " if joins else ": ") + words + "."


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


Sentence = str | Callable[[Context], str]
_CHARACTERS, _BYTES, _ITEMS = ("character", "characters"), ("byte", "bytes"), ("item", "items")
_TEXT: tuple[str, Sentence] = ("type", "{name} must be text, in quotes.")
_WHOLE: tuple[str, Sentence] = ("type", "{name} must be a whole number, such as 3.")
_NUMBER: tuple[str, Sentence] = ("type", "{name} must be a number.")
_FLAG: tuple[str, Sentence] = ("type", "{name} must be true or false.")
_OBJECT: tuple[str, Sentence] = ("type", "{name} must be an object, in braces.")
_LIST: tuple[str, Sentence] = ("type", "{name} must be a list, in brackets.")
_DATE: tuple[str, Sentence] = ("type", "{name} must be a date, such as 2026-11-02.")
_TIME: tuple[str, Sentence] = ("type", "{name} must be a time with its zone, such as 2026-11-02T09:30:00Z.")
_UUID: tuple[str, Sentence] = ("type", "{name} must be an id, such as 01a214e4-0807-70d4-81d1-d4e178774917.")
_URL: tuple[str, Sentence] = ("type", "{name} must be an address, such as https://acme.example.")
_DURATION: tuple[str, Sentence] = ("type", "{name} must be a duration, such as P3D.")
_UNKNOWN: tuple[str, Sentence] = ("value", "{name} is not accepted as it is.")

SENTENCES: dict[str, tuple[str, Sentence]] = {
    "missing": ("missing", "{name} is missing."),
    "extra_forbidden": ("unknown", "{name} is unknown here. Leave it out, or correct its name."),
    "repeated": ("repeated", "{name} is there more than once. Send it once."),
    "invalid_key": ("type", "{name} must have names that are text."),
    "json_invalid": ("json", "{name} is not JSON."),
    "json_type": ("json", "{name} must be JSON."),
    "none_required": ("type", "{name} must be null."),
    "string_type": _TEXT,
    "string_unicode": _TEXT,
    "bytes_type": _TEXT,
    "string_not_ascii": ("pattern", "{name} must be ASCII text."),
    "string_too_short": ("too_short", _at_least("min_length", *_CHARACTERS)),
    "string_too_long": ("too_long", _at_most("max_length", *_CHARACTERS)),
    "bytes_too_short": ("too_short", _at_least("min_length", *_BYTES)),
    "bytes_too_long": ("too_long", _at_most("max_length", *_BYTES)),
    "bytes_invalid_encoding": ("pattern", "{name} is not encoded as it has to be."),
    "string_pattern_mismatch": ("pattern", _pattern),
    "too_short": ("too_short", _at_least("min_length", *_ITEMS)),
    "too_long": ("too_long", _at_most("max_length", *_ITEMS)),
    "greater_than": ("range", _bound("greater than", "gt")),
    "greater_than_equal": ("range", _bound("at least", "ge")),
    "less_than": ("range", _bound("less than", "lt")),
    "less_than_equal": ("range", _bound("at most", "le")),
    "multiple_of": ("range", _bound("a multiple of", "multiple_of")),
    "finite_number": ("range", "{name} must be a finite number."),
    "enum": ("choice", _one_of),
    "literal_error": ("choice", _one_of),
    "union_tag_invalid": ("choice", "{name} is none of the forms that are accepted here."),
    "union_tag_not_found": ("choice", "{name} is none of the forms that are accepted here."),
    "dict_type": _OBJECT,
    "mapping_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "iterable_type": _LIST,
    "set_item_not_hashable": ("type", "{name} must be text or a number."),
    "bool_type": _FLAG,
    "bool_parsing": _FLAG,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": ("range", "{name} is too large a number."),
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "decimal_max_digits": ("range", "{name} has too many digits."),
    "decimal_max_places": ("range", "{name} has too many digits after the point."),
    "decimal_whole_digits": ("range", "{name} has too many digits before the point."),
    "value_error": ("value", _own_words),
    "assertion_error": ("value", _own_words),
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": ("type", "{name} must be a date without a time of day."),
    "date_past": ("range", "{name} must be in the past."),
    "date_future": ("range", "{name} must be in the future."),
    "time_type": ("type", "{name} must be a time of day, such as 09:30."),
    "time_parsing": ("type", "{name} must be a time of day, such as 09:30."),
    "datetime_type": _TIME,
    "datetime_parsing": _TIME,
    "datetime_object_invalid": _TIME,
    "datetime_from_date_parsing": _TIME,
    "datetime_past": ("range", "{name} must be in the past."),
    "datetime_future": ("range", "{name} must be in the future."),
    "timezone_naive": ("type", "{name} must be a time without a zone."),
    "timezone_aware": ("type", "{name} needs a time zone: write 2026-11-02T09:30:00Z, or +01:00 in place of Z."),
    "timezone_offset": ("type", "{name} is in another time zone than is accepted."),
    "time_delta_type": _DURATION,
    "time_delta_parsing": _DURATION,
    "uuid_type": _UUID,
    "uuid_parsing": _UUID,
    "uuid_version": _UUID,
    "url_type": _URL,
    "url_parsing": _URL,
    "url_syntax_violation": _URL,
    "url_too_long": ("too_long", _at_most("max_length", *_CHARACTERS)),
    "url_scheme": ("choice", "{name} must begin with https:// or another scheme that is accepted here."),
    "recursion_loop": ("value", "{name} contains itself."),
    "recursion_depth_exceeded": ("value", "{name} is nested too deeply."),
}
"""What a person would say of each kind of error, and its stable code. `{name}` is the value's name."""
_PLACES = frozenset({"body", "query", "path", "header", "cookie"})
