"""A partner's answers to the launch checklist: one page for each requirement, with its fields and what was found."""

from dataclasses import dataclass
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.client import ApiClient
from console.forms import Form, fields_of, refused_form
from console.navigation import PARTNER
from console.rendering import Pages
from console.visiting import signed_in_only
from console.words import REQUIREMENTS, STATUSES


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a requirement's evidence. `kind` is how it is typed and stored: see `_typed` and `_stored`."""

    name: str
    label: str
    kind: str = "line"
    hint: str = ""


FIELDS: Final[dict[str, tuple[Field, ...]]] = {
    "app_info": (
        Field("website", "Website of the App", "url"),
        Field(
            "description", "Description", "words", "Two or three sentences for the catalog, of 40 to 500 characters."
        ),
        Field("categories", "Categories", "lines", "One or two, one a line, the more important one first."),
        Field("support_email", "Address for questions", "email", "Customers write to it."),
        Field("logo", "Logo", "picture"),
        Field("mark", "Mark", "picture"),
    ),
    "platform_documentation": (Field("text", "Documentation", "words", "Markdown. Keep the template's headings."),),
    "partner_documentation": (Field("url", "Address of the page", "url"),),
    "catalog_details": (
        Field("text", "Text of the entry", "words", "Markdown."),
        Field("screenshots", "Screenshots", "lines", "The ids of one to five uploaded pictures, one a line."),
    ),
    "partners_page": (Field("url", "Address of the page", "url"),),
    "launch_announcement": (
        Field("url", "Address of the announcement", "url", "If it is published, or will be there."),
        Field("text", "Its text", "words", "Needed as long as there is no address."),
        Field("shared_at", "Where it is shared", "lines", "Addresses, one a line."),
    ),
    "test_account": (
        Field("url", "Where one logs in", "url"),
        Field("username", "User name"),
        Field("password", "Password", "secret"),
        Field("totp_secret", "Secret of one-time codes", "secret", "If a second factor is asked for."),
        Field("notes", "Notes for the reviewers", "words"),
    ),
    "replay_info": (
        Field("possible", "Old events can be sent again", "yes"),
        Field("requests_per_second", "Requests a second", "number", "How many your endpoint takes."),
        Field("text", "Anything else", "words"),
    ),
}
"""The fields of each requirement's evidence, in the order in which the page asks for them."""


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these pages."""

    async def show(request: Request) -> Response:
        return await _shown(request, None, 200)

    async def _shown(request: Request, form: Form | None, status: int) -> Response:
        slug, code = request.path_params["slug"], _known_code(request)
        app = await api.read(request, f"/v1/apps/{slug}")
        checklist = await api.read(request, f"/v1/apps/{slug}/checklist")
        item = next(item for item in checklist["items"] if item["code"] == code)
        kinds = [field.name for field in FIELDS[code] if field.kind == "picture"]
        pictures = (await api.read(request, f"/v1/apps/{slug}/assets"))["items"] if kinds else []
        return pages.page(
            request,
            "requirement.html",
            status=status,
            app=app,
            item=item,
            fields=FIELDS[code],
            title=REQUIREMENTS[code],
            tagged=STATUSES[item["status"]],
            options_of={kind: [("", "None yet"), *_options(pictures, kind)] for kind in kinds},
            form=form or Form(_typed(code, item["evidence"] or {})),
        )

    async def store(request: Request) -> Response:
        slug, code = request.path_params["slug"], _known_code(request)
        fields = await fields_of(request)
        stored = await api.call(
            request, "PUT", f"/v1/apps/{slug}/checklist/{code}", {"evidence": _stored(code, fields)}
        )
        if not stored.is_ok:
            return await _shown(request, refused_form(fields, stored), stored.status)
        kept = f"/apps/{slug}/checklist/{code}" if stored.content["findings"] else f"/apps/{slug}"
        return RedirectResponse(kept, 303)

    path = "/apps/{slug}/checklist/{code}"
    return [
        Route(path, signed_in_only(pages, show, PARTNER)),
        Route(path, signed_in_only(pages, store, PARTNER), methods=["POST"]),
    ]


def _options(pictures: list[dict[str, Any]], kind: str) -> list[tuple[str, str]]:
    """Returns the pictures of the kind as a form offers them."""
    return [
        (one["id"], f"{one['width']} x {one['height']}, uploaded {one['uploaded_at'][:10]}")
        for one in pictures
        if one["kind"] == kind
    ]


def _known_code(request: Request) -> str:
    """Returns the code of the requirement that the address names. Raises HTTPException for one that has no form."""
    code = str(request.path_params["code"])
    if code not in FIELDS:
        raise HTTPException(404)
    return code


def _typed(code: str, evidence: dict[str, Any]) -> dict[str, str]:
    """Returns the evidence as its form shows it. A secret is not shown, and has to be typed again."""
    typed: dict[str, str] = {}
    for field in FIELDS[code]:
        value = evidence.get(field.name)
        if value is None or field.kind == "secret":
            continue
        if field.kind == "lines":
            typed[field.name] = "\n".join(map(str, value))
        else:
            typed[field.name] = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
    return typed


def _stored(code: str, fields: dict[str, str]) -> dict[str, Any]:
    """Returns the evidence that was typed. Fields that are empty are left out."""
    evidence: dict[str, Any] = {}
    for field in FIELDS[code]:
        typed = fields.get(field.name, "")
        typed = typed if field.kind == "secret" else typed.strip()
        if not typed:
            continue
        if field.kind == "lines":
            evidence[field.name] = [line.strip() for line in typed.split("\n") if line.strip()]
        elif field.kind == "yes":
            evidence[field.name] = typed == "yes"
        elif field.kind == "number":
            evidence[field.name] = _number(typed)
        else:
            evidence[field.name] = typed
    return evidence


def _number(typed: str) -> int | str:
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else typed
