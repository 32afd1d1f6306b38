"""Asking for a transition of a partner's App: the submission, with all answers to check, and the other acts."""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.client import ApiClient
from console.forms import Form, fields_of, key_in
from console.navigation import PARTNER
from console.rendering import Pages
from console.visiting import signed_in_only
from console.words import REQUIREMENTS, STATUSES


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these pages."""

    async def ask(request: Request) -> Response:
        slug, trigger = request.path_params["slug"], request.path_params["trigger"]
        fields = await fields_of(request)
        body: dict[str, Any] = {"app": slug, "trigger": trigger}
        if fields.get("version", "").isdecimal():
            body["expected_version"] = int(fields["version"])
        words = fields.get("reason", "").strip()
        if words:
            body["reasons"] = [{"code": "other", "text": words}]
        asked = await api.call(
            request, "POST", "/v1/transition-requests", body, key=key_in(fields), headers={"Prefer": "wait=10"}
        )
        if not asked.is_ok:
            return pages.refusal(request, asked)
        if asked.content["status"] in ("refused", "dead"):
            return pages.page(
                request,
                "refusal.html",
                status=409,
                heading="This cannot be done now",
                detail="Nothing has changed." if asked.content["unmet"] else asked.content["error"] or "",
                remedy="",
                unmet=asked.content["unmet"],
            )
        return RedirectResponse(f"/apps/{slug}", 303)

    async def show_submission(request: Request) -> Response:
        path = f"/v1/apps/{request.path_params['slug']}"
        standing = await api.read(request, f"{path}/status")
        return pages.page(
            request,
            "submission.html",
            app=await api.read(request, path),
            checklist=await api.read(request, f"{path}/checklist"),
            submit=next((one for one in standing["triggers"] if one["trigger"] == "submit"), None),
            titles=REQUIREMENTS,
            statuses=STATUSES,
            form=Form(),
        )

    return [
        Route("/apps/{slug}/submission", signed_in_only(pages, show_submission, PARTNER)),
        Route("/apps/{slug}/ask/{trigger}", signed_in_only(pages, ask, PARTNER), methods=["POST"]),
    ]
