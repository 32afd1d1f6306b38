"""The differences between two rounds of an App: in its snapshots and in its findings. Pure."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Json = Any
"""Any JSON value."""
Snapshot = Mapping[str, Json]
"""A submission's content: `app` and `evidence` are objects, `components` is a list of objects with an `id`."""


class ChangeKind(StrEnum):
    """How something changed."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One change. `before` is None for something added, `after` for something removed.

    `path` is its place within the part of the snapshot: a field of the App, a Component's id or a requirement's code,
    followed by a field of that if only the field changed.
    """

    path: tuple[str, ...]
    kind: ChangeKind
    before: Json
    after: Json


Difference = dict[str, tuple[FieldChange, ...]]
"""The changes by part of the snapshot; a part without changes is left out."""


def difference(before: Snapshot, after: Snapshot) -> Difference:
    """Returns the changes from `before` to `after`, by part; {} if the snapshots are equal."""
    found = {}
    for part in sorted({*before, *after}):
        changes = tuple(_part_changes(_keyed(before.get(part, {})), _keyed(after.get(part, {}))))
        if changes:
            found[part] = changes
    return found


class FindingStatus(StrEnum):
    """What became of a finding in this round. `unchecked`: its step has not been decided yet."""

    NEW = "new"
    STILL_THERE = "still_there"
    FIXED = "fixed"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class StepFindings:
    """The findings of a review step, and whether the step has been decided."""

    step: str
    decided: bool
    findings: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class StandingFinding:
    """A finding of this round or the last, and what became of it."""

    step: str
    finding: Mapping[str, str]
    standing: FindingStatus


def compare_findings(last: Sequence[StepFindings], now: Sequence[StepFindings]) -> tuple[StandingFinding, ...]:
    """Returns every finding of this round, and those of the last round that are not among them.

    Two findings are the same if their step, code and place are equal and, for the code `other`, their text too. Each
    earlier finding is matched with at most one new one.
    """
    known = Counter(_identity(step.step, finding) for step in last for finding in step.findings)
    there = Counter(_identity(step.step, finding) for step in now for finding in step.findings)
    decided = {step.step for step in now if step.decided}
    found = []
    for step in now:
        for finding in step.findings:
            identity = _identity(step.step, finding)
            old = known[identity] > 0
            known[identity] -= old
            found.append(StandingFinding(step.step, finding, FindingStatus.STILL_THERE if old else FindingStatus.NEW))
    for step in last:
        for finding in step.findings:
            identity = _identity(step.step, finding)
            if there[identity] > 0:
                there[identity] -= 1
            else:
                standing = FindingStatus.FIXED if step.step in decided else FindingStatus.UNCHECKED
                found.append(StandingFinding(step.step, finding, standing))
    return tuple(found)


def _identity(step: str, finding: Mapping[str, str]) -> tuple[str, ...]:
    code = finding.get("code", "")
    words = finding.get("detail", "") if code == "other" else ""
    return step, code, finding.get("where", ""), words


def _part_changes(before: Mapping[str, Json], after: Mapping[str, Json]) -> list[FieldChange]:
    found = []
    for key in sorted({*before, *after}):
        old, new = before.get(key), after.get(key)
        if key in before and key in after and isinstance(old, dict) and isinstance(new, dict):
            found += [
                FieldChange((key, *change.path), change.kind, change.before, change.after)
                for change in _field_changes(old, new)
            ]
        else:
            found += _field_changes(
                {key: old} if key in before else {},
                {key: new} if key in after else {},
            )
    return found


def _field_changes(before: Mapping[str, Json], after: Mapping[str, Json]) -> list[FieldChange]:
    found = []
    for key in sorted({*before, *after}):
        if key not in before:
            found.append(FieldChange((key,), ChangeKind.ADDED, None, after[key]))
        elif key not in after:
            found.append(FieldChange((key,), ChangeKind.REMOVED, before[key], None))
        elif not _same(before[key], after[key]):
            found.append(FieldChange((key,), ChangeKind.CHANGED, before[key], after[key]))
    return found


def _keyed(part: Json) -> dict[str, Json]:
    """Returns a part as an object; a list becomes an object of its entries by id."""
    return {entry["id"]: entry for entry in part} if isinstance(part, list) else dict(part)


def _same(one: Json, other: Json) -> bool:
    """Returns whether two values are equal as JSON. Python's == would take True for 1."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
