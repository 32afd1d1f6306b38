"""The policy as people read it: the current version, those before, and what each of them changed."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.client import ApiClient, together
from console.lists import next_of, params_of
from console.navigation import ADMIN, Link
from console.policy.changes import changes_between
from console.policy.parts import grouped, parts_of, steps_not_named
from console.rendering import Pages
from console.visiting import signed_in_only
from web.paths import NUMBER

LINKS = (Link("/policy", "Policy", (ADMIN,), order=100),)
LISTED = 20


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these pages."""
    shown = _Policies(api, pages)
    return [
        Route("/policy", signed_in_only(pages, shown.current, ADMIN)),
        Route("/policy/versions", signed_in_only(pages, shown.versions, ADMIN)),
        Route(f"/policy/versions/{{version:{NUMBER}}}", signed_in_only(pages, shown.version, ADMIN)),
    ]


@dataclass(frozen=True, slots=True)
class _Policies:
    api: ApiClient
    pages: Pages

    async def current(self, request: Request) -> Response:
        schema, now = await together(
            self.api.read(request, "/v1/policies/schema"), self.api.read(request, "/v1/policies/current")
        )
        parts = parts_of(schema)
        return self.pages.page(
            request,
            "policy.html",
            policy=now,
            groups=grouped(parts),
            lacking=steps_not_named(parts, now["document"]),
            published=request.query_params.get("published") == str(now["version"]),
        )

    async def versions(self, request: Request) -> Response:
        params = params_of(request, limit=LISTED)
        schema, listed = await together(
            self.api.read(request, "/v1/policies/schema"), self.api.read(request, "/v1/policies", params)
        )
        parts, versions = parts_of(schema), listed["items"]
        before = versions[1:]
        if versions and versions[-1]["version"] > 1:
            before = [*before, await self.api.read(request, f"/v1/policies/{versions[-1]['version'] - 1}")]
        changes = [
            changes_between(parts, old["document"], new["document"]) for new, old in zip(versions, before, strict=False)
        ]
        return self.pages.page(
            request,
            "policy_versions.html",
            versions=[*zip(versions, [*changes, ()], strict=False)],
            following=next_of(request, listed, params),
        )

    async def version(self, request: Request) -> Response:
        number = request.path_params["version"]
        shown = (number, number - 1) if number > 1 else (number,)
        schema, now, policy, *earlier = await together(
            self.api.read(request, "/v1/policies/schema"),
            self.api.read(request, "/v1/policies/current"),
            *(self.api.read(request, f"/v1/policies/{one}") for one in shown),
        )
        parts, before = parts_of(schema), next(iter(earlier), None)
        return self.pages.page(
            request,
            "policy_version.html",
            policy=policy,
            groups=grouped(parts),
            changes=changes_between(parts, before["document"], policy["document"]) if before else (),
            is_current=now["version"] == number,
        )
