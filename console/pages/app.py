"""A partner's App: whose turn it is, what is left to do, and what can be asked for."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.acts import offered
from console.addresses import app_path
from console.client import ApiClient, together
from console.forms import Form, fields_of, if_match, refused_form
from console.navigation import PARTNER, Part
from console.rendering import Pages
from console.visiting import signed_in_only
from console.words import REQUIREMENTS, STATES, STATUSES, TURNS

PARTS = (Part("", "Overview", order=0),)


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of this page."""

    async def show(request: Request) -> Response:
        return await _shown(request)

    async def rename(request: Request) -> Response:
        """Renames the App, unless somebody has edited it since the page was shown."""
        slug, fields = request.path_params["slug"], await fields_of(request)
        body = {"name": fields.get("name", "").strip()}
        done = await api.call(request, "PATCH", app_path(request), body, headers=if_match(fields))
        if done.is_ok:
            return RedirectResponse(f"/apps/{slug}", 303)
        return await _shown(request, refused_form(fields, done), done.status)

    async def _shown(request: Request, renaming: Form | None = None, status: int = 200) -> Response:
        slug = request.path_params["slug"]
        path = app_path(request)
        standing, talking, app, checklist = await together(
            api.read(request, f"{path}/status"),
            api.read(request, "/v1/unread-messages", {"app": slug}),
            api.found(request, path),
            api.read(request, f"{path}/checklist"),
        )
        submit = next(one for one in standing["triggers"] if one["trigger"] == "submit")
        return pages.page(
            request,
            "app.html",
            status=status,
            live="_standing.html",
            app=app.content,
            base=app.etag,
            unread=sum(one["unread"] for one in talking["items"]),
            standing=standing,
            checklist=checklist,
            suspended_for=_reasons_of_suspension(standing) if standing["state"] == "suspended" else [],
            can_submit=submit["possible"],
            hindering=submit["unmet"] if app.content["editable"] and not _is_unchanged(submit) else [],
            acts=offered(standing["triggers"]),
            states=STATES,
            turns=TURNS,
            titles=REQUIREMENTS,
            statuses=STATUSES,
            renaming=renaming or Form({"name": app.content["name"]}),
        )

    return [
        Route("/apps/{slug}", signed_in_only(pages, show, PARTNER)),
        Route("/apps/{slug}/name", signed_in_only(pages, rename, PARTNER), methods=["POST"]),
    ]


def _is_unchanged(submit: Mapping[str, Any]) -> bool:
    """Returns whether nothing hinders the submission but that the draft is what is published: there is no hurry."""
    return [one["code"] for one in submit["unmet"]] == ["draft.changed"]


def _reasons_of_suspension(standing: Mapping[str, Any]) -> list[str]:
    """Returns why the App was suspended last."""
    suspensions = (one for one in standing["history"] if one["trigger"] == "suspend")
    reasons: list[str] = next(suspensions, {"reasons": []})["reasons"]
    return reasons
