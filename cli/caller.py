"""A client of the API for the command line: calls it over HTTP with a token, and explains its refusals."""

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import requests

from cli.mistakes import Mistake

ANSWER_SECONDS = 35
LOOK_SECONDS = 0.05


class Caller:
    """A client, with or without a token. Its calls raise Mistake with the API's explanation if the API refuses them."""

    def __init__(self, api_url: str, token: str | None = None) -> None:
        self._api_url = api_url
        self._http = requests.Session()
        self._http.trust_env = False
        if token is not None:
            self._http.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str) -> Any:
        """Returns the answer's JSON."""
        return self._call("GET", path)

    def put(self, path: str, body: Any = None) -> Any:
        """Puts `body`. Returns the answer's JSON, or None if the answer is empty."""
        return self._call("PUT", path, body)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """Posts `body` with a new idempotency key. Returns the answer's JSON, or None if the answer is empty."""
        return self._call("POST", path, body, {"Idempotency-Key": str(uuid4()), **headers})

    def upload(self, path: str, content: bytes) -> Any:
        """Posts `content` unchanged. Returns the answer's JSON."""
        return self._call("POST", path, content)

    def ask_for(self, app: str, trigger: str, reason: str | None = None) -> dict[str, Any]:
        """Asks for a transition and waits for its outcome. Raises Mistake unless it is applied."""
        reasons = {"reasons": [{"text": reason}]} if reason else {}
        return self._outcome("/v1/transition-requests", {"app": app, "trigger": trigger, **reasons})

    def decide(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Posts a review's decision and waits for its outcome. Raises Mistake unless it is applied."""
        return self._outcome(path, body)

    def _outcome(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        outcome: dict[str, Any] = self.post(path, body, Prefer="wait=10")
        if outcome["status"] == "due":
            request_id = outcome["id"]
            outcome = wait_for(
                lambda: _unless_due(self.get(f"/v1/transition-requests/{request_id}")),
                seconds=60,
                what=f"the outcome of {outcome['trigger']}",
            )
        if outcome["status"] != "applied":
            raise Mistake(
                f"{outcome['trigger']} of {outcome['app']} was {outcome['status']}: {_unmet(outcome)}",
                "Do what each unmet rule asks for, then request it again.",
            )
        return outcome

    def _call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        sent: dict[str, Any] = {"data": body} if isinstance(body, bytes) else {"json": body}
        answer = self._http.request(method, self._api_url + path, headers=headers, timeout=ANSWER_SECONDS, **sent)
        if answer.ok:
            return answer.json() if answer.content else None
        try:
            problem = answer.json()
        except ValueError:
            problem = {}
        if answer.status_code == 401:
            raise Mistake(
                "The API does not accept the token.", "Create a new one: `devcenter token create --role ...`.", 2
            )
        said = problem.get("detail") or problem.get("title") or answer.text[:200]
        raise Mistake(
            f"{method} {path} was answered with {answer.status_code}: {said} {_unmet(problem)}".rstrip(),
            str(problem.get("remedy") or "Look at the log of the API."),
        )


def wait_for(look: Callable[[], Any], *, seconds: float, what: str) -> Any:
    """Calls `look` until it returns something true, and returns that. Raises Mistake after `seconds`."""
    ends_at = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > ends_at:
            raise Mistake(
                f"{what} did not come within {seconds:.0f} seconds.",
                "Look at the logs of the workers, and at `devcenter dead list`.",
            )
        time.sleep(LOOK_SECONDS)


def _unless_due(outcome: dict[str, Any]) -> dict[str, Any] | None:
    return None if outcome["status"] == "due" else outcome


def _unmet(answer: dict[str, Any]) -> str:
    return "; ".join(f"{rule['detail']} {rule['remedy']}" for rule in answer.get("unmet") or [])
