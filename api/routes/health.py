"""Liveness of the process for everybody, and readiness and metrics for operators, who have a listener of their own."""

import time
from typing import Any, Literal

from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from pydantic import BaseModel, ConfigDict

from api.auth import InContext
from web.problems import ANY, SEE_DOCTOR, answers, problem
from web.routers import Router
from workflow.operating.backlog import Backlog, measure_backlog

router = Router(tags=["operator"], responses=ANY)
operators = Router(responses=ANY)
"""The routes of the operators' listener. The API's own does not have them."""

DUE = Gauge("devcenter_due_rows", "Rows that are due now, by kind; counted up to 100,000.", ["kind"])
OLDEST = Gauge("devcenter_due_oldest_seconds", "Seconds since the oldest due row became due, by kind.", ["kind"])
IN_FLIGHT = Gauge("devcenter_due_rows_in_flight", "Due rows that workers have leased now, by kind.", ["kind"])
DEAD = Gauge("devcenter_dead_rows", "Rows that have used up their attempts, by kind.", ["kind"])
FAILING_LANES = Gauge("devcenter_failing_lanes", "Lanes whose last attempts failed, by kind.", ["kind"])
LANE_DUE = Gauge(
    "devcenter_lane_due_rows", "Due rows of the ten lanes with the most due rows, by kind.", ["kind", "lane"]
)
LANE_IN_FLIGHT = Gauge(
    "devcenter_lane_rows_in_flight", "Leased rows of the lanes in devcenter_lane_due_rows.", ["kind", "lane"]
)
_METRICS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {}}}, **answers(503)}

COUNTED_EVERY_SECONDS = 10.0

REJECTED = Gauge("devcenter_rejected_messages", "Messages that were rejected because they could not be stored.")


class AliveAnswer(BaseModel):
    """The process is alive."""

    status: Literal["alive"] = "alive"


class ReadyAnswer(BaseModel):
    """The process can serve. `degraded` means that Redis does not answer: everything works, but some of it later."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ready", "revision": "0002", "redis": True}]})

    status: Literal["ready", "degraded"]
    revision: str
    redis: bool


@router.get("/healthz")
async def alive() -> AliveAnswer:
    """Answers if the process is alive."""
    return AliveAnswer()


@operators.get("/readyz", responses=answers(503), response_model=ReadyAnswer)
async def ready(context: InContext) -> ReadyAnswer | JSONResponse:
    """Answers 200 if Postgres answers, is at the revision of the code, reads tokens and takes writes, and else 503.

    Without Redis the status is `degraded`: everything works, but some of it later.
    """
    state = await context.database_state()
    if state.revision is None:
        return problem(
            503, "database.away", "The database does not answer or is not migrated.", "Run `devcenter doctor`."
        )
    if state.revision != context.revision:
        detail = f"The database is at revision {state.revision}; the code needs {context.revision}."
        return problem(503, "database.mismatch", detail, "Run `devcenter migrate`, or deploy the database's release.")
    if not state.reads_tokens:
        return problem(503, "tokens.unreadable", "Tokens cannot be read, so no call can be admitted.", SEE_DOCTOR)
    if not state.takes_writes:
        return problem(503, "database.read_only", "The database takes no writes at present.", SEE_DOCTOR)
    redis = await context.redis_answers()
    return ReadyAnswer(status="ready" if redis else "degraded", revision=state.revision, redis=redis)


@operators.get("/metrics", response_class=Response, responses=_METRICS)
async def metrics(context: InContext) -> Response:
    """Returns all metrics in the Prometheus text format. Due and dead rows are counted at most every ten seconds."""
    if _counted.is_old():
        _show(await context.transact(measure_backlog))
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


class _Counted:
    """Remembers when this process last counted rows, so that frequent scrapes do not query the database each time."""

    def __init__(self) -> None:
        self._again_at = 0.0

    def is_old(self) -> bool:
        now = time.monotonic()
        if now < self._again_at:
            return False
        self._again_at = now + COUNTED_EVERY_SECONDS
        return True


_counted = _Counted()


def _show(backlog: Backlog) -> None:
    for kind, counted in backlog.kinds.items():
        DUE.labels(kind).set(counted.due)
        OLDEST.labels(kind).set(counted.oldest_seconds)
        IN_FLIGHT.labels(kind).set(counted.in_flight)
        DEAD.labels(kind).set(counted.dead)
        FAILING_LANES.labels(kind).set(counted.failing_lanes)
    for gauge in (LANE_DUE, LANE_IN_FLIGHT):
        gauge.clear()  # other lanes may have the most rows now
    for lane in backlog.lanes:
        LANE_DUE.labels(lane.kind, lane.lane).set(lane.due)
        LANE_IN_FLIGHT.labels(lane.kind, lane.lane).set(lane.in_flight)
    REJECTED.set(backlog.rejected_messages)
