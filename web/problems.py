"""Errors as problem details (RFC 9457): the one table from the workflow's errors to statuses."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from models.sqlstates import Fault, fault_of
from web.calls import call_id, describe_call
from web.sentences import MAX_FLAWS, Flaw, flaws_of, in_words
from web.tracing import REQUEST_ID
from workflow.errors import Conflict, Forbidden, Invalid, NotFound, Refused, WorkflowError
from workflow.outages import Outage

STATUS_OF: tuple[tuple[type[WorkflowError], int], ...] = (
    (NotFound, 404),
    (Forbidden, 403),
    (Refused, 409),
    (Conflict, 409),
    (Invalid, 422),
)
STATUS_OF_CODE = {
    "token.missing": 401,
    "token.invalid": 401,
    "token.expired": 401,
    "token.revoked": 401,
    "token.other_kind": 401,
    "idempotency.mismatch": 422,
    "revision.stale": 412,
    "revision.missing": 428,
    "asset.busy": 503,
    "lock.waited": 503,
    "revision.foreign": 412,
    "revision.unreadable": 400,
}
"""Codes whose status differs from that of their class."""


class UnmetRule(BaseModel):
    """A rule that is not met, why, and what to do about it."""

    code: str
    title: str
    detail: str
    remedy: str
    facts: dict[str, str] = {}


class Problem(BaseModel):
    """An RFC 9457 problem. `code` is stable; `unmet` names every unmet rule of a refusal, `errors` every flaw."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    remedy: str = ""
    unmet: list[UnmetRule] = []
    errors: list[Flaw] = []


_TITLES = {
    400: "Bad request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    408: "Request timeout",
    409: "Conflict",
    412: "Precondition failed",
    413: "Content too large",
    414: "URI too long",
    415: "Unsupported media type",
    422: "Unprocessable content",
    428: "Precondition required",
    429: "Too many requests",
    431: "Request header fields too large",
    500: "Internal error",
    503: "Service unavailable",
}


_HEADERS = {
    401: {"WWW-Authenticate": "Bearer"},
    408: {"Connection": "close"},
    413: {"Connection": "close"},
    414: {"Connection": "close"},
    415: {"Accept": "application/json", "Accept-Encoding": "identity", "Connection": "close"},
    431: {"Connection": "close"},
    503: {"Retry-After": "2"},
}
SEE_DOCTOR = "An operator should run `devcenter doctor`. Try again later, with the same Idempotency-Key."
INVALID = "request.invalid"
"""The code of a request, or an item of a list, in which values are wrong."""
CORRECT = "Correct what `errors` names, and send it again."
_REMEDIES = {
    400: "Send a request that is complete and plain, as /docs describes it.",
    404: "All calls are listed at /docs and in /openapi.json. Mind that a path has no slash at its end.",
    405: "All calls are listed at /docs and in /openapi.json.",
    406: "Accept application/json.",
    413: "Send less at once.",
    415: "Send JSON, with Content-Type: application/json.",
}
"""What to do about a refusal that the framework makes."""
_REPEAT = "Try again with the same Idempotency-Key: nothing is done twice."


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Returns the declaration of answers that are problems, for a route's `responses`.

    They name the schema of Problem instead of the model: FastAPI would build a validator for each of them, for nothing.
    """
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": _TITLES[status], "content": content} for status in statuses}


ANY = answers(400, 401, 405, 408, 413, 414, 415, 429, 431, 500, 503)
"""The problems that any route can answer."""
PUBLIC = ANY | answers(404, 422)
"""The problems that a route without a token can answer."""
COMMON = PUBLIC | answers(403, 409)
"""The problems that a route with a token can answer."""


def problem(
    status: int,
    code: str,
    detail: str,
    remedy: str = "",
    unmet: list[dict[str, Any]] | None = None,
    errors: Sequence[Flaw] = (),
) -> JSONResponse:
    """Returns the answer for a problem. It closes the connection if the request was not read to its end.

    The log line of the present call has the code.
    """
    if call_id() is not None:
        describe_call(code=code)
    headers = {"Cache-Control": "no-store"} | _HEADERS.get(status, {})
    body = {
        "type": "about:blank",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "code": code,
        "detail": detail,
        "remedy": remedy,
        "unmet": unmet or [],
        "errors": [flaw.model_dump() for flaw in errors],
    }
    return JSONResponse(body, status, headers=headers, media_type="application/problem+json")


def problem_of(error: WorkflowError) -> JSONResponse:
    """Returns the answer for a workflow error."""
    status = STATUS_OF_CODE.get(error.code) or next((code for kind, code in STATUS_OF if isinstance(error, kind)), 422)
    unmet = [one.as_dict() for one in error.unmet] if isinstance(error, Refused) else []
    misfits = error.misfits if isinstance(error, Invalid) else ()
    errors = [Flaw(pointer=f"#{one.pointer}", code="value", detail=one.detail) for one in misfits[:MAX_FLAWS]]
    return problem(status, error.code, error.detail, error.remedy, unmet, errors)


DescribeMismatch = Callable[[], Awaitable[str | None]]
"""Returns how the database's revision differs from the code's, or None if it does not or cannot be read."""


async def no_mismatch() -> str | None:
    """Returns None: nothing is known of a revision."""
    return None


def install(app: FastAPI, describe_mismatch: DescribeMismatch = no_mismatch) -> None:
    """Installs handlers that turn every error of `app` into a problem."""

    @app.exception_handler(WorkflowError)
    async def _workflow(_request: Request, error: WorkflowError) -> JSONResponse:
        return problem_of(error)

    @app.exception_handler(RequestValidationError)
    async def _validation(_request: Request, error: RequestValidationError) -> JSONResponse:
        if isinstance(error.body, bytes) and any(part["loc"] == ("body",) for part in error.errors()):
            detail = "This call does not accept the Content-Type of the body."
            return problem(415, "body.unsupported", detail, "Send JSON, with Content-Type: application/json.")
        flaws = flaws_of(error.errors(), error.body)
        return problem(422, INVALID, in_words(flaws), CORRECT, errors=flaws)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        return _problem_of_http(request, error)

    @app.exception_handler(DBAPIError)
    async def _database(_request: Request, error: DBAPIError) -> JSONResponse:
        return await _problem_of_database(error, describe_mismatch)

    @app.exception_handler(PoolTimeout)
    async def _busy(_request: Request, _error: PoolTimeout) -> JSONResponse:
        return problem(503, "database.busy", "No connection to the database was free.", _REPEAT)

    @app.exception_handler(UnicodeEncodeError)
    async def _unencodable(_request: Request, _error: UnicodeEncodeError) -> JSONResponse:
        return problem(422, "value.unstorable", "A value has characters that are no text.", "Send another value.")

    @app.exception_handler(Exception)
    async def _broken(_request: Request, _error: Exception) -> JSONResponse:
        answer = problem(500, "internal.error", "The service failed; its log says why.", _REPEAT)
        if (called := call_id()) is not None:  # this answer is made outside of what adds the header to all others
            answer.headers[REQUEST_ID.decode()] = called
        return answer


STATUS_OF_FAULT: dict[Fault, tuple[int, str, str, str]] = {
    Fault.VALUE: (422, "value.unstorable", "A value cannot be stored", "Send another value."),
    Fault.SLOW: (503, "database.slow", "The database took too long", _REPEAT),
    Fault.DEFECT: (500, "internal.error", "The service failed; its log says why.", _REPEAT),
    Fault.CONFLICT: (503, "database.conflict", "Concurrent calls got in each other's way.", _REPEAT),
    Fault.LOCKED: (503, "lock.waited", "Another transaction holds what this call needs.", _REPEAT),
    Fault.CANCELLED: (503, "database.cancelled", "Somebody cancelled the call's statement.", _REPEAT),
    Fault.EXHAUSTED: (503, "database.exhausted", "The database has run out of a resource", _REPEAT),
    Fault.AWAY: (503, "database.away", "The database did not answer.", _REPEAT),
    Fault.UNFIT: (503, "database.away", "The connection to the database no longer fits.", _REPEAT),
    Fault.READ_ONLY: (503, "database.read_only", "The database takes no writes at present", SEE_DOCTOR),
    Fault.SCHEMA: (503, "database.mismatch", "The database is not as this release expects", SEE_DOCTOR),
    Fault.FORBIDDEN: (503, "database.forbidden", "The database refuses this service", SEE_DOCTOR),
    Fault.BROKEN: (503, "database.broken", "The database failed", SEE_DOCTOR),
}
"""The answer for each fault of the database: status, code, detail, remedy. A detail without a full stop is followed by
the database's own words."""
_MAY_BE_MISMATCH = frozenset({Fault.VALUE, Fault.SCHEMA, Fault.FORBIDDEN, Fault.DEFECT})
"""Faults that a database of another revision causes too: its columns and constraints are not those of the code."""


async def _problem_of_database(error: DBAPIError, describe_mismatch: DescribeMismatch) -> JSONResponse:
    fault = fault_of(error) or Fault.DEFECT
    said = str(getattr(getattr(error.orig, "diag", None), "message_primary", None) or "")
    if fault in _MAY_BE_MISMATCH and (mismatch := await describe_mismatch()):
        return problem(503, "database.mismatch", mismatch, SEE_DOCTOR)
    status, code, detail, remedy = STATUS_OF_FAULT[fault]
    if fault is Fault.VALUE:
        log.warning("the database refused a call's value: %s", said or error.orig)
        if getattr(error.orig, "sqlstate", None) in _TAKEN:
            return problem(409, "value.taken", "Something like this is there already.", "Read it, then try again.")
    if status == 500:
        log.error("a statement failed", exc_info=error)
    elif fault in (Fault.AWAY, Fault.EXHAUSTED):
        OUTAGE.failed(error)
    elif status == 503:
        log.warning("a call met a fault of the database: %r", error.orig)
    if not detail.endswith("."):
        detail = f"{detail}: {said}." if said else f"{detail}."
    return problem(status, code, detail, remedy)


_TAKEN = ("23505", "23P01")
OUTAGE = Outage("the database", "the API")
log = logging.getLogger(__name__)


def _problem_of_http(request: Request, error: HTTPException) -> JSONResponse:
    """Returns the answer for an error of the framework: an unknown path, or a method that the path does not have."""
    codes = {404: "route.not_found", 405: "method.not_allowed", 400: "body.unreadable"}
    status, detail, remedy = error.status_code, f"{error.detail}.", _REMEDIES.get(error.status_code, "")
    allowed = ", ".join(_methods_at(request)) if status == 405 else ""
    if status == 404:
        detail = f"There is no call {request.url.path[:200]}."
    if status == 405:
        detail = f"{request.method} cannot be used on {request.url.path[:200]}."
        remedy = f"Use one of: {allowed}. {remedy}"
    answer = problem(status, codes.get(status, "http.error"), detail, remedy)
    answer.headers.update(error.headers or {})
    if status == 405:
        answer.headers["Allow"] = allowed
    return answer


def _methods_at(request: Request) -> list[str]:
    """Returns the methods of all routes with the path's template; the framework names only those of the first."""
    routes = [route for route in iter_route_contexts(request.app.routes) if route.path is not None]
    here = next((route for route in routes if compile_path(route.path or "")[0].match(request.url.path)), None)
    found = [route.methods or set() for route in routes if here is not None and route.path == here.path]
    return sorted(set[str]().union(*found))
