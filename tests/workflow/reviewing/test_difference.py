"""The difference between two rounds has every change, and nothing else."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from workflow.reviewing.difference import (
    ChangeKind,
    Difference,
    FindingStatus,
    StepFindings,
    compare_findings,
    difference,
)

values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a", "b"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=2),
    max_leaves=4,
)
fields = st.dictionaries(st.sampled_from(["name", "slug", "url"]), values, max_size=3)
components = st.dictionaries(st.sampled_from(["1", "2", "3"]), fields, max_size=3).map(
    lambda found: [{**found[key], "id": key} for key in sorted(found)]
)
snapshots = st.fixed_dictionaries(
    {
        "app": fields,
        "components": components,
        "evidence": st.dictionaries(st.sampled_from(["partners_page", "app_info"]), fields, max_size=2),
    }
)


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _applied(before: dict[str, Any], changes: Difference) -> dict[str, Any]:
    """Returns the snapshot that `changes` lead to from `before`."""
    parts: dict[str, Any] = json.loads(_json(before | {"components": {one["id"]: one for one in before["components"]}}))
    for part, changed in changes.items():
        for change in changed:
            inner = parts[part]
            for step in change.path[:-1]:
                inner = inner[step]
            if change.kind is ChangeKind.REMOVED:
                del inner[change.path[-1]]
            else:
                inner[change.path[-1]] = change.after
    by_id = parts["components"]
    return parts | {"components": [by_id[key] for key in sorted(by_id)]}


@given(snapshots)
def test_nothing_changed_between_a_snapshot_and_itself(snapshot: dict[str, Any]) -> None:
    assert difference(snapshot, snapshot) == {}


@given(snapshots, snapshots)
def test_applying_a_difference_gives_the_later_snapshot(before: dict[str, Any], after: dict[str, Any]) -> None:
    kept = _json(before)
    changes = difference(before, after)
    assert _json(_applied(before, changes)) == _json(after)
    assert _json(before) == kept
    assert bool(changes) == (_json(before) != _json(after))


@given(snapshots, snapshots)
def test_a_reversed_difference_has_the_same_paths(before: dict[str, Any], after: dict[str, Any]) -> None:
    mirrored = {ChangeKind.ADDED: ChangeKind.REMOVED, ChangeKind.REMOVED: ChangeKind.ADDED}
    forth = {(part, one.path, one.kind) for part, found in difference(before, after).items() for one in found}
    back = {(part, one.path, one.kind) for part, found in difference(after, before).items() for one in found}
    assert forth == {(part, path, mirrored.get(kind, kind)) for part, path, kind in back}


def test_a_change_names_the_field_and_its_values_before_and_after() -> None:
    before = {
        "app": {"name": "Acme"},
        "components": [{"id": "c1", "name": "Hook", "settings": {}}],
        "evidence": {"partners_page": {"url": "https://a.example"}, "replay_info": {"possible": True}},
    }
    after = {
        "app": {"name": "Acme"},
        "components": [{"id": "c2", "name": "Hook", "settings": {}}],
        "evidence": {"partners_page": {"url": "https://b.example"}, "replay_info": {"possible": 1}},
    }
    found = difference(before, after)
    assert [(one.path, one.kind) for one in found["components"]] == [
        (("c1",), ChangeKind.REMOVED),
        (("c2",), ChangeKind.ADDED),
    ]
    assert [(one.path, one.before, one.after) for one in found["evidence"]] == [
        (("partners_page", "url"), "https://a.example", "https://b.example"),
        (("replay_info", "possible"), True, 1),
    ]
    assert "app" not in found


def _step(code: str, *findings: tuple[str, str], decided: bool = True) -> StepFindings:
    return StepFindings(code, decided, tuple({"code": code, "detail": detail} for code, detail in findings))


def test_findings_are_new_still_there_fixed_or_not_checked_yet() -> None:
    last = [
        _step("docs", ("gone", "x"), ("kept", "as it was worded"), ("kept", "twice")),
        _step("person", ("other", "one"), ("other", "two")),
        _step("later", ("open", "x")),
    ]
    now = [
        _step("docs", ("kept", "worded anew"), ("fresh", "x")),
        _step("person", ("other", "two")),
        _step("later", decided=False),
    ]
    found = [
        (one.step, one.finding["code"], one.finding["detail"], one.standing) for one in compare_findings(last, now)
    ]
    assert found == [
        ("docs", "kept", "worded anew", FindingStatus.STILL_THERE),
        ("docs", "fresh", "x", FindingStatus.NEW),
        ("person", "other", "two", FindingStatus.STILL_THERE),
        ("docs", "gone", "x", FindingStatus.FIXED),
        ("docs", "kept", "twice", FindingStatus.FIXED),
        ("person", "other", "one", FindingStatus.FIXED),
        ("later", "open", "x", FindingStatus.UNCHECKED),
    ]
