"""Reading foreign text costs in proportion to its length, whatever reads it: the readers are found in the code."""

import sys
from collections.abc import Iterator
from contextlib import suppress
from types import FrameType

import pytest

from tests.costs import assert_linear
from tests.readers.table import OUR_OWN, READERS, REFUSALS, Reader
from tests.readers.walk import readers

PIECES = (
    *" \t\n.,;:-_=&#?%/\\@(){}[]<>'\"`*!|~1aé株\u0301\u200b\x00\xff",
    *("a.", "a@", "a b", "1e", "xn--", "W/", "=?utf-8?q?"),
    *("[a](", "](", "![", "<a ", "<!--", "</a>", "&amp;"),
    *("\\61 ", "url(", "a{b:c;", "/*", '","', "\\u0000"),
)
"""What is repeated: whatever a grammar gives a meaning to, and letters that have several forms."""
SAMPLES = (
    "",
    "a",
    "1",
    "https://a.example/?a=1",
    "https://1.2.3.4",
    "Acme é",
    "2026-11-02",
    "2026-11-02T00:00:00Z",
    "\\u0061",
)


def test_the_table_has_every_function_that_reads_foreign_text() -> None:
    found = set(readers())
    reached = set(_reached())
    assert sorted(found - reached - set(OUR_OWN)) == []
    assert sorted(set(OUR_OWN) - found) == []


@pytest.mark.parametrize("name", READERS)
def test_reading_costs_in_proportion_to_the_length(name: str) -> None:
    for place in READERS[name].places:
        for piece in PIECES:
            assert_linear(
                lambda size, piece=piece, place=place: place.replace("{}", piece * (size // len(piece))),  # type: ignore[misc]
                lambda text: _read(READERS[name], text),
                size=2_000,
            )


def _read(reader: Reader, text: str) -> None:
    with suppress(*REFUSALS):
        reader.read(text)


def _reached() -> Iterator[str]:
    """Yields the functions that the readers of the table run, by `module.function`."""
    called: set[tuple[str, str]] = set()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            called.add((frame.f_globals.get("__name__", ""), frame.f_code.co_qualname))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        for reader in READERS.values():
            for place in reader.places:
                for sample in (*SAMPLES, "".join(PIECES)):
                    _read(reader, place.replace("{}", sample))
    finally:
        sys.setprofile(before)
    for module, name in called:
        yield f"{module}.{name.partition('.<locals>')[0]}"
