"""What each directive makes of an event, how a wrong mapping is refused, and the bounds of every evaluation."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.costs import assert_linear
from workflow.mapping.meter import MAX_DEPTH, MAX_OUTPUT_BYTES, MAX_STEPS, Meter
from workflow.mapping.nodes import MISSING, json_of
from workflow.mapping.paths import MAX_PARTS
from workflow.mapping.problems import MappingInvalid, Problem
from workflow.mapping.reading import MAX_DOCUMENT_BYTES, read_mapping

EVENT: dict[str, Any] = {
    "type": "track",
    "event": "Order Completed",
    "userId": "user-1",
    "traits": {"email": "Pat@Acme.Example", "Total Spend": 12.5, "a.b": "dotted"},
    "properties": {
        "products": [{"name": "Rook", "price": 3}, {"name": "Knight"}],
        "coupon": "",
        "gift": None,
        "raw": '{"plan": "pro", "seats": [1, 2]}',
        "text": 'say "hi"\r\n\\ {{userId}}',
        "株": "漢字",
        "big": 2**70,
        "paid": True,
    },
    "context": [],
}
LIST = {"@path": "$.properties.products"}


def _made(mapping: Any, event: Any = EVENT) -> Any:
    return read_mapping(mapping).evaluate(event, Meter(), 0)


@pytest.mark.parametrize(
    ("mapping", "made"),
    [
        ({"@path": "$.userId"}, "user-1"),
        ({"@path": "userId"}, "user-1"),
        ({"@path": "$"}, EVENT),
        ({"@path": "$.traits['Total Spend']"}, 12.5),
        ({"@path": '$.traits["a.b"]'}, "dotted"),
        ({"@path": "$.properties.products[1].name"}, "Knight"),
        ({"@path": "$.properties.products.1.name"}, "Knight"),
        ({"@path": "$.properties.products[9].name"}, MISSING),
        ({"@path": "$.properties.株"}, "漢字"),
        ({"@path": "$.properties.big"}, 2**70),
        ({"@path": "$.userId.nothing"}, MISSING),
        ({"@path": "$.properties.gift"}, None),
        ({"@template": "{{userId}} bought {{ $.properties.products[0].name }}!"}, "user-1 bought Rook!"),
        ({"@template": "{{traits['Total Spend']}}, {{properties.paid}}, {{none}}{{properties.gift}}"}, "12.5, true, "),
        ({"@template": "{{properties.text}}"}, EVENT["properties"]["text"]),
        ({"@template": "}} no placeholder"}, "}} no placeholder"),
        ({"@if": {"exists": {"@path": "$.userId"}, "then": 1, "else": 2}}, 1),
        ({"@if": {"exists": {"@path": "$.properties.gift"}, "then": 1, "else": 2}}, 2),
        ({"@if": {"exists": {"@path": "$.properties.coupon"}, "then": 1}}, 1),
        ({"@if": {"blank": {"@path": "$.properties.coupon"}, "then": 1, "else": 2}}, 1),
        ({"@if": {"blank": {"@path": "$.userId"}, "then": 1}}, MISSING),
        ({"@arrayPath": ["$.properties.products"]}, EVENT["properties"]["products"]),
        ({"@arrayPath": [LIST, {"n": {"@path": "$.name"}}]}, [{"n": "Rook"}, {"n": "Knight"}]),
        ({"@arrayPath": ["$.properties.products", {"@path": "$.price"}]}, [3, None]),
        ({"@arrayPath": ["$.traits", {"@path": "$.email"}]}, ["Pat@Acme.Example"]),
        ({"@arrayPath": ["$.userId", {"a": 1}]}, "user-1"),
        ({"@arrayPath": ["$.nothing", {"a": 1}]}, MISSING),
        ({"@case": {"operator": "lower", "value": {"@path": "$.traits.email"}}}, "pat@acme.example"),
        ({"@case": {"operator": "upper", "value": "straße"}}, "STRASSE"),
        ({"@case": {"operator": "upper", "value": {"@path": "$.properties.paid"}}}, True),
        ({"@literal": {"@path": "$.userId", "b": "{{c}}"}}, {"@path": "$.userId", "b": "{{c}}"}),
        ({"@json": {"mode": "encode", "value": {"@path": "$.traits"}}}, json_of(EVENT["traits"])),
        ({"@json": {"mode": "decode", "value": {"@path": "$.properties.raw"}}}, {"plan": "pro", "seats": [1, 2]}),
        ({"@json": {"mode": "decode", "value": {"@path": "$.properties.paid"}}}, True),
        ({"@json": {"mode": "encode", "value": {"@path": "$.nothing"}}}, MISSING),
        ({"a": {"@path": "$.nothing"}, "b": None, "c": [{"@path": "$.nothing"}, {}]}, {"b": None, "c": [None, {}]}),
    ],
)  # fmt: skip
def test_each_directive_makes_a_value_of_the_event(mapping: Any, made: Any) -> None:
    assert _made(mapping) == made


@pytest.mark.parametrize(
    ("mapping", "pointer"),
    [
        ({"a": {"@paths": "$.x"}}, "/a/@paths"),
        ({"a": [1, {"@path": "$.x", "b": 1}]}, "/a/1"),
        ({"a/b~c": {"@path": ""}}, "/a~1b~0c/@path"),
        ({"@path": 7}, "/@path"),
        ({"@path": "$.a..b"}, "/@path"),
        ({"@path": "$.a b"}, "/@path"),
        ({"@path": "$x"}, "/@path"),
        ({"@path": "$.a[x]"}, "/@path"),
        ({"@path": "$.a[']"}, "/@path"),
        ({"@path": "$.a["}, "/@path"),
        ({"@path": "$" + ".a" * (MAX_PARTS + 1)}, "/@path"),
        ({"@path": "$.{{userId}}"}, "/@path"),
        ({"@template": "{{userId"}, "/@template"),
        ({"@template": "{{{userId}}}"}, "/@template"),
        ({"@template": "{{}}"}, "/@template"),
        ({"@template": {"@path": "$"}}, "/@template"),
        ({"a": "Hello {{userId}}"}, "/a"),
        ({"@if": {"then": 1}}, "/@if"),
        ({"@if": {"exists": 1, "blank": 1, "then": 1}}, "/@if"),
        ({"@if": {"exists": 1}}, "/@if"),
        ({"@if": {"exists": {"@path": "$."}, "then": 1}}, "/@if/exists/@path"),
        ({"@if": {"exists": 1, "then": 1, "otherwise": 1}}, "/@if/otherwise"),
        ({"@if": []}, "/@if"),
        ({"@arrayPath": "$.a"}, "/@arrayPath"),
        ({"@arrayPath": ["$.a", {"b": {"@case": {"operator": "title", "value": 1}}}]}, "/@arrayPath/1/b/@case"),
        ({"@arrayPath": ["$..", 1]}, "/@arrayPath/0"),
        ({"@json": {"mode": "eval", "value": 1}}, "/@json"),
        ({"@json": {"mode": "encode"}}, "/@json"),
        ({"a": float("nan")}, ""),
        ({"a": "\ud800"}, ""),
        ({"a": "x" * MAX_DOCUMENT_BYTES}, ""),
        (json.loads("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)), ""),
    ],
)
def test_a_wrong_mapping_is_refused_at_its_place_with_what_to_do(mapping: Any, pointer: str) -> None:
    with pytest.raises(MappingInvalid) as refused:
        read_mapping(mapping)
    assert refused.value.code == "mapping.invalid"
    assert [one.pointer for one in refused.value.problems] == [pointer]
    assert all(one.detail.endswith(".") and one.remedy.endswith(".") for one in refused.value.problems)


def test_every_problem_of_a_mapping_is_named_at_once() -> None:
    with pytest.raises(MappingInvalid) as refused:
        read_mapping({"a": {"@path": 1}, "b": {"@what": 1}, "c": ["{{x}}"]})
    assert [one.pointer for one in refused.value.problems] == ["/a/@path", "/b/@what", "/c/0"]
    assert "/b/@what" in str(refused.value)


MANY = {"items": [{"n": index} for index in range(200_000)]}
DEEP = json.loads('{"a": ' + "[" * 200 + "]" * 200 + "}")


@pytest.mark.parametrize(
    ("mapping", "event", "pointer"),
    [
        ({"b": {"@path": "$"}}, MANY, "/b/@path"),
        ({"@arrayPath": ["$.items", {"n": {"@path": "$.n"}}]}, MANY, "/@arrayPath/1/n/@path"),
        ({"@arrayPath": ["$.items", 1]}, MANY, "/@arrayPath/1"),
        ({"@arrayPath": ["$.items", {"@template": ""}]}, MANY, "/@arrayPath/1/@template"),
        ({"@arrayPath": [{"@path": "$.items"}]}, MANY, "/@arrayPath/0/@path"),
        ({"@template": "{{a}}" * 500}, {"a": "x" * 1000}, "/@template"),
        ({"@path": "$.a"}, {"a": "x" * 10**6}, "/@path"),
        ({"@path": "$.a"}, {"a": "\x00" * 20_000}, "/@path"),
        ({"@path": "$.a"}, {"a": {"k" * 70_000: 1}}, "/@path"),
        ([{"@path": "$.a"}] * 80, {"a": "x" * 1000}, "/65/@path"),
        ({"@path": "$.a"}, DEEP, "/@path"),
        ({"@json": {"mode": "decode", "value": {"@path": "$.a"}}}, {"a": "[" * 60_000}, "/@json"),
        ({"@json": {"mode": "decode", "value": {"@path": "$.a"}}}, {"a": "[" * 50 + "]" * 50}, "/@json"),
        ({"@json": {"mode": "decode", "value": {"@path": "$.a"}}}, {"a": "[1e999]"}, "/@json"),
        ({"@json": {"mode": "decode", "value": {"@path": "$.a"}}}, {"a": "9" * 5000}, "/@json"),
        ({"@json": {"mode": "decode", "value": {"@path": "$.a"}}}, {"a": '"\\ud800"'}, "/@json"),
        ({"@template": "{{a}}"}, {"a": {"b": 1}}, "/@template"),
        ({"@template": "{{a}}"}, {"a": [1]}, "/@template"),
        ({"@path": "$.a"}, {"a": float("inf")}, "/@path"),
        ({"@path": "$.a"}, {"a": 10**5000}, "/@path"),
    ],
)  # fmt: skip
def test_an_event_that_a_mapping_cannot_map_is_refused_at_the_place_of_the_mapping(
    mapping: Any, event: Any, pointer: str
) -> None:
    meter = Meter()
    with pytest.raises(MappingInvalid) as refused:
        read_mapping(mapping).evaluate(event, meter, 0)
    assert (refused.value.code, refused.value.problems[0].pointer) == ("mapping.failed", pointer)
    assert meter.steps <= MAX_STEPS + 1


def test_encoding_again_and_again_ends_at_the_bound() -> None:
    mapping: Any = {"@path": "$.a"}
    for _ in range(8):
        mapping = {"@json": {"mode": "encode", "value": mapping}}
    made = _made(mapping, {"a": 1})
    for _ in range(8):
        made = json.loads(made)
    assert made == 1
    with pytest.raises(MappingInvalid):
        _made(mapping, {"a": '"' * 1000})


NAMES = st.sampled_from(["a", "b", "items", "userId", "@path", "株", "x y"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30)
EVENTS = st.dictionaries(
    NAMES,
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=6) | st.dictionaries(NAMES, inner, max_size=4)),
    max_size=6,
)
PATHS = st.sampled_from(["$", "$.a", "b", "$.items", "$.items[0]", "$['x y']", "$.a.b", "$.a[", ""]) | st.text(
    max_size=12
)
LEAVES = (
    SCALARS
    | st.builds(lambda path: {"@path": path}, PATHS)
    | st.builds(lambda path, text: {"@template": f"{text}{{{{{path}}}}}"}, PATHS, st.text(max_size=8))
)


def _choice(test: str, tested: Any, then: Any) -> Any:
    return {"@if": {test: tested, "then": then}}


def _branches(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    cases, modes = st.sampled_from(["upper", "lower"]), st.sampled_from(["encode", "decode"])
    return (
        st.lists(inner, max_size=4)
        | st.dictionaries(NAMES, inner, max_size=4)
        | st.builds(_choice, st.sampled_from(["exists", "blank"]), inner, inner)
        | st.builds(lambda path, shape: {"@arrayPath": [path, shape]}, PATHS | inner, inner)
        | st.builds(lambda case, one: {"@case": {"operator": case, "value": one}}, cases, inner)
        | st.builds(lambda mode, one: {"@json": {"mode": mode, "value": one}}, modes, inner)
        | st.builds(lambda one: {"@literal": one}, inner)
    )


MAPPINGS = st.recursive(LEAVES, _branches, max_leaves=25)


@given(MAPPINGS, EVENTS)
def test_every_mapping_of_every_event_ends_in_bounded_json_or_in_an_error_with_a_place(
    mapping: Any, event: Any
) -> None:
    meter, before = Meter(), json.dumps(event)
    made, problems = _made_or_refused(mapping, event, meter)
    written = json_of(None if made is MISSING else made).encode()
    assert json.loads(written) == (None if made is MISSING else made)
    assert len(written) <= min(meter.bytes + 4, MAX_OUTPUT_BYTES)
    assert meter.steps <= MAX_STEPS + 1
    assert all(one.pointer == "" or one.pointer.startswith("/") for one in problems)
    assert all(one.detail and one.remedy for one in problems)
    assert json.dumps(event) == before, "the event is as it was"


def _made_or_refused(mapping: Any, event: Any, meter: Meter) -> tuple[Any, tuple[Problem, ...]]:
    try:
        return read_mapping(mapping).evaluate(event, meter, 0), ()
    except MappingInvalid as error:
        return None, error.problems


@given(st.text(max_size=40))
def test_no_value_can_be_more_than_a_string_of_the_output(value: str) -> None:
    mapping = {
        "a": {"@template": "<{{v}}>"},
        "b": {"@path": "$.v"},
        "c": {"@json": {"mode": "encode", "value": {"@path": "$"}}},
    }
    made = json.loads(json_of(_made(mapping, {"v": value})))  # fmt: skip
    assert made == {"a": f"<{value}>", "b": value, "c": json_of({"v": value})}


def test_mapping_costs_in_proportion_to_what_is_mapped() -> None:
    shape = {"n": {"@path": "$.n"}, "t": {"@template": "{{n}}-{{n}}"}}
    mapping = read_mapping({"all": {"@arrayPath": ["$.items", shape]}})
    assert_linear(
        lambda size: {"items": [{"n": "x"}] * size},
        lambda event: mapping.evaluate(event, Meter(), 0),
        size=200,
    )
