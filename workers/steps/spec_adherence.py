"""The step `spec_adherence`: judges the names of the events that the streams declare by the Spec.

What a stream really sends is judged where it arrives.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workers.pages import FetchesPages
from workers.steps.step import Evidence, StepOutcome, outcome_of
from workflow.findings import Finding
from workflow.names import quoted
from workflow.spec.names import twins
from workflow.spec.naming import problem_with_name


def run(evidence: Evidence, http: FetchesPages) -> StepOutcome:  # noqa: ARG001 (nothing to fetch)
    """Returns all findings on the names. One that means an event of the Spec and is another is a fault."""
    faults: list[Finding] = []
    doubts: list[Finding] = []
    for component in evidence.components:
        names = _declared(component)
        place = f"components/{component.get('id', '')}"
        stream = f"The stream {quoted(str(component.get('name', '')))}"
        for name in names:
            problem = problem_with_name(name)
            if problem is not None:
                finding = Finding(
                    problem.code,
                    f"{stream} declares an event that is not named by the Spec. {problem.detail}",
                    problem.remedy,
                    f"{place}/{name}",
                    name,
                )
                (faults if problem.is_error else doubts).append(finding)
        faults.extend(_twins(names, stream, place))
    return outcome_of(faults, doubts)


def _declared(component: Mapping[str, Any]) -> Sequence[str]:
    """Returns the names that a stream declares; none of any other Component, and none that a snapshot does not have."""
    if component.get("kind") != "stream":
        return ()
    names = component.get("settings", {}).get("events", ())
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else ()


def _twins(names: Sequence[str], stream: str, place: str) -> Iterator[Finding]:
    for (first, second), event in twins(names).items():
        detail = f'{stream} declares "{event}" twice: as {quoted(first)} and as {quoted(second)}.'
        yield Finding("event.twice", detail, f'Declare it once, as "{event}".', f"{place}/{second}", second)
