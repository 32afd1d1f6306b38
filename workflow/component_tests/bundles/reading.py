"""Reading a bundle in another process: what a confined process runs, and what its caller makes of the answer.

A bundle may take more memory or time than its length suggests, or crash its parser. It is then not checked.
"""

import sys
from collections.abc import Callable
from typing import Final

from workflow.component_tests.bundles.report import BundleReport, report_of

TARGET: Final = f"{__name__}:answer"
"""The function that a confined process runs."""
MAX_BUNDLE: Final = 2 * 1024 * 1024
"""The number of bytes of a bundle that is read."""

Confined = Callable[[bytes], bytes]
"""Runs `answer` on its argument in a process of its own. Raises UncheckedError if it does not answer."""


class UncheckedError(Exception):
    """The bundle could not be checked. `words` say why, for its author."""

    def __init__(self, words: str, *, may_pass: bool = False) -> None:
        super().__init__(words)
        self.words = words
        self.may_pass = may_pass


def read_bundle(confined: Confined, content: bytes) -> BundleReport:
    """Returns what is found in a bundle. Raises UncheckedError if that cannot be told."""
    if len(content) > MAX_BUNDLE:
        raise UncheckedError(f"it is larger than {MAX_BUNDLE} bytes")
    try:
        return report_of(confined(content))
    except (ValueError, KeyError, TypeError):
        raise UncheckedError("its reader gave no answer") from None


def answer(content: bytes) -> bytes:
    """Returns the report of a bundle as JSON."""
    return examine(content).as_json()


def examine(content: bytes) -> BundleReport:
    """Parses a bundle and returns what is found in it. For a process of its own: it may crash."""
    from workflow.component_tests.bundles.examining import examine as examined

    sys.setrecursionlimit(2000)
    return examined(content)
