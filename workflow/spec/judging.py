"""Judging one event that a stream sent: its fields, its name and its properties."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from workflow.spec.found import EventFinding, Findings, kind_of, shown
from workflow.spec.message import check_message
from workflow.spec.names import MAX_EVENT_NAME, NameClass, judge_name, spec_event, words_of
from workflow.spec.naming import problem_with_name
from workflow.spec.properties import check_properties

_DECLARATIONS: Final = 1024
"""Lists of declared events that are kept ready."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether an event is valid, the declared event that it is about, or None, and all findings, at most 21.

    An event that is not valid may be about a declared event too: its findings say what is wrong with it.
    """

    valid: bool
    declared: str | None
    findings: tuple[EventFinding, ...]


def judge_event(event: Mapping[str, Any], *, app_slug: str, declared: Collection[str]) -> Judgement:
    """Judges an event as a JSON parser returns it. Pure. Raises nothing, whatever the values.

    `declared` has the names of the events that the stream's settings list; a tuple is fastest. Costs time in proportion
    to the event's length, and does not recurse into what the Spec does not describe.
    """
    findings = Findings()
    about = None
    if not isinstance(event, Mapping):
        detail = f"The call is {kind_of(event)}. It must be an object."
        findings.error("call.not_object", "", detail, "Send an object with a type.")
        return Judgement(valid=False, declared=None, findings=tuple(findings.found))
    kind = check_message(event, app_slug, findings)
    if kind == "track":
        name = event.get("event")
        if isinstance(name, str) and name:
            about = _check_name(name, declared if isinstance(declared, tuple) else tuple(declared), event, findings)
    return Judgement(valid=findings.valid, declared=about, findings=tuple(findings.found))


def _check_name(name: str, declared: tuple[str, ...], event: Mapping[str, Any], findings: Findings) -> str | None:
    """Adds what is wrong with an event's name and its properties. Returns the declared event that it is about."""
    problem, judged = problem_with_name(name), judge_name(name)
    if problem is not None:
        findings.add(problem)
    meant = None if judged.kind == NameClass.AMBIGUOUS else judged.event
    _check_properties(meant, event.get("properties"), findings)
    index = _index_of(declared)
    about = index.exact.get(name) or (index.meant.get(meant) if meant else None)
    if about is None:
        _warn_of_undeclared(name, index, findings)
    return about


def _check_properties(meant: str | None, properties: object, findings: Findings) -> None:
    if properties is None:
        properties = {}
    if isinstance(properties, dict):
        check_properties(meant, properties, findings)
    else:
        detail = f"properties is {kind_of(properties)}. It must be an object."
        remedy = "Send properties as an object, or leave it out."
        findings.error("properties.not_object", "/properties", detail, remedy)


def _warn_of_undeclared(name: str, index: "_Index", findings: Findings) -> None:
    near = index.by_words.get(words_of(name)) if len(name) <= MAX_EVENT_NAME else None
    detail = f"The stream does not declare {shown(name)}, so the event counts for none that it declares."
    if near is None:
        remedy = "Add it to the events in the stream's settings if the stream is to send it."
    else:
        remedy = f"Send it as {shown(near)}, as the stream's settings have it."
    findings.warning("event.undeclared", "/event", detail, remedy)


@dataclass(frozen=True, slots=True)
class _Index:
    """Declared events by their names, by the Spec's event that they are, and by their words."""

    exact: Mapping[str, str]
    meant: Mapping[str, str]
    by_words: Mapping[str, str]


@lru_cache(_DECLARATIONS)
def _index_of(declared: tuple[str, ...]) -> _Index:
    meant: dict[str, str] = {}
    for name in declared:
        event = spec_event(name)
        if event is not None:
            meant.setdefault(event, name)
    short = [name for name in declared if len(name) <= MAX_EVENT_NAME]
    return _Index({name: name for name in declared}, meant, {words_of(name): name for name in reversed(short)})
