"""The pictures of a partner's App: seeing, uploading and removing them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.addresses import app_path
from console.client import ApiClient, together
from console.forms import Form
from console.navigation import PARTNER, Part
from console.rendering import Pages
from console.uploads import ROOM_FOR_FIELDS, upload_in
from console.visiting import signed_in_only
from web.bounds import LargerBody

PARTS = (Part("/pictures", "Pictures", order=30),)
MAX_BYTES: Final = 5 * 1024 * 1024
LARGER_FORMS = (
    LargerBody(
        "POST",
        re.compile(r"/apps/[^/]+/pictures"),
        2 * MAX_BYTES + ROOM_FOR_FIELDS,
        "Upload a picture of at most 5 MiB: save it as JPEG or WebP, or scale it down.",
    ),
)
KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "logo": ("Logo", "An SVG of at most 1 MiB, wider than high, with the name of the App."),
    "mark": ("Mark", "An SVG of at most 1 MiB, square, without the name."),
    "screenshot": (
        "Screenshots",
        "PNG, JPEG or WebP, of at most 5 MiB, with 200 to 8192 pixels a side. The catalog shows them sharp from 1280 "
        "pixels of width on.",
    ),
}
"""The kinds of pictures: the heading of each, and what it may be."""


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these pages."""
    pictures, path = _Pictures(api, pages), "/apps/{slug}/pictures"
    return [
        Route(path, signed_in_only(pages, pictures.look, PARTNER)),
        Route(path, signed_in_only(pages, pictures.upload, PARTNER), methods=["POST"]),
        Route(f"{path}/{{id:uuid}}", signed_in_only(pages, pictures.serve)),
        Route(f"{path}/{{id:uuid}}/remove", signed_in_only(pages, pictures.remove, PARTNER), methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Pictures:
    api: ApiClient
    pages: Pages

    async def look(self, request: Request) -> Response:
        return await self._show(request)

    async def upload(self, request: Request) -> Response:
        given = await upload_in(request)
        kind, content = given.fields.get("kind", ""), given.files.get("file", b"")
        if kind not in KINDS:
            return await self._show(request, "", "This form did not arrive whole. Upload the picture again.", 422)
        if not content:
            return await self._show(request, kind, "Choose a file first.", 422)
        if len(content) > MAX_BYTES:
            size = f"{len(content) / 1024 / 1024:.1f} MiB"
            detail = f"The file has {size}, and at most 5 MiB are possible. Save it as JPEG or WebP, or scale it down."
            return await self._show(request, kind, detail, 413)
        done = await self.api.call(
            request,
            "POST",
            _calls(request),
            content,
            params={"kind": kind},
            headers={"Content-Type": "application/octet-stream"},
        )
        if not done.is_ok:
            return await self._show(request, kind, done.said, done.status)
        return RedirectResponse(f"{request.url.path}#picture-{done.content['id']}", 303)

    async def serve(self, request: Request) -> Response:
        """Answers with the picture, and with the headers with which the API keeps a browser from running it."""
        found = await self.api.get(request, f"{_calls(request)}/{request.path_params['id']}")
        if found.file is None:
            return self.pages.refusal(request, found)
        return Response(found.file, found.status, headers=found.headers)

    async def remove(self, request: Request) -> Response:
        done = await self.api.call(request, "DELETE", f"{_calls(request)}/{request.path_params['id']}")
        if done.status == 404:
            return self.pages.refusal(request, done)
        if not done.is_ok:
            return await self._show(request, "", done.said, done.status)
        return RedirectResponse(f"/apps/{request.path_params['slug']}/pictures", 303)

    async def _show(self, request: Request, kind: str = "", wrong: str = "", status: int = 200) -> Response:
        """Returns the page. `wrong` is what is the matter with what was to be uploaded as a picture of the kind."""
        path = app_path(request)
        app, listed, checklist = await together(
            self.api.read(request, path),
            self.api.read(request, _calls(request)),
            self.api.read(request, f"{path}/checklist"),
        )
        by_kind: dict[str, list[dict[str, Any]]] = {one: [] for one in KINDS}
        for picture in reversed(listed["items"]):
            by_kind[picture["kind"]].append(picture)
        errors = {f"file-{kind}": wrong} if kind else {}
        return self.pages.page(
            request,
            "pictures.html",
            status=status,
            app=app,
            kinds=KINDS,
            pictures=by_kind,
            uses=_uses(checklist["items"]),
            found=_found(checklist["items"]),
            form=Form({}, errors, () if kind or not wrong else (wrong,)),
        )


def _calls(request: Request) -> str:
    return f"{app_path(request)}/assets"


def _uses(items: list[dict[str, Any]]) -> dict[str, str]:
    """Returns what each picture is used as, by its id."""
    evidence = {item["code"]: item["evidence"] or {} for item in items}
    info, shots = evidence.get("app_info", {}), evidence.get("catalog_details", {}).get("screenshots", [])
    used = {info[name]: f"It is the {name} of the App." for name in ("logo", "mark") if info.get(name)}
    return used | {one: f"The catalog shows it as screenshot {place}." for place, one in enumerate(shots, 1)}


def _found(items: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Returns what was found of pictures, by their ids."""
    found: dict[str, list[dict[str, Any]]] = {}
    for finding in (one for item in items for one in item["findings"] if one.get("where")):
        found.setdefault(finding["where"], []).append(finding)
    return found
