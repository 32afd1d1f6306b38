"""The Spec's events, as anybody may read them."""

from tests.api.running import Service
from workflow.spec.judging import judge_event
from workflow.spec.names import spec_names


def test_anybody_reads_the_events_of_the_spec_with_their_properties(shared_service: Service) -> None:
    answer = shared_service.nobody("GET", "/v1/spec/events")
    assert answer.status_code == 200
    events = {event["name"]: event for event in answer.json()["items"]}
    assert list(events) == list(spec_names())
    assert answer.json()["next"] is None
    completed = events["Order Completed"]
    assert (completed["category"], completed["required"]) == ("ecommerce_v2", ["order_id"])
    assert ["total", "revenue", "value"] in completed["expected"]
    properties = {one["name"]: one for one in completed["properties"]}
    assert properties["total"]["types"] == ["number"]
    assert {"name": "price", "types": ["number"]} in properties["products"]["properties"]
    assert events["Completed Order"]["replaced_by"] == "Order Completed"


def test_the_list_may_be_kept_and_is_asked_for_again_by_its_tag(shared_service: Service) -> None:
    answer = shared_service.nobody("GET", "/v1/spec/events")
    again = shared_service.nobody("GET", "/v1/spec/events", If_None_Match=answer.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")


def test_an_event_with_what_the_list_requires_of_it_is_valid(shared_service: Service) -> None:
    integration = {"name": "acme", "version": "1.0.0"}
    for event in shared_service.nobody("GET", "/v1/spec/events").json()["items"]:
        call = {"type": "track", "userId": "1", "event": event["name"], "context": {"integration": integration}}
        wanted = [*event["required"], *(names[0] for names in event["expected"])]
        types = {one["name"]: one["types"][0] for one in event["properties"]}
        examples = {"string": "1", "number": 1, "integer": 1, "array": []}
        properties = {name: examples[types.get(name, "string")] for name in wanted}
        judgement = judge_event(call | {"properties": properties}, app_slug="acme", declared=(event["name"],))
        legacy = ["event.legacy"] if event["replaced_by"] else []
        assert (judgement.valid, [one.code for one in judgement.findings]) == (True, legacy), event["name"]
