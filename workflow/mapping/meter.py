"""What an evaluation may cost, and the counting of it: steps, and bytes of every value that is made or copied."""

import json
import math
from typing import Any, Final

from workflow.mapping.problems import failed

MAX_STEPS: Final = 10_000
"""Parts of mappings that are evaluated, parts of paths that are followed, and values that are copied."""
MAX_OUTPUT_BYTES: Final = 64 * 1024
"""All values that one evaluation makes or copies, as JSON in UTF-8. So its output has at most as many."""
MAX_DEPTH: Final = 20
"""How deep lists and objects may nest, in a mapping and in its output."""


class Meter:
    """Counts what one evaluation costs. Each method raises MappingInvalid (`mapping.failed`) when a bound is passed."""

    def __init__(self) -> None:
        self.steps = 0
        self.bytes = 0

    def step(self, place: str) -> None:
        """Counts a step at `place`, a JSON pointer."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            remedy = "Map fewer items, or fewer properties of each."
            raise failed(place, f"The mapping takes more than {MAX_STEPS} steps with this event.", remedy)

    def write(self, place: str, size: int) -> None:
        """Counts `size` bytes."""
        self.bytes += size
        if self.bytes > MAX_OUTPUT_BYTES:
            detail = f"The mapping makes more than {MAX_OUTPUT_BYTES} bytes of this event."
            raise failed(place, detail, "Copy single properties instead of whole objects.")

    def write_text(self, place: str, text: str) -> None:
        """Counts the bytes of a string."""
        if len(text) > MAX_OUTPUT_BYTES:
            self.write(place, len(text))
        try:
            self.write(place, len(json.dumps(text, ensure_ascii=False).encode()))
        except UnicodeEncodeError:
            detail = "A string of the event has half of a pair of surrogates, which no encoding can write."
            raise failed(place, detail, "Send the event in UTF-8.") from None

    def open(self, place: str, depth: int) -> None:
        """Counts the brackets of a list or object that stands in `depth` others."""
        self.write(place, 2)
        if depth >= MAX_DEPTH:
            raise failed(place, f"The output nests deeper than {MAX_DEPTH} levels.", "Copy a part that nests less.")

    def copy(self, place: str, value: Any, depth: int) -> None:
        """Counts a value that is copied to where it stands in `depth` others, with all its parts."""
        self.step(place)
        if isinstance(value, str):
            self.write_text(place, value)
        elif isinstance(value, dict):
            self.open(place, depth)
            for key, inner in value.items():
                self.write_text(place, key)
                self.write(place, 2)
                self.copy(place, inner, depth + 1)
        elif isinstance(value, list):
            self.open(place, depth)
            for inner in value:
                self.write(place, 1)
                self.copy(place, inner, depth + 1)
        else:
            self.write(place, len(text_of(value, place)))


def text_of(value: Any, place: str) -> str:
    """Returns a string as it is, any other scalar as JSON writes it. Raises MappingInvalid for what JSON cannot say."""
    if isinstance(value, str):
        return value
    is_finite = not isinstance(value, float) or math.isfinite(value)
    if value is None or (isinstance(value, bool | int | float) and is_finite):
        try:
            return json.dumps(value)
        except ValueError:  # an integer with thousands of digits
            pass
    raise failed(place, "A value of the event is no JSON value of a size that can be written.", "Leave it out.")
