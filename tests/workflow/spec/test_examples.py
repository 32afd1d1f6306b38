"""Examples of declared events: the Spec finds nothing wrong with any of them."""

from tests.workflow.spec.events import APP
from workflow.spec.examples import example_event
from workflow.spec.judging import judge_event
from workflow.spec.names import LEGACY, spec_names


def test_every_example_is_valid_and_only_a_legacy_name_is_warned_of() -> None:
    for name, category in {**spec_names(), "Report Shared": ""}.items():
        judged = judge_event(example_event(name, APP), app_slug=APP, declared=(name,))
        assert (judged.valid, judged.declared) == (True, name), judged.findings
        found = [one.code for one in judged.findings]
        assert found == (["event.legacy"] if category == LEGACY else []), (name, judged.findings)


def test_an_example_has_what_the_spec_expects_of_the_event() -> None:
    properties = example_event("Order Completed", APP)["properties"]
    assert (properties["order_id"], properties["products"][0].keys()) == ("example", {"product_id"})
    assert example_event("Report Shared", APP)["properties"] == {}
