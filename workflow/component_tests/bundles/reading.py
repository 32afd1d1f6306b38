"""Having a bundle read in another process, and what its reader answers.

A bundle may take more memory or time than its length suggests, or crash its parser. It is then not checked.
"""

from collections.abc import Callable
from typing import Final

from pydantic import TypeAdapter

from workflow.component_tests.bundles.report import BundleReport

TARGET: Final = "workflow.component_tests.bundles.examining:answer"
"""The function that a confined process runs."""
MAX_BUNDLE: Final = 2 * 1024 * 1024
"""The number of bytes of a bundle that is read."""
_REPORT: Final = TypeAdapter(BundleReport)

Confined = Callable[[bytes], bytes]
"""Runs TARGET on a bundle in a process of its own, and returns its answer. Raises UncheckedError if there is none."""


class UncheckedError(Exception):
    """The bundle could not be checked. The message says why, for its author, and follows "because"."""


def read_bundle(confined: Confined, content: bytes) -> BundleReport:
    """Returns what is found in a bundle. Raises UncheckedError if that cannot be told."""
    if len(content) > MAX_BUNDLE:
        raise UncheckedError(f"it is larger than {MAX_BUNDLE} bytes")
    try:
        return report_of(confined(content))
    except ValueError:
        raise UncheckedError("its reader gave no answer") from None


def report_of(answer: bytes) -> BundleReport:
    """Returns the report that `BundleReport.as_json` wrote. Raises ValueError for anything else."""
    return _REPORT.validate_json(answer)
