"""Hooks of Schemathesis: what its coverage phase need not send, because it would be refused in the same way again."""

from typing import Any

import schemathesis
from schemathesis.generation.meta import CoverageScenario, TestPhase
from schemathesis.generation.modes import GenerationMode

_sent: set[tuple[object, ...]] = set()


@schemathesis.hook
def filter_case(_context: Any, case: Any) -> bool:
    """Returns whether to send the case: of wrong values of a kind in one place of a call, only the first.

    The kind says what is wrong: the type, the length, the pattern, what is missing. That one such value is refused
    proves that the place is validated, and with which answer. `test_values` sends many more values to each place.
    A broken Content-Type is sent only with a body, since the header is not read without one.
    """
    meta = case.meta
    if meta is None or meta.phase.name != TestPhase.COVERAGE or meta.generation.mode != GenerationMode.NEGATIVE:
        return True
    wrong = meta.phase.data
    if wrong.scenario == CoverageScenario.MALFORMED_CONTENT_TYPE and not case.operation.body:
        return False
    if wrong.scenario == CoverageScenario.UNSPECIFIED_HTTP_METHOD:
        return True
    kind = (wrong.description or "").removeprefix(f"{wrong.parameter}: ")
    key = (case.operation.label, wrong.parameter_location, wrong.parameter, kind)
    is_first = key not in _sent
    _sent.add(key)
    return is_first
