"""Numbers, lengths and proportions by SVG's grammar. Pure, and linear in the length of the text."""

import re
from collections.abc import Callable

MAX_TEXT = 4096
"""Longer lists of numbers are read as none: no list that is read here needs so many."""
MAX_SIDE = 1e6

_NUMBER = r"[+-]?+(?:\d++(?:\.\d*+)?+|\.\d++)(?:[eE][+-]?+\d++)?+"
_ONE = re.compile(_NUMBER, re.ASCII)
_BETWEEN = re.compile(r"[ \t\n\f\r]*+(?:,[ \t\n\f\r]*+)?+")
_LENGTH = re.compile(rf"({_NUMBER})([a-zA-Z]*+|%)", re.ASCII)
_PIXELS = {"": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4, "q": 96 / 101.6}


def read_numbers(text: str) -> list[float] | None:
    """Returns the numbers of a list, such as a `viewBox`; None if it is none."""
    text = text.strip(" \t\n\f\r")
    if len(text) > MAX_TEXT:
        return None
    numbers: list[float] = []
    at = 0
    while at < len(text):
        found = _ONE.match(text, at)
        if found is None:
            return None
        numbers.append(float(found[0]))
        between = _BETWEEN.match(text, found.end())
        at = between.end() if between else found.end()
        if at == len(text) and text[-1] == ",":
            return None
    return numbers


def read_pixels(text: str) -> float | None:
    """Returns a length with an absolute unit, in pixels; None for one that depends on what is around it, or none."""
    text = text.strip(" \t\n\f\r")
    found = _LENGTH.fullmatch(text) if len(text) <= MAX_TEXT else None
    unit = _PIXELS.get(found[2].lower()) if found else None
    return float(found[1]) * unit if found and unit else None


def proportions(attribute: Callable[[str], str | None]) -> tuple[float, float] | None:
    """Returns width and height by the `viewBox`, else by `width` and `height`; None if neither states them."""
    box = attribute("viewBox")
    if box is not None and box.strip():
        numbers = read_numbers(box)
        sides = numbers[2:] if numbers and len(numbers) == 4 else []
    else:
        lengths = [read_pixels(attribute(name) or "") for name in ("width", "height")]
        sides = [length for length in lengths if length is not None]
    if len(sides) != 2 or not all(0 < side < MAX_SIDE for side in sides):
        return None
    return sides[0], sides[1]
