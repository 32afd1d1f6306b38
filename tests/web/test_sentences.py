"""What is wrong with a request is said as a person would say it, whatever is wrong with it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pydantic_core import _pydantic_core

from api.main import ROUTERS
from api.routes.transitions import OneOrMany
from api.routes.usage import UsageReports
from api.schemas.lists import WrongItem
from api.schemas.values import Body
from tests.docs.test_openapi import described as described
from web.patterns import PATTERNS
from web.sentences import SENTENCES, flaws_of

FRAMEWORK = re.compile(
    r"<\w+\.\w+|codec|String should|Input should|should (have|match|be)|Value error|valid dictionary|\\\\|\\^|pydantic"
)
"""Words and signs of the framework, which nobody is shown."""
ONLY_IN_PYTHON = frozenset(
    {
        "no_such_attribute", "needs_python_object", "frozen_field", "frozen_instance", "get_attribute_error",
        "dataclass_type", "dataclass_exact_type", "named_tuple_type", "default_factory_not_called", "iteration_error",
        "frozen_dict_type", "ordered_dict_type", "counter_type", "deque_type", "missing_sentinel_error",
        "ellipsis_error", "frozen_set_type", "is_instance_of", "is_subclass_of", "callable_type", "arguments_type",
        "missing_argument", "unexpected_keyword_argument", "missing_keyword_only_argument",
        "unexpected_positional_argument", "missing_positional_only_argument", "multiple_argument_values",
        "fraction_type", "fraction_parsing", "complex_type", "complex_str_parsing",
    }
)  # fmt: skip
"""Errors of types that JSON and headers do not have."""
KNOWN = {str(one["type"]): one.get("example_context") or {} for one in _pydantic_core.list_all_errors()}
BODIES: list[type[Body]] = [UsageReports, *Body.__subclasses__()]


def test_every_kind_of_error_has_a_sentence() -> None:
    assert ROUTERS
    assert KNOWN.keys() - SENTENCES.keys() == ONLY_IN_PYTHON
    assert SENTENCES.keys() - KNOWN.keys() == {"repeated"}


@pytest.mark.parametrize("kind", sorted(KNOWN.keys() - ONLY_IN_PYTHON))
def test_a_sentence_has_the_name_and_the_bounds_and_no_words_of_the_framework(kind: str) -> None:
    error = {"type": kind, "loc": ("body", "slug"), "ctx": KNOWN[kind]}
    flaw = flaws_of([error], {"slug": "x"})[0]
    assert flaw.pointer == "#/slug"
    assert flaw.detail.startswith("slug")
    assert flaw.detail.endswith(".")
    assert not FRAMEWORK.search(flaw.detail), flaw.detail
    for bound in ("min_length", "max_length", "gt", "ge", "lt", "le"):
        if bound in KNOWN[kind]:
            assert str(KNOWN[kind][bound]) in flaw.detail


def test_every_pattern_of_every_call_is_in_words(described: dict[str, Any]) -> None:
    found = set(_patterns(described))
    assert len(found) > 8
    assert found - PATTERNS.keys() == set()


def test_the_flaws_of_any_json_are_in_words_and_point_into_it() -> None:
    values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | _NAMES, inner, max_size=4),
        max_leaves=8,
    )

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(BODIES), values | st.dictionaries(_NAMES, values, max_size=4))
    def check(body: type[Body], value: Any) -> None:
        try:
            body.model_validate(value)
        except ValidationError as error:
            for flaw in flaws_of([{**one, "loc": ("body", *one["loc"])} for one in error.errors()], value):
                assert not FRAMEWORK.search(flaw.detail), flaw.detail
                assert flaw.pointer.startswith("#")
                assert flaw.detail

    check()


@pytest.mark.parametrize("value", ["none of these", {"half of a character": "\ud83d"}], ids=["a word", "an object"])
def test_no_field_of_any_body_answers_in_words_of_the_framework(value: Any) -> None:
    for body in BODIES:
        try:
            body.model_validate(dict.fromkeys(body.model_fields, value))
        except ValidationError as error:
            for flaw in flaws_of([{**one, "loc": ("body", *one["loc"])} for one in error.errors()], value):
                assert not FRAMEWORK.search(flaw.detail), (body, flaw.detail)


def test_a_pointer_names_no_branch_of_a_union() -> None:
    value = {"app": "acme", "trigger": "submit", "reasons": [{"saved": "x.y", "text": ""}, {"text": "a~b", "a/b": 1}]}
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(OneOrMany).validate_python(value)
    flaws = flaws_of([{**one, "loc": ("body", *one["loc"])} for one in caught.value.errors()], value)
    assert [flaw.pointer for flaw in flaws] == ["#/reasons/0/text", "#/reasons/1/a~1b"]


def test_a_wrong_item_is_kept_apart_from_the_others() -> None:
    right = {"app": "acme", "trigger": "submit"}
    items: Any = TypeAdapter(OneOrMany).validate_python([right, {"app": "BAD"}, 7, right])
    assert [isinstance(item, WrongItem) for item in items] == [False, True, True, False]
    assert [flaw.pointer for flaw in items[1].flaws(1)] == ["#/1/app", "#/1/trigger"]
    assert [flaw.pointer for flaw in items[2].flaws(2)] == ["#/2"]


_NAMES = st.sampled_from(sorted({name for body in BODIES for name in body.model_fields}))


def _patterns(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("pattern"), str):
            yield part["pattern"]
        for one in part.values():
            yield from _patterns(one)
    elif isinstance(part, list):
        for one in part:
            yield from _patterns(one)
