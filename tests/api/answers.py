"""What the tests of the API expect of an answer."""

from typing import Any

import requests


def ok(answer: requests.Response, status: int = 200) -> Any:
    """Returns the body of an answer that must have `status`."""
    assert answer.status_code == status, answer.text
    return answer.json()


def problem(answer: requests.Response, status: int, code: str) -> dict[str, Any]:
    """Returns the body of an answer that must be a problem, with that status and code, and with words."""
    assert answer.headers["Content-Type"] == "application/problem+json", answer.text
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body.get("code")) == (status, code), answer.text
    assert body["detail"]
    return body
