"""The line of a call that breaks, whose answer is made further out, and of a call inside of another one."""

import asyncio
import json
import logging
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp

from runtime.logs import configure_logging
from web import problems
from web.bounds import Bounds
from web.calls import CallLog

pytestmark = pytest.mark.usefixtures("logging_restored")

TRACE, SPAN = b"4bf92f3577b34da6a3ce929d0e0e4736", b"00f067aa0ba902b7"


def _app() -> FastAPI:
    app = FastAPI()
    problems.install(app)
    app.add_middleware(CallLog)

    @app.get("/break")
    async def _break() -> None:
        logging.getLogger("tests").warning("about to break")
        raise LookupError("a defect")

    @app.get("/outer")
    async def _outer() -> str:
        await _call(app, "/inner")
        return ""

    @app.get("/outer-breaks")
    async def _outer_breaks() -> None:
        await _call(app, "/break")

    @app.get("/inner")
    async def _inner() -> str:
        return ""

    return app


async def _call(app: ASGIApp, path: str, *headers: tuple[bytes, bytes], method: str = "GET") -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": list(headers),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_call_that_breaks_is_answered_with_its_id_and_what_it_logged_has_it_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("INFO", "json")
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    async def breaks() -> None:
        scope = {"type": "http", "method": "GET", "path": "/break", "query_string": b"", "headers": []}
        try:
            await _app()(scope, receive, send)
        except LookupError:  # the server logs it, in the call's own task
            logging.getLogger("uvicorn.error").exception("Exception in ASGI application")

    asyncio.run(breaks())
    call_id = dict(sent[0]["headers"])[b"x-request-id"].decode()
    lines = _lines(capsys)
    assert [line["event"] for line in lines] == ["about to break", "call", "Exception in ASGI application"]
    assert {line["call_id"] for line in lines} == {call_id}
    assert lines[1]["status"] == sent[0]["status"] == 500
    assert "LookupError: a defect" in lines[2]["exception"]


def test_a_call_inside_of_another_one_continues_its_trace_and_leaves_it_its_own_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("INFO", "json")
    asyncio.run(_call(_app(), "/outer", (b"traceparent", b"00-" + TRACE + b"-" + SPAN + b"-01")))
    inner, outer = _lines(capsys)
    assert (inner["route"], outer["route"]) == ("/inner", "/outer")
    assert inner["trace_id"] == outer["trace_id"] == TRACE.decode()
    assert inner["call_id"] != outer["call_id"]
    assert "parent_id" not in inner


def test_a_call_whose_inner_call_breaks_keeps_its_own_id(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "json")
    with pytest.raises(LookupError):
        asyncio.run(_call(_app(), "/outer-breaks"))
    ids = {line["route"]: line["call_id"] for line in _lines(capsys) if line["event"] == "call"}
    assert set(ids) == {"/break", "/outer-breaks"}
    assert len(set(ids.values())) == 2


def test_a_head_is_logged_with_the_route_that_answers_it(capsys: pytest.CaptureFixture[str]) -> None:
    app = FastAPI()

    @app.get("/v1/apps/{slug}")
    async def _app_of(slug: str) -> str:
        return slug

    configure_logging("INFO", "json")
    asyncio.run(_call(CallLog(Bounds(app)), "/v1/apps/acme", method="HEAD"))
    (line,) = _lines(capsys)
    assert (line["method"], line["route"], line["app"]) == ("HEAD", "/v1/apps/{slug}", "acme")
