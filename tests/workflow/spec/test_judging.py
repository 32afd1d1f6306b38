"""Judging an event: what is right and wrong with its fields, its name and its properties."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflow.spec.events import APP, INTEGRATION, call, order, track
from workflow.spec.found import MAX_FINDINGS, MAX_SHOWN
from workflow.spec.judging import Judgement, judge_event
from workflow.spec.message import CALLS

DECLARED = ("Order Completed", "Widget Opened", "Completed Order")


def judged(event: Any) -> Judgement:
    return judge_event(event, app_slug=APP, declared=DECLARED)


def found(event: Any) -> list[tuple[str, str]]:
    """Returns the code and the pointer of each finding."""
    return [(one.code, one.pointer) for one in judged(event).findings]


@pytest.mark.parametrize("event", [order(), track("Widget Opened"), *(call(kind) for kind in CALLS if kind != "track")])
def test_an_event_that_adheres_to_the_spec_has_no_findings(event: dict[str, Any]) -> None:
    assert judged(event) == Judgement(valid=True, declared=event.get("event"), findings=())


ERRORS: list[tuple[Any, str, str]] = [
    ([], "call.not_object", ""),
    (call("track", type=None), "type.missing", "/type"),
    (call("track", type="Track"), "type.unknown", "/type"),
    (call("track", type={}), "type.unknown", "/type"),
    (call("delete"), "type.not_for_streams", "/type"),
    (call("page", userId=None), "user_id.missing", "/userId"),
    (call("page", userId=None, anonymousId="a"), "user_id.missing", "/userId"),
    (call("page", userId=""), "user_id.missing", "/userId"),
    (call("page", userId=97980), "user_id.not_text", "/userId"),
    (call("page", anonymousId=[]), "anonymous_id.not_text", "/anonymousId"),
    (call("page", messageId=1), "message_id.not_text", "/messageId"),
    (call("page", messageId="m" * 101), "message_id.too_long", "/messageId"),
    (call("page", context=None), "integration.missing", "/context/integration"),
    (call("page", context=[]), "context.not_object", "/context"),
    (call("page", context={"integration": "acme"}), "integration.missing", "/context/integration"),
    (call("page", context={"integration": {"version": "1.0.0"}}), "integration.name", "/context/integration/name"),
    (
        call("page", context={"integration": INTEGRATION | {"name": "Acme"}}),
        "integration.name",
        "/context/integration/name",
    ),
    (call("page", context={"integration": {"name": APP}}), "integration.version", "/context/integration/version"),
    (
        call("page", context={"integration": INTEGRATION | {"version": 1}}),
        "integration.version",
        "/context/integration/version",
    ),
    (call("track"), "event.missing", "/event"),
    (call("track", event=7), "event.not_text", "/event"),
    (call("track", event="Widget Opened", properties=[]), "properties.not_object", "/properties"),
    (call("page", name=1), "name.not_text", "/name"),
    (call("screen", category=True), "category.not_text", "/category"),
    (call("screen", properties="a"), "properties.not_object", "/properties"),
    (call("identify", traits="a"), "traits.not_object", "/traits"),
    (call("group", groupId=None), "group_id.missing", "/groupId"),
    (call("group", groupId=12), "group_id.not_text", "/groupId"),
    (call("alias", previousId=""), "previous_id.missing", "/previousId"),
    (order(order_id=None), "field.necessary", "/properties/order_id"),
    (order(order_id=""), "field.necessary", "/properties/order_id"),
    (order(order_id={}), "field.necessary", "/properties/order_id"),
    (track("Order Refunded"), "field.necessary", "/properties/order_id"),
]


@pytest.mark.parametrize(("event", "code", "pointer"), ERRORS)
def test_an_event_that_cannot_be_used_is_not_valid(event: Any, code: str, pointer: str) -> None:
    assert not judged(event).valid
    assert (code, pointer) in found(event)


WARNINGS: list[tuple[dict[str, Any], str, str]] = [
    (call("page", timestamp="yesterday"), "time.unreadable", "/timestamp"),
    (call("page", sentAt=1764495000), "time.unreadable", "/sentAt"),
    (call("page", integrations=[]), "integrations.not_object", "/integrations"),
    (call("page", integrations={"All": "yes"}), "integrations.value", "/integrations"),
    (call("page", channel="tv"), "channel.unknown", "/channel"),
    (call("page", properties={"url": 1}), "field.text_as_number", "/properties/url"),
    (call("page", context={"integration": INTEGRATION, "os": "iOS"}), "field.wrong_type", "/context/os"),
    (call("page", context={"integration": INTEGRATION, "ip": {}}), "field.wrong_type", "/context/ip"),
    (call("identify", traits={"first_name": "Pat"}), "field.other_spelling", "/traits/first_name"),
    (call("identify", traits={"createdAt": "soon"}), "field.not_a_time", "/traits/createdAt"),
    (call("identify", traits={"address": {"zip": 1}}), "field.text_as_number", "/traits/address/zip"),
    (order(orderId="1", order_id=None), "field.other_spelling", "/properties/orderId"),
    (order(order_id=7), "field.text_as_number", "/properties/order_id"),
    (order(total="27.50"), "field.number_as_text", "/properties/total"),
    (order(total="much"), "field.wrong_type", "/properties/total"),
    (order(total=float("nan")), "field.wrong_type", "/properties/total"),
    (order(products={}), "field.wrong_type", "/properties/products"),
    (order(products=[1]), "field.wrong_type", "/properties/products/0"),
    (order(products=[{"price": 1}]), "field.expected", "/properties/products/0/product_id"),
    (order(products=[{"sku": "a", "price": True}]), "field.wrong_type", "/properties/products/0/price"),
    (order(total=None), "field.expected", "/properties/total"),
    (track("Video Playback Started", session_id="a", position=1.5), "field.wrong_type", "/properties/position"),
    (track("order_completed", order_id="1"), "event.other_spelling", "/event"),
    (track("Completed Order"), "event.legacy", "/event"),
    (track("Order Confirmed"), "event.ambiguous", "/event"),
    (track("Signed In"), "event.undeclared", "/event"),
    (track("widget_opened"), "event.undeclared", "/event"),
]


@pytest.mark.parametrize(("event", "code", "pointer"), WARNINGS)
def test_an_event_that_can_be_used_is_valid_with_a_warning(event: dict[str, Any], code: str, pointer: str) -> None:
    assert judged(event).valid
    assert (code, pointer) in found(event)


@pytest.mark.parametrize(
    ("name", "about"),
    [
        ("Order Completed", "Order Completed"),
        ("order completed", "Order Completed"),
        ("Purchase", "Order Completed"),
        ("Completed Order", "Completed Order"),
        ("Widget Opened", "Widget Opened"),
        ("widget opened", None),
        ("Order Confirmed", None),
        ("Signed In", None),
    ],
)
def test_an_event_is_about_the_declared_event_that_it_is_or_means(name: str, about: str | None) -> None:
    assert judged(track(name, order_id="1")).declared == about


def test_a_name_that_means_another_is_an_error_with_the_right_name_and_its_properties_are_judged() -> None:
    judgement = judged(track("Purchase"))
    assert not judgement.valid
    assert [one.code for one in judgement.findings[:2]] == ["event.synonym", "field.necessary"]
    assert "Order Completed" in judgement.findings[0].remedy


def test_a_declared_name_of_another_spelling_is_met_by_the_specs_own() -> None:
    judgement = judge_event(order(), app_slug=APP, declared=["order_completed"])
    assert (judgement.valid, judgement.declared) == (True, "order_completed")


def test_findings_are_bounded_and_an_error_counts_beyond_the_bound() -> None:
    event = order(order_id=None, products=[{"price": "x"}] * 1000)
    judgement = judged(event)
    assert len(judgement.findings) == MAX_FINDINGS + 1
    assert judgement.findings[-1].code == "event.more"
    assert not judgement.valid


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
FIELDS = ("type", "userId", "anonymousId", "messageId", "timestamp", "context", "integrations", "event", "properties",
          "traits", "name", "category", "groupId", "previousId", "channel")  # fmt: skip


@given(st.sampled_from(CALLS), st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=3))
def test_any_value_anywhere_is_judged_with_findings_that_can_be_stored(kind: str, changed: dict[str, Any]) -> None:
    judgement = judged({**call(kind), "event": "Order Completed", **changed})
    for one in judgement.findings:
        text = one.detail + one.remedy + one.pointer
        assert "\x00" not in text
        assert text.encode()
        assert len(text) < 1000


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(
    "value", [10**10_000, [[[[[]]]]], float("inf"), {"a": 10**10_000}], ids=["long", "deep", "inf", "in"]
)
def test_numbers_of_any_length_and_lists_of_any_depth_are_judged(field: str, value: object) -> None:
    for kind in CALLS:
        judged({**call(kind), field: value})
        judged(order(**{field: value, "total": value, "products": [{"price": value, "sku": value}]}))


def test_what_nests_deeper_than_python_recurses_is_judged() -> None:
    deep: Any = {}
    for _ in range(200_000):
        deep = {"products": [deep]}
    assert judged(order(**deep)).valid


@given(st.dictionaries(st.sampled_from(["order_id", "orderId", "total", "products", "Products", "coupon", "x"]), JSON))
def test_any_properties_are_judged(properties: dict[str, Any]) -> None:
    judgement = judged(track("Order Completed", **properties))
    has_id = any(isinstance(properties.get(name), (str, int, float)) for name in ("order_id", "orderId"))
    assert has_id or not judgement.valid


@pytest.mark.parametrize("text", ["\ud800", "\x00", "\u202e", "a" * 1_000_000, "\n" * 1000])
def test_foreign_text_is_shown_cut_and_escaped(text: str) -> None:
    for event in (
        track(text),
        call(text),
        call("page", context={"integration": {"name": text}}),
        call("page", timestamp=text),
    ):
        for one in judged(event).findings:
            assert one.detail.isprintable()
            assert len(one.detail) < 12 * MAX_SHOWN
