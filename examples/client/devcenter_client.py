"""A thin client of devcenter for internal services. It is one file that needs only `requests`: copy it.

Every call may be repeated: a POST that creates something carries an idempotency key, and a usage report is idempotent.
So the client retries each call, with growing pauses, when the service is unavailable or busy. A refusal raises
`Problem`.
"""

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, ClassVar, Protocol, TypeVar
from urllib.parse import quote
from uuid import uuid4

import requests

MAX_ITEMS = 1000
"""The most items that the service accepts in one call. The client sends more of them in several calls."""
MAX_WAIT_S = 30
"""The longest time, in seconds, that the service waits for an outcome before it answers that a request is due."""
RETRIED = frozenset({429, 502, 503, 504})
MAX_PAUSE_S = 30.0


class _Data(Protocol):
    """A dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


Made = TypeVar("Made", bound=_Data)


@dataclass(frozen=True)
class Unmet:
    """A rule that is not met: what is missing, and what to do about it."""

    code: str
    title: str
    detail: str
    remedy: str
    facts: dict[str, str] = field(default_factory=dict)


class Problem(Exception):
    """The service refused a call. `code` is stable; `unmet` names every unmet rule of a refusal."""

    def __init__(self, status: int, code: str, detail: str, remedy: str = "", unmet: Sequence[Unmet] = ()) -> None:
        super().__init__(f"{status} {code}: {detail} {remedy}".strip())
        self.status = status
        self.code = code
        self.detail = detail
        self.remedy = remedy
        self.unmet = tuple(unmet)


class NotAnswered(Exception):
    """The service did not answer any of the attempts. The call may have succeeded all the same: repeat it with the same
    key."""


@dataclass(frozen=True)
class Ask:
    """One transition to ask for. Asking again with the same `key` returns the same request."""

    app: str
    trigger: str
    expected_state: str | None = None
    not_before: datetime | None = None
    reasons: Sequence[str] = ()
    key: str = field(default_factory=lambda: str(uuid4()))

    def as_body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"app": self.app, "trigger": self.trigger}
        if self.expected_state is not None:
            body["expected_state"] = self.expected_state
        if self.not_before is not None:
            body["not_before"] = self.not_before.isoformat()
        if self.reasons:
            body["reasons"] = [{"text": reason} for reason in self.reasons]
        return body


@dataclass(frozen=True)
class RequestOutcome:
    """A request and its status: `due`, `applied` (as `version`), `refused` (see `unmet`) or `dead` (see `error`)."""

    id: str
    app: str
    trigger: str
    status: str
    version: int | None = None
    unmet: tuple[Unmet, ...] = ()
    error: str | None = None

    @property
    def due(self) -> bool:
        return self.status == "due"


@dataclass(frozen=True)
class RequestItemAnswer:
    """The answer for one of many requests: its `id` if it was accepted, otherwise what is wrong and what to do."""

    status: int
    id: str | None = None
    repeated: bool = False
    code: str | None = None
    detail: str | None = None
    remedy: str | None = None


@dataclass(frozen=True)
class Use:
    """A report about one workspace: what holds since `at` (default: now). `use` is "customer" or "oauth_install"."""

    app: str
    workspace: str
    use: str = "customer"
    enabled: bool = True
    at: datetime | None = None


@dataclass(frozen=True)
class UseAnswer:
    """The answer for one report. `changed` is true when the workspace now counts and did not before, or vice versa."""

    status: int
    changed: bool
    code: str | None = None
    detail: str | None = None
    remedy: str | None = None


@dataclass(frozen=True)
class WorkspaceCount:
    """A workspace, whether it counts as a customer, and why."""

    workspace: str
    counts: bool
    why: str


class Client:
    """A service's connection. It is not thread-safe: give each thread its own."""

    def __init__(self, url: str, token: str, *, attempts: int = 5, timeout_s: float = 40) -> None:
        self._url = url.rstrip("/")
        self._attempts = attempts
        self._timeout_s = timeout_s
        self._http = requests.Session()
        self._http.headers["Authorization"] = f"Bearer {token}"

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def ask(self, wanted: Ask, *, wait_s: float = 0) -> RequestOutcome:
        """Asks for one transition. Returns its outcome: `due` unless it was judged within `wait_s`. Raises Problem."""
        headers = {"Idempotency-Key": wanted.key}
        if wait_s > 0:
            headers["Prefer"] = f"wait={min(MAX_WAIT_S, max(1, round(wait_s)))}"
        ends_at = time.monotonic() + wait_s
        outcome = _outcome(self._call("POST", "/v1/transition-requests", wanted.as_body(), headers))
        left = ends_at - time.monotonic()
        return self.wait_for(outcome.id, seconds=left) if outcome.due and left > 0 else outcome

    def ask_many(self, wanted: Sequence[Ask]) -> list[RequestItemAnswer]:
        """Asks for many transitions, each accepted or refused on its own. Returns the answers in the same order."""
        answers: list[RequestItemAnswer] = []
        for part in _parts(wanted):
            items = [{**one.as_body(), "idempotency_key": one.key} for one in part]
            answers += [
                _made(RequestItemAnswer, item) for item in self._call("POST", "/v1/transition-requests", items)["items"]
            ]
        return answers

    def outcome(self, request_id: str) -> RequestOutcome:
        """Returns the current outcome of a request. Raises Problem."""
        return _outcome(self._call("GET", f"/v1/transition-requests/{quote(request_id)}"))

    def wait_for(self, request_id: str, *, seconds: float) -> RequestOutcome:
        """Polls until the request is judged, for at most `seconds`. Returns its outcome, which may still be `due`."""
        ends_at, pause = time.monotonic() + seconds, 0.05
        while True:
            outcome = self.outcome(request_id)
            left = ends_at - time.monotonic()
            if not outcome.due or left <= 0:
                return outcome
            time.sleep(min(pause, left))
            pause = min(pause * 1.5, 2.0)

    def report(self, uses: Sequence[Use]) -> list[UseAnswer]:
        """Reports which workspaces use which Apps. Returns an answer for each, in the same order."""
        answers: list[UseAnswer] = []
        for part in _parts(uses):
            items = [{**asdict(one), "at": one.at.isoformat() if one.at else None} for one in part]
            answers += [_made(UseAnswer, item) for item in self._call("POST", "/v1/usage", {"items": items})["items"]]
        return answers

    def customers(self, app: str) -> Iterator[WorkspaceCount]:
        """Yields the workspaces of the App, those that count as customers and those that do not, with the reasons."""
        yield from (_made(WorkspaceCount, item) for item in self._list(f"/v1/apps/{quote(app)}/customers"))

    def catalog(self, words: str | None = None) -> Iterator[dict[str, Any]]:
        """Yields the entries of the public catalog; with `words`, those that match, best first."""
        yield from self._list(f"/v1/catalog?q={quote(words)}" if words else "/v1/catalog")

    def _list(self, path: str) -> Iterator[dict[str, Any]]:
        mark, after = "&" if "?" in path else "?", ""
        while True:
            page = self._call("GET", f"{path}{mark}limit=200{after}")
            yield from page["items"]
            if page["next"] is None:
                return
            after = f"&after={quote(page['next'])}"

    def _call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        reason = ""
        for attempt in range(self._attempts):
            pause = 0.2 * 2**attempt * random.uniform(0.5, 1.5)  # noqa: S311 - spreads out clients that were refused together
            try:
                answer = self._http.request(
                    method, self._url + path, json=body, headers=headers, timeout=self._timeout_s
                )
            except (requests.ConnectionError, requests.Timeout) as error:
                reason = repr(error)
            else:
                if answer.status_code not in RETRIED:
                    return _read(answer)
                reason = f"{answer.status_code} {answer.text[:200]}"
                asked_for = answer.headers.get("Retry-After", "")
                pause = max(pause, float(asked_for)) if asked_for.isdigit() else pause
            if attempt + 1 < self._attempts:
                time.sleep(min(pause, MAX_PAUSE_S))
        raise NotAnswered(f"{method} {path} was tried {self._attempts} times: {reason}")


def _read(answer: requests.Response) -> Any:
    if answer.ok:
        return answer.json() if answer.content else None
    try:
        said = answer.json()
    except ValueError:
        said = {}
    unmet = [_made(Unmet, rule) for rule in said.get("unmet") or []]
    detail = said.get("detail") or answer.text[:200]
    raise Problem(answer.status_code, said.get("code", "unknown"), detail, said.get("remedy", ""), unmet)


def _outcome(said: dict[str, Any]) -> RequestOutcome:
    return _made(RequestOutcome, {**said, "unmet": tuple(_made(Unmet, rule) for rule in said["unmet"])})


def _made(kind: type[Made], said: dict[str, Any]) -> Made:
    """Returns the answer as `kind`. Ignores unknown fields, so that one which the service adds later breaks nothing."""
    known = {one.name for one in fields(kind)}
    return kind(**{name: value for name, value in said.items() if name in known})


def _parts(items: Sequence[Made]) -> Iterator[Sequence[Made]]:
    for start in range(0, len(items), MAX_ITEMS):
        yield items[start : start + MAX_ITEMS]
