"""A partner's answers to the launch checklist: one page for each requirement, with its fields and what was found."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.addresses import app_path
from console.client import ApiClient, together
from console.evidence import (
    ACCOUNTS,
    FIELDS,
    MAX_SCREENSHOTS,
    Field,
    differing,
    field_of_finding,
    fields_of,
    flaw_of_places,
    stored,
    typed,
)
from console.forms import Form, if_match, refused_form
from console.forms import fields_of as fields_in
from console.navigation import PARTNER
from console.rendering import Pages
from console.visiting import signed_in_only
from console.words import REQUIREMENTS, STATUSES
from web.bounds import LargerBody

LARGER_FORMS = (
    LargerBody("POST", re.compile(r"/apps/[^/]+/checklist/[a-z_]+"), 640 * 1024, "Write less, and save again."),
)
DEFAULT_ACCOUNT: Final = "password"
_CHOICES: Final[Mapping[str, str]] = {
    "picture": "Choose the {}. If it is not there yet, upload it first.",
    "pictures": "Choose one to five {}. If they are not there yet, upload them first.",
    "categories": "Choose a {}. If you choose a second one, it has to be another.",
    "yes": "Choose yes or no.",
}
"""What is wrong with a field in which something is chosen, which the API knows as an id or a name."""


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these pages."""
    requirement, path = _Requirement(api, pages), "/apps/{slug}/checklist/{code}"
    return [
        Route(path, signed_in_only(pages, requirement.look, PARTNER)),
        Route(path, signed_in_only(pages, requirement.store, PARTNER), methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Requirement:
    api: ApiClient
    pages: Pages

    async def look(self, request: Request) -> Response:
        return await self._show(request, None, request.query_params.get("kind"))

    async def store(self, request: Request) -> Response:
        slug, code = request.path_params["slug"], _known_code(request)
        given = await fields_in(request)
        kind = given.get("kind") if given.get("kind") in ACCOUNTS else None
        evidence = stored(fields_of(code, kind or DEFAULT_ACCOUNT), given)
        if kind is not None and code == "test_account":
            evidence["kind"] = kind
        twice = flaw_of_places(given)
        if twice is not None:
            return await self._show(request, Form(given, {"screenshots": twice}), kind, 422)
        path = f"{app_path(request)}/checklist/{code}"
        done = await self.api.call(request, "PUT", path, {"evidence": evidence}, headers=if_match(given))
        if done.status == 412:
            return await self._show(request, Form(given), kind, 412, late=evidence)
        if not done.is_ok:
            fields = fields_of(code, kind or DEFAULT_ACCOUNT)
            refused = refused_form(dict.fromkeys((one.name for one in fields), "") | given, done)
            chosen = {one.name: _CHOICES[one.kind].format(one.label.lower()) for one in fields if one.kind in _CHOICES}
            errors = {name: chosen.get(name, said) for name, said in refused.errors.items()}
            return await self._show(request, replace(refused, errors=errors), kind, done.status)
        kept = f"/apps/{slug}/checklist/{code}" if done.content["findings"] else f"/apps/{slug}"
        return RedirectResponse(kept, 303)

    async def _show(
        self,
        request: Request,
        form: Form | None,
        kind: str | None,
        status: int = 200,
        *,
        late: Mapping[str, Any] | None = None,
    ) -> Response:
        """Returns the page. `late` is evidence that was not stored because somebody has given other evidence meanwhile.

        A form that is shown again is based on the revision that was seen with it, unless the page shows what differs.
        """
        path, code = app_path(request), _known_code(request)
        app, read = await together(self.api.read(request, path), self.api.found(request, f"{path}/checklist/{code}"))
        item = read.content
        evidence: dict[str, Any] = item["evidence"] or {}
        account = next((one for one in (kind, evidence.get("kind")) if one in ACCOUNTS), DEFAULT_ACCOUNT)
        fields = fields_of(code, str(account))
        kinds = {field.kind for field in fields}
        pictures: Sequence[Mapping[str, Any]] = ()
        if kinds & {"picture", "pictures"}:
            pictures = (await self.api.read(request, f"{path}/assets"))["items"]
        categories = (await self.api.read(request, "/v1/categories"))["items"] if "categories" in kinds else []
        found = _by_field(fields, evidence, item["findings"])
        return self.pages.page(
            request,
            "requirement.html",
            status=status,
            app=app,
            item=item,
            fields=fields,
            title=REQUIREMENTS[code],
            tagged=STATUSES[item["status"]],
            found=found,
            pictures=pictures,
            places=range(1, MAX_SCREENSHOTS + 1),
            categories=[one["name"] for one in categories],
            accounts={name: words for name, (words, _) in ACCOUNTS.items()} if code == "test_account" else {},
            account=account,
            form=form or Form(typed(fields, evidence)),
            base=read.etag if form is None or late is not None else form.value("base"),
            is_late=late is not None,
            differing=[] if late is None else _differing(code, evidence, late),
        )


def _differing(code: str, evidence: Mapping[str, Any], late: Mapping[str, Any]) -> list[tuple[Field, Any, Any]]:
    """Returns what is stored now and what was typed, in words, of each field in which the two differ.

    Of a test account these are the fields of both kinds, and the kind itself.
    """
    if code != "test_account":
        return differing(FIELDS[code], evidence, late)
    kinds = [str(one.get("kind", DEFAULT_ACCOUNT)) for one in (evidence, late)]
    fields = {field.name: field for kind in kinds for field in fields_of(code, kind)}
    words = [{**one, "kind": ACCOUNTS[kind][0]} for one, kind in zip((evidence, late), kinds, strict=True)]
    return differing((Field("kind", "How reviewers get in"), *fields.values()), *words)


def _by_field(
    fields: Sequence[Field], evidence: Mapping[str, Any], findings: Sequence[Mapping[str, Any]]
) -> dict[str, list[Mapping[str, Any]]]:
    """Returns the findings by the field that they are about, "" for the requirement as a whole."""
    found: dict[str, list[Mapping[str, Any]]] = {"": []}
    found |= {field.name: [] for field in fields}
    for one in findings:
        found[field_of_finding(fields, evidence, one)].append(one)
    return found


def _known_code(request: Request) -> str:
    """Returns the code of the requirement that the address names. Raises HTTPException for one that has no form."""
    code = str(request.path_params["code"])
    if code not in FIELDS:
        raise HTTPException(404)
    return code
