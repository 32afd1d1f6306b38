"""A thin client of devcenter for internal services. One file that needs `requests` alone: copy it.

Every call may be repeated: a POST that creates carries an idempotency key, and a report of use is idempotent by nature.
So each is tried again, with growing pauses, when the service is away or busy; what is refused raises `Problem`.
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
"""Items that the service takes in one call; more are sent in several."""
MAX_WAIT_S = 30
"""How long the service waits for an outcome before it answers that the request is due."""
RETRIED = frozenset({429, 502, 503, 504})
MAX_PAUSE_S = 30.0


class _Data(Protocol):
    """A dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


Made = TypeVar("Made", bound=_Data)


@dataclass(frozen=True)
class Unmet:
    """A rule that is not met: what is missing, and how to mend it."""

    code: str
    title: str
    detail: str
    remedy: str
    facts: dict[str, str] = field(default_factory=dict)


class Problem(Exception):
    """What the service said no to. `code` is stable; `unmet` names every unmet rule of a refusal."""

    def __init__(self, status: int, code: str, detail: str, remedy: str = "", unmet: Sequence[Unmet] = ()) -> None:
        super().__init__(f"{status} {code}: {detail} {remedy}".strip())
        self.status = status
        self.code = code
        self.detail = detail
        self.remedy = remedy
        self.unmet = tuple(unmet)


class NotAnswered(Exception):
    """The service gave no answer however often it was asked. What was asked may have been done: ask again, with the
    same key."""


@dataclass(frozen=True)
class Ask:
    """One transition to ask for. Asking again with the same `key` gives the same request."""

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
    """A request and what became of it: `due`, `applied` (as `version`), `refused` (see `unmet`) or `dead` (`error`)."""

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
    """The answer for one of many: `id` when it was accepted, else what is wrong with it and what to do."""

    status: int
    id: str | None = None
    repeated: bool = False
    code: str | None = None
    detail: str | None = None
    remedy: str | None = None


@dataclass(frozen=True)
class Use:
    """What holds for one workspace since `at` (without it: now). `use` is "customer" or "oauth_install"."""

    app: str
    workspace: str
    use: str = "customer"
    enabled: bool = True
    at: datetime | None = None


@dataclass(frozen=True)
class UseAnswer:
    """What became of one report. `changed`: the workspace counts now and did not before, or the other way round."""

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
    """A service's connection. Not for several threads at once: give each its own."""

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
        """Asks for one transition and gives its outcome: `due` unless it was judged within `wait_s`. Raises Problem."""
        headers = {"Idempotency-Key": wanted.key}
        if wait_s > 0:
            headers["Prefer"] = f"wait={min(MAX_WAIT_S, max(1, round(wait_s)))}"
        ends_at = time.monotonic() + wait_s
        outcome = _outcome(self._call("POST", "/v1/transition-requests", wanted.as_body(), headers))
        left = ends_at - time.monotonic()
        return self.wait_for(outcome.id, seconds=left) if outcome.due and left > 0 else outcome

    def ask_many(self, wanted: Sequence[Ask]) -> list[RequestItemAnswer]:
        """Asks for many, each accepted or refused on its own; returns their answers in the same order."""
        answers: list[RequestItemAnswer] = []
        for part in _parts(wanted):
            items = [{**one.as_body(), "idempotency_key": one.key} for one in part]
            answers += [
                _made(RequestItemAnswer, item) for item in self._call("POST", "/v1/transition-requests", items)["items"]
            ]
        return answers

    def outcome(self, request_id: str) -> RequestOutcome:
        """Returns what became of a request. Raises Problem."""
        return _outcome(self._call("GET", f"/v1/transition-requests/{quote(request_id)}"))

    def wait_for(self, request_id: str, *, seconds: float) -> RequestOutcome:
        """Looks until the request is judged; returns it as it is, perhaps still due, after `seconds`."""
        ends_at, pause = time.monotonic() + seconds, 0.05
        while True:
            outcome = self.outcome(request_id)
            left = ends_at - time.monotonic()
            if not outcome.due or left <= 0:
                return outcome
            time.sleep(min(pause, left))
            pause = min(pause * 1.5, 2.0)

    def report(self, uses: Sequence[Use]) -> list[UseAnswer]:
        """Reports who uses which App; gives an answer for each in the same order. Reporting again changes nothing."""
        answers: list[UseAnswer] = []
        for part in _parts(uses):
            items = [{**asdict(one), "at": one.at.isoformat() if one.at else None} for one in part]
            answers += [_made(UseAnswer, item) for item in self._call("POST", "/v1/usage", {"items": items})["items"]]
        return answers

    def customers(self, app: str) -> Iterator[WorkspaceCount]:
        """Returns the workspaces of the App, those that count and those that do not, with the reasons."""
        yield from (_made(WorkspaceCount, item) for item in self._list(f"/v1/apps/{quote(app)}/customers"))

    def catalog(self, words: str | None = None) -> Iterator[dict[str, Any]]:
        """Returns the entries of the public catalog; with words, those that fit, best first."""
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
            pause = 0.2 * 2**attempt * random.uniform(0.5, 1.5)  # noqa: S311 - spreads those that were refused at once
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
    """Returns the value with what it knows of the answer: a field that the service adds later breaks nobody."""
    known = {one.name for one in fields(kind)}
    return kind(**{name: value for name, value in said.items() if name in known})


def _parts(items: Sequence[Made]) -> Iterator[Sequence[Made]]:
    for start in range(0, len(items), MAX_ITEMS):
        yield items[start : start + MAX_ITEMS]
