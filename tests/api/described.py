"""Whether an answer is one of those that the API's own description says a route has."""

from typing import Any
from urllib.parse import quote

import requests
from jsonschema_rs import Registry, Validator, validator_for

_DESCRIPTION = "urn:description"


class Described:
    """The answers of each route by `description`, an OpenAPI document. Each schema is compiled once."""

    def __init__(self, description: dict[str, Any]) -> None:
        self._paths = description["paths"]
        self._registry = Registry([(_DESCRIPTION, description)])
        self._validators: dict[tuple[str, ...], Validator] = {}

    def check(self, route: str, answer: requests.Response) -> None:
        """Raises AssertionError unless the status, the headers, the media type and the body are as described."""
        method, template = route.split()
        place = ("paths", template, method.lower(), "responses", str(answer.status_code))
        answers = self._paths[template][method.lower()]["responses"]
        assert place[-1] in answers, f"{route} does not say that it answers {answer.status_code}: {answer.text:.300}"
        said = answers[place[-1]]
        needed = {name for name, header in said.get("headers", {}).items() if header.get("required")}
        assert needed <= set(answer.headers), f"{route} {answer.status_code} lacks headers"
        contents = said.get("content", {})
        if not contents:
            assert not answer.content, f"{route} {answer.status_code} has a body, which it does not describe"
            return
        media_type = answer.headers["Content-Type"].partition(";")[0]
        if media_type.startswith("image/"):
            media_type = "application/octet-stream"
        assert media_type in contents, f"{route} {answer.status_code} does not say that it answers with {media_type}"
        if media_type.endswith("json"):
            self._validator((*place, "content", media_type, "schema")).validate(answer.json())

    def _validator(self, place: tuple[str, ...]) -> Validator:
        if place not in self._validators:
            pointer = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in place)
            schema = {"$ref": f"{_DESCRIPTION}#{quote(pointer)}"}
            self._validators[place] = validator_for(schema, registry=self._registry)
        return self._validators[place]
