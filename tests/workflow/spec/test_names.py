"""What an event's name is to the Spec, class by class, for names that are used in public code."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflow.spec.names import (
    AMBIGUOUS,
    CUSTOM,
    LEGACY,
    OTHER_MEANING,
    OTHER_SPELLING,
    SAME_WORDS,
    SYNONYMS,
    names_in,
)
from workflow.spec.data import read_data
from workflow.spec.names import MAX_EVENT_NAME, NameClass, judge_name, spec_names
from workflow.spec.naming import problem_with_name

TABLES: Mapping[NameClass, Mapping[str, str]] = {
    NameClass.SYNONYM: {event: f"{SAME_WORDS.get(event, '')}, {SYNONYMS.get(event, '')}" for event in spec_names()},
    NameClass.AMBIGUOUS: AMBIGUOUS,
    NameClass.OTHER_SPELLING: OTHER_SPELLING,
    NameClass.LEGACY: LEGACY,
}
NAMES = [
    (kind, event, name)
    for kind, table in TABLES.items()
    for event, line in table.items()
    for name in names_in(line)
    if name
]


@pytest.mark.parametrize(("kind", "event", "name"), NAMES)
def test_a_name_that_means_an_event_is_told_with_the_right_name(kind: NameClass, event: str, name: str) -> None:
    judged = judge_name(name)
    assert (judged.kind, judged.instead) == (kind, event)
    problem = problem_with_name(name)
    assert problem is not None
    assert event in problem.remedy
    assert problem.level == ("error" if kind == NameClass.SYNONYM else "warning")


@pytest.mark.parametrize("name", names_in(CUSTOM))
def test_a_name_without_a_counterpart_is_the_partners_own(name: str) -> None:
    assert judge_name(name).kind == NameClass.CUSTOM
    assert problem_with_name(name) is None


@pytest.mark.parametrize("name", names_in(OTHER_MEANING))
def test_a_name_that_only_resembles_the_specs_is_accepted(name: str) -> None:
    assert judge_name(name).kind == NameClass.OTHER_MEANING
    assert problem_with_name(name) is None


@pytest.mark.parametrize("name", spec_names())
def test_the_specs_own_names_are_accepted(name: str) -> None:
    is_legacy = spec_names()[name] == "ecommerce_v1_legacy"
    assert judge_name(name).kind == (NameClass.LEGACY if is_legacy else NameClass.EXACT)


def test_no_name_of_the_tables_is_in_two_classes() -> None:
    data = read_data("names.json")
    wanted = {name: (NameClass.OTHER_MEANING, None) for group in data["other"].values() for name in group}
    for event, group in data["synonyms"].items():
        wanted |= dict.fromkeys(group, (NameClass.SYNONYM, event))
    for event, uses in data["ambiguous"].items():
        wanted |= {name: (NameClass.AMBIGUOUS, event) for group in uses.values() for name in group}
    judged = {name: judge_name(name) for name in wanted}
    assert {name: (one.kind, one.instead) for name, one in judged.items()} == wanted
    assert {event for _, event in wanted.values() if event} <= set(spec_names())


@given(st.sampled_from(sorted(spec_names())), st.sampled_from(["_", "-", ".", "  ", " / "]), st.booleans())
def test_case_and_separators_do_not_change_what_a_name_means(name: str, separator: str, upper: bool) -> None:
    spelled = name.replace(" ", separator)
    judged = judge_name(spelled.upper() if upper else spelled.lower())
    assert judged.event == name
    assert judged.kind in (NameClass.OTHER_SPELLING, NameClass.LEGACY)


@given(st.text(max_size=2 * MAX_EVENT_NAME))
def test_any_text_has_a_class(name: str) -> None:
    assert judge_name(name).kind in NameClass
