"""Judges what an endpoint answered: the colour, and findings that say what was sent, what came and what would be right.

Pure. What an answer holds is read in time in proportion to its length, which is bounded.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from models.component_test import TestColour
from workflow.component_tests.colours import NEVER_UNSUPPORTED, colour_of
from workflow.component_tests.requests import OutgoingRequest
from workflow.component_tests.runs import CaseResult
from workflow.findings import Finding

SLOW: Final = timedelta(seconds=3)
"""A slower answer is named: at high volumes it will be too slow."""
CERTIFICATE_ENDS_SOON: Final = timedelta(days=21)
MAX_SHOWN: Final = 300
"""How many characters of an answer a sentence repeats."""
_MODERN_TLS: Final = frozenset({"TLSv1.2", "TLSv1.3"})


class Expected(StrEnum):
    """What an endpoint should do with what is sent."""

    PROCESSED = "processed"
    KEY_REFUSED = "key_refused"
    MALFORMED_REFUSED = "malformed_refused"
    SURVIVED = "survived"


@dataclass(frozen=True, slots=True)
class Exchange:
    """What came back. `status` is None if nothing did; then `problem` says why, by a code, and `detail` in words.

    With a status, `problem` says what kept the body from being read to its end. `seconds` until the answer's head.
    """

    status: int | None = None
    content_type: str = ""
    location: str | None = None
    body: bytes = b""
    is_cut: bool = False
    problem: str | None = None
    detail: str = ""
    seconds: float | None = None
    tls_version: str | None = None
    certificate_ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A case as it is judged: its code, the event type, the event's name for people, and what should become of it."""

    code: str
    event: str
    title: str
    expected: Expected = Expected.PROCESSED

    @property
    def observed(self) -> bool:
        """Whether the result is shown only, and makes no run red."""
        return self.expected is not Expected.PROCESSED


@dataclass(frozen=True, slots=True)
class _Read:
    """An answer's body, read: its text, the JSON in it, and its message for people."""

    text: str | None
    is_json: bool | None
    message: str | None


def judge(question: Question, request: OutgoingRequest, came: Exchange, now: datetime, *, first: bool) -> CaseResult:
    """Returns the result of a case. `first`: it is the run's first, which also looks at the connection."""
    came = _without_secrets(came, request)
    read = _read(came, request)
    found = _Findings(question, request, came)
    colour = _JUDGES[question.expected](question, came, read, found)
    if came.status is not None:
        _look_at_answer(came, read, found)
        if first:
            _look_at_connection(came, now, found)
    return CaseResult(
        code=question.code,
        event=question.event,
        method=request.method,
        url=request.url,
        headers=request.shown_headers,
        body=request.text,
        status=came.status,
        answer=read.text,
        is_json=read.is_json,
        message=read.message if came.status is not None else came.detail,
        latency_ms=None if came.seconds is None else round(came.seconds * 1000),
        colour=colour,
        observed=question.observed,
        findings=tuple(found.all),
    )


class _Findings:
    """Collects findings, each with what was sent, what came, what would be right, and how to send it again."""

    def __init__(self, question: Question, request: OutgoingRequest, came: Exchange) -> None:
        self.all: list[Finding] = []
        self._sent = _SENT.get(question.code, f"{question.title} was sent")
        self._came = _in_words(came)
        self._again = f"Try it again: {request.curl}"

    def add(self, code: str, right: str, remedy: str) -> None:
        detail = f"{self._sent}. {self._came}. Right would be: {right}."
        self.all.append(Finding(code, detail, f"{remedy} {self._again}"))


def _in_words(came: Exchange) -> str:
    if came.status is None:
        return f"No answer came: {came.detail[:MAX_SHOWN].rstrip('.')}"
    where = f", leading to {came.location[:MAX_SHOWN]}" if came.location else ""
    return f"The answer was {came.status}{where}"


def _processed(question: Question, came: Exchange, read: _Read, found: _Findings) -> TestColour:
    colour = colour_of(question.event, came.status)
    if came.status is None:
        found.add(f"endpoint.{came.problem}", "200 or 202", _REMEDIES.get(str(came.problem), _REACHABLE))
        return colour
    if colour is TestColour.GREEN:
        is_json = _is_declared_json(came)
        if came.problem is not None and is_json:
            remedy = "Send the whole JSON body, with a Content-Length that is true."
            found.add(f"answer.body.{came.problem}", "an answer that ends", remedy)
            return TestColour.RED
        return colour
    code, right, remedy = _words_of(question, came.status)
    found.add(code, right, remedy)
    if read.message is None:
        remedy = 'Answer errors with a JSON object such as {"message": "..."}: people are shown its message.'
        found.add("answer.no_message", "an error that says what is wrong", remedy)
    return colour


def _words_of(question: Question, status: int) -> tuple[str, str, str]:
    """Returns the code of a finding about a status that is neither 200 nor 202, what would be right, and a remedy."""
    if status == 501 and question.event == NEVER_UNSUPPORTED:
        return "delete.unsupported", "200 or 202", "Delete the user: every receiver of events must be able to."
    if status in _STATUSES:
        return _STATUSES[status]
    if 300 <= status < 400:
        return "answer.redirect", "200 or 202 from this very URL", "Give the URL at which the redirects end."
    if 200 <= status < 300:
        return "answer.status", "200 or 202", "Answer 200 once the event is processed, or 202 once it is accepted."
    return "answer.status", "200 or 202", "See the endpoint's log for why it answers so."


def _key_refused(_question: Question, came: Exchange, _read: _Read, found: _Findings) -> TestColour:
    if came.status in (401, 403):
        return TestColour.GREEN
    if came.status in (200, 202):
        found.add("wrong_key.accepted", "401", "Check the key of every request: anybody could send events otherwise.")
    else:
        found.add("wrong_key.status", "401", "Answer 401 to a key that is not valid: the customer is told so.")
    return TestColour.YELLOW


def _malformed_refused(_question: Question, came: Exchange, _read: _Read, found: _Findings) -> TestColour:
    if came.status == 400:
        return TestColour.GREEN
    code = "malformed.accepted" if came.status in (200, 202) else "malformed.status"
    found.add(code, "400", "Answer 400 to what is not JSON: it is then not sent again.")
    return TestColour.YELLOW


def _survived(question: Question, came: Exchange, _read: _Read, found: _Findings) -> TestColour:
    if came.status is not None and (came.status < 500 or came.status == 501):
        return TestColour.GREEN
    found.add(f"{question.code}.failed", *_SURVIVING[question.code])
    return TestColour.YELLOW


def _look_at_answer(came: Exchange, read: _Read, found: _Findings) -> None:
    if came.seconds is not None and came.seconds > SLOW.total_seconds():
        right = f"an answer within {SLOW.total_seconds():.0f} seconds"
        found.add("answer.slow", right, "Accept the event, answer 202, and process it afterwards.")
    if _is_declared_json(came) and read.is_json is False:
        found.add("answer.not_json", "JSON, as its Content-Type says", "Mend the body, or its Content-Type.")


def _look_at_connection(came: Exchange, now: datetime, found: _Findings) -> None:
    if came.tls_version is not None and came.tls_version not in _MODERN_TLS:
        found.add("tls.old", "TLS 1.2 or 1.3", f"Switch {came.tls_version} off.")
    ends = came.certificate_ends
    if ends is not None and ends - now < CERTIFICATE_ENDS_SOON:
        when = f"{ends.astimezone(UTC):%Y-%m-%d}"
        found.add("certificate.ends_soon", "a certificate that lasts", f"Renew the certificate: it ends on {when}.")


def _without_secrets(came: Exchange, request: OutgoingRequest) -> Exchange:
    """Returns the exchange with words for people that repeat no secret; its body is as it was."""
    location = None if came.location is None else request.without_secrets(came.location)
    return replace(came, location=location, detail=request.without_secrets(came.detail))


def _read(came: Exchange, request: OutgoingRequest) -> _Read:
    if came.status is None:
        return _Read(None, None, None)
    whole = came.body.decode("utf-8", errors="replace")
    text = request.without_secrets(whole)
    if not _is_declared_json(came):
        return _Read(text, None if came.is_cut else _json_of(whole) is not _NO_JSON, None)
    if came.is_cut or came.problem is not None:
        return _Read(text, None, None)
    value = _json_of(whole)
    message = value.get("message") if isinstance(value, dict) else None
    shown = request.without_secrets(message) if isinstance(message, str) and message else None
    return _Read(text, value is not _NO_JSON, shown)


def _is_declared_json(came: Exchange) -> bool:
    return came.content_type.partition(";")[0].strip().lower() == "application/json"


_NO_JSON: Final = object()


def _json_of(text: str) -> Any:
    """Returns the value of a JSON text of bounded length, or _NO_JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _NO_JSON


_JUDGES: Final[Mapping[Expected, Callable[[Question, Exchange, _Read, _Findings], TestColour]]] = {
    Expected.PROCESSED: _processed,
    Expected.KEY_REFUSED: _key_refused,
    Expected.MALFORMED_REFUSED: _malformed_refused,
    Expected.SURVIVED: _survived,
}
_REACHABLE: Final = "Check that the endpoint is up and reachable from the internet."
_REMEDIES: Final[Mapping[str, str]] = {
    "time.exceeded": "Answer within ten seconds: accept the event, answer 202, and process it afterwards.",
    "tls.invalid": "Install a certificate that is in date, names this host and is from a public authority.",
    "tls.failed": "Speak TLS 1.2 or 1.3.",
    "response.malformed": "Speak HTTP/1.1: the answer must begin with a status line.",
    "headers.too_large": "Send fewer or shorter response headers.",
    "name.unresolved": "Check the host name's spelling and its DNS records.",
    "address.not_public": "Serve the endpoint from a host whose every address is reachable from the internet.",
    "connection.failed": _REACHABLE,
}
_STATUSES: Final[Mapping[int, tuple[str, str, str]]] = {
    400: ("answer.malformed", "200 or 202", "Compare the body with what the endpoint expects: it is a valid message."),
    401: ("answer.key", "200 or 202", "Check that the test key is valid, and how the endpoint reads it."),
    403: ("answer.permission", "200 or 202", "Use a test key that may do what the event needs."),
    404: ("answer.status", "200 or 202", "Check the path of the URL."),
    405: ("answer.status", "200 or 202", "Take POST at this URL."),
    500: ("answer.error", "200 or 202", "See the endpoint's log: this status means that it failed."),
    501: (
        "answer.unsupported",
        "200 or 202, or that the Component does not declare this event type",
        "Leave it as it is, support the event type, or take it off the Component's event_types.",
    ),
    503: ("answer.down", "200 or 202", "The endpoint says that it is temporarily down: run the suite when it is up."),
}
_SENT: Final[Mapping[str, str]] = {
    "wrong_key": "A valid event was sent with a wrong key",
    "duplicate": "An event that had been answered was sent again, with the same messageId",
    "other_order": "An event was sent that happened before others which had been sent",
    "malformed": "A body was sent that is cut off in the middle, and so is no JSON",
    "other_casing": "An event was sent whose keys have another casing, such as Email or first_name",
    "nulls": "An event was sent with null for values",
}
_SURVIVING: Final[Mapping[str, tuple[str, str]]] = {
    "duplicate": ("200", "Take a messageId that you know as processed: events are sent again after a lost answer."),
    "other_order": ("200 or 202", "Take events in any order: none is guaranteed."),
    "other_casing": ("200 or 202", "Take keys of any casing, or ignore those you do not know: customers write them."),
    "nulls": ("200, 202 or 400", "Take null as a missing value, or answer 400 with a message."),
}
