"""The OpenAPI description: calls are grouped by role, and every body and answer has an example that is valid."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema_rs import validator_for

from api.main import create_api
from api.openapi import TAGS
from runtime.settings import load_settings
from tests.workers.processes import environment


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    env = environment("postgresql://nobody@nowhere/none", "redis://nowhere")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        return create_api(load_settings()).openapi()


def test_every_call_is_grouped_by_role_and_says_what_it_does(described: dict[str, Any]) -> None:
    assert described["info"]["description"]
    assert [tag["name"] for tag in described["tags"]] == [name for name, _ in TAGS]
    assert all(tag["description"] for tag in described["tags"])
    for place, operation in _operations(described):
        assert operation["tags"], place
        assert set(operation["tags"]) <= dict(TAGS).keys(), place
        assert 3 <= len(operation["summary"]) <= 140, (place, operation["summary"])
        assert not [name for name in operation if name.startswith("x-")], place


def test_every_body_and_every_answer_has_an_example_that_fits(described: dict[str, Any]) -> None:
    wrong: list[object] = []
    shown = 0
    for place, operation in _operations(described):
        contents = [operation.get("requestBody", {})]
        contents += [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        for media in (content.get("content", {}).get("application/json") for content in contents):
            if media is None:
                continue
            schema = validator_for({**media["schema"], "components": described["components"]})
            for example in _examples(media):
                wrong += [(place, error.message, example) for error in schema.iter_errors(example)]
                wrong += [(place, "says nothing", example)] * ("..." in _strings(example))
                shown += 1
    assert not wrong
    assert shown > 100


def _examples(media: dict[str, Any]) -> list[Any]:
    return [media["example"]] if "example" in media else [one["value"] for one in media["examples"].values()]


def _operations(described: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)
