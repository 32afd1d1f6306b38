"""Routers that are passed over for paths which are not theirs answer as those of FastAPI do."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from fastapi import APIRouter, FastAPI
from starlette.types import Message

from api.main import ROUTERS
from web.routers import Router


def _app(kind: type[APIRouter]) -> FastAPI:
    """Returns an application whose routers overlap, have a parameter early, or have one in the prefix."""
    app = FastAPI()
    for prefix, paths in {
        "/v1/apps": ("", "/{slug}"),
        "/v1/apps/{slug}/status": ("",),
        "/v1": ("/apps/{slug}/deep/{rest:path}", "/categories"),
        "/docs-of": ("/{name}",),
        "/{anything}": ("/at-all",),
    }.items():
        router = kind(prefix=prefix)
        for path in paths:
            router.get(path)(_answering(prefix + path))
        app.include_router(router)
    return app


def _answering(name: str) -> Callable[[], Awaitable[str]]:
    async def answer() -> str:
        return name

    return answer


def _answer(kind: type[APIRouter], method: str, path: str) -> list[Message]:
    """Returns what the application sends."""
    sent: list[Message] = []
    scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"",
             "headers": [(b"host", b"here")], "scheme": "http", "server": ("here", 80)}  # fmt: skip

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(_app(kind)(scope, receive, send))
    return sent


PATHS = (
    "/v1/apps",
    "/v1/apps/",
    "/v1/apps/acme",
    "/v1/apps/acme/status",
    "/v1/apps/acme/deep/a/b",
    "/v1/categories",
    "/v1/nothing",
    "/docs-of/x",
    "/docs-of",
    "/else/at-all",
    "/else",
    "/",
    "/v1/appsacme",
)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_path_leads_where_it_led_without_passing_over(method: str, path: str) -> None:
    assert _answer(Router, method, path) == _answer(APIRouter, method, path)


def test_every_router_of_the_api_can_be_passed_over() -> None:
    assert all(isinstance(room.router, Router) for room in ROUTERS)
