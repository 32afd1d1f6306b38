"""Test runs of a Component: starting one, and its results as they come."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.addresses import app_path, component_page, component_path
from console.client import ApiClient, together
from console.component_kinds import KINDS, kind_of
from console.forms import Form, fields_of, key_in, refused_form
from console.json_text import pretty, pretty_text
from console.lists import next_of, params_of
from console.navigation import PARTNER, ComponentPart
from console.rendering import Pages
from console.testing import COLOURS, ENDED, SCOPES, example_of, mendings_of, read_message
from console.visiting import signed_in_only
from web.bounds import LargerBody

MAX_FORM: Final = 200 * 1024
"""A form's largest size: a message of 32 KB may be three times as long as a form sends it."""
LARGER_FORMS = (
    LargerBody("POST", re.compile(r"/apps/[^/]+/components/[^/]+/test-runs"), MAX_FORM, "Try a smaller message."),
)
COMPONENT_PARTS = (
    ComponentPart("/test-runs", "Test runs", tuple(code for code in KINDS if code != "stream"), order=20),
)
RUNS_ON_A_PAGE: Final = 20


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these pages."""
    runs = _TestRuns(api, pages)
    path = "/apps/{slug}/components/{component_id:uuid}/test-runs"
    return [
        Route(path, signed_in_only(pages, runs.list, PARTNER)),
        Route(path, signed_in_only(pages, runs.start, PARTNER), methods=["POST"]),
        Route(path + "/{run:uuid}", signed_in_only(pages, runs.show, PARTNER)),
    ]


@dataclass(frozen=True, slots=True)
class _TestRuns:
    api: ApiClient
    pages: Pages

    async def list(self, request: Request) -> Response:
        return await self._list(request, Form())

    async def _list(self, request: Request, form: Form, status: int = 200) -> Response:
        page, path = component_page(request), component_path(request)
        params = params_of(request, limit=RUNS_ON_A_PAGE)
        app, component, scopes, listed = await together(
            self.api.read(request, app_path(request)),
            self.api.read(request, path),
            self.api.read(request, f"{path}/test-scopes"),
            self.api.read(request, f"{path}/test-runs", params),
        )
        due = next((one["id"] for one in listed["items"] if one["status"] == "due"), None)
        under_way = f"{page}/test-runs/{due}" if due else None
        types = component["settings"].get("event_types", [])
        if "message" not in form.values and types:
            form = replace(form, values={**await self._first(request, path, types), **form.values})
        return self.pages.page(
            request,
            "test_runs.html",
            status=status,
            app=app,
            component=component,
            kind=kind_of(component),
            page=page,
            scopes={
                one["scope"]: mendings_of(one["missing"], page, scopes["host"], under_way) for one in scopes["items"]
            },
            host=scopes["host"],
            types=types,
            type_options=[(one, one) for one in types],
            runs=listed["items"],
            following=next_of(request, listed, params),
            colours=COLOURS,
            ended=ENDED,
            names=SCOPES,
            form=form,
        )

    async def _first(self, request: Request, path: str, types: Sequence[str]) -> dict[str, str]:
        """Returns the fields of the forms as they are first shown: with the message of an earlier try-out, if asked."""
        run = request.query_params.get("message_of", "")
        if run:
            before = await self.api.get(request, f"{path}/test-runs/{quote(run[:100], safe='')}")
            if before.is_ok and before.content["message"] is not None:
                message = pretty(before.content["message"])
                return {"scope": "try_out", "message": message}
        return {"message": example_of(types[0])}

    async def start(self, request: Request) -> Response:
        page, path = component_page(request), component_path(request)
        fields = await fields_of(request)
        body: dict[str, Any] = {"scope": fields.get("scope", "suite")}
        if body["scope"] == "event":
            body["event"] = fields.get("event", "")
        if body["scope"] == "try_out":
            message, problem = read_message(fields.get("message", ""))
            if message is None:
                return await self._list(request, Form(fields, {"message": problem}), 422)
            body["message"] = message
        started = await self.api.call(request, "POST", f"{path}/test-runs", body, key=key_in(fields))
        if started.status == 409:  # the page says what is missing, with links
            return await self._list(request, Form(fields, {}, (started.content["detail"],)), 409)
        if not started.is_ok:
            return await self._list(request, refused_form(fields, started), started.status)
        return RedirectResponse(f"{page}/test-runs/{started.content['id']}", 303)

    async def show(self, request: Request) -> Response:
        page, path = component_page(request), component_path(request)
        run, component, app = await together(
            self.api.read(request, f"{path}/test-runs/{request.path_params['run']}"),
            self.api.read(request, path),
            self.api.read(request, app_path(request)),
        )
        return self.pages.page(
            request,
            "test_run.html",
            live="_test_run.html",
            app=app,
            component=component,
            kind=kind_of(component),
            page=page,
            run=run,
            results=[_shown(one) for one in run["results"]],
            counting=_counted(run),
            colours=COLOURS,
            ended=ENDED,
            names=SCOPES,
            form=Form(),
        )


def _shown(result: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a result as the page shows it: bodies with a line for each value, and the command only once."""
    again = f" Try it again: {result['curl']}"
    findings = [
        {**one, "remedy": one["remedy"].removesuffix(again), "where": "", "evidence": ""} for one in result["findings"]
    ]
    return {
        **result,
        "body": pretty_text(result["body"]),
        "answer": pretty_text(result["answer"]),
        "findings": findings,
    }


def _counted(run: Mapping[str, Any]) -> dict[str, int]:
    """Returns how many of the results that count have each colour."""
    counting = [one["colour"] for one in run["results"] if not one["observed"]]
    return {colour: counting.count(colour) for colour in ("green", "yellow", "red")}
