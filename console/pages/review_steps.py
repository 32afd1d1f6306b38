"""Deciding a step of a review."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.client import ApiClient
from console.forms import fields_of, refused_form
from console.navigation import STAFF
from console.rendering import Pages
from console.reviewing.forms import ReviewForms
from console.reviewing.page import PATH, ReviewPage, back, call_of
from console.visiting import signed_in_only


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the route of a step's form."""
    page = ReviewPage(api, pages)

    async def decide(request: Request) -> Response:
        fields = await fields_of(request)
        code = request.path_params["code"]
        body: dict[str, Any] = {"decision": fields.get("decision"), "reason": fields.get("reason") or None}
        if body["decision"] == "fail" and body["reason"]:
            body |= {"reason": None, "findings": [{"text": body["reason"]}]}
        done = await api.call(request, "POST", f"{call_of(request)}/steps/{code}", body)
        if done.is_ok:
            return back(request, f"#step-{code}")
        typed = ReviewForms(step=refused_form(fields, done, names={"findings": "reason"}), step_code=code)
        return await page.show(request, typed, done)

    return [Route(f"{PATH}/steps/{{code}}", signed_in_only(pages, decide, *STAFF), methods=["POST"])]
