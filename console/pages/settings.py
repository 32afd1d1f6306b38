"""One's own settings: the time zone, the news by mail, the address, and one's tokens."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Final
from zoneinfo import available_timezones

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.client import ApiClient, together
from console.forms import Form, fields_of, key_in, pairs_of, refused_form
from console.navigation import ADMIN, PARTNER, PEOPLE, Link
from console.rendering import Pages
from console.visiting import signed_in_only, visitor_of
from console.words import NEWS, SCOPES, STAFF_SCOPES

LINKS = (Link("/settings", "Settings", (PARTNER,), order=90),)
DAYS: Final = (("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("180", "180 days"), ("365", "a year"))
"""How long a token may last: at most what the API allows everybody."""
MAX_TOKENS: Final = 200
"""How many tokens are listed: all that are valid, and of those that have ended the newest."""


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these pages."""
    settings, tokens = _Settings(api, pages), _Tokens(api, pages)
    return [
        Route("/settings", signed_in_only(pages, settings.look, *PEOPLE)),
        Route("/settings/time-zone", signed_in_only(pages, settings.choose_zone, *PEOPLE), methods=["POST"]),
        Route("/settings/news", signed_in_only(pages, settings.choose_news, *PEOPLE), methods=["POST"]),
        Route("/settings/address", signed_in_only(pages, settings.change_address, PARTNER, ADMIN), methods=["POST"]),
        Route("/settings/tokens", signed_in_only(pages, tokens.look, *PEOPLE)),
        Route("/settings/tokens", signed_in_only(pages, tokens.make, *PEOPLE), methods=["POST"]),
        Route("/settings/tokens/{id:uuid}/revoke", signed_in_only(pages, tokens.revoke, *PEOPLE), methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Settings:
    api: ApiClient
    pages: Pages

    async def look(self, request: Request) -> Response:
        return await self._show(request)

    async def choose_zone(self, request: Request) -> Response:
        fields = await fields_of(request)
        done = await self.api.call(request, "PUT", "/v1/me/time-zone", {"time_zone": fields.get("time_zone") or None})
        if not done.is_ok:
            zone = refused_form({"time_zone": ""} | fields, done, whole="time_zone")
            return await self._show(request, zone=zone, status=done.status)
        return RedirectResponse("/settings#time-zone", 303)

    async def choose_news(self, request: Request) -> Response:
        wanted = {value for name, value in await pairs_of(request) if name == "news"}
        me = await self.api.read(request, "/v1/me")
        body = {"news": {name: name in wanted for name in me["news"]}}
        done = await self.api.call(request, "PUT", "/v1/me/news", body)
        return RedirectResponse("/settings#news", 303) if done.is_ok else self.pages.refusal(request, done)

    async def change_address(self, request: Request) -> Response:
        fields = await fields_of(request)
        body = {"email": fields.get("email", "").strip()}
        done = await self.api.call(request, "POST", "/v1/me/address", body, key=key_in(fields))
        if not done.is_ok:
            return await self._show(request, moving=refused_form(fields, done), status=done.status)
        return self.pages.page(request, "settings_address.html", asked=done.content)

    async def _show(
        self, request: Request, *, zone: Form | None = None, moving: Form | None = None, status: int = 200
    ) -> Response:
        me = await self.api.read(request, "/v1/me")
        return self.pages.page(
            request,
            "settings.html",
            status=status,
            person=me,
            has_rights="people:manage" in me["scopes"],
            chooses_news=bool({"people:manage", "reviews:decide"} & set(me["scopes"])),
            zones=zones(),
            now=datetime.now(UTC).isoformat(),
            news={name: (NEWS.get(name, name.replace("_", " ")), is_on) for name, is_on in me["news"].items()},
            time_zone=zone or Form({"time_zone": me["time_zone"] or ""}),
            moving=moving or Form(),
        )


@dataclass(frozen=True, slots=True)
class _Tokens:
    api: ApiClient
    pages: Pages

    async def look(self, request: Request) -> Response:
        return await self._show(request)

    async def make(self, request: Request) -> Response:
        pairs = await pairs_of(request)
        fields, scopes = dict(pairs), [value for name, value in pairs if name == "scope"]
        wrong: dict[str, str] = {}
        if not fields.get("label", "").strip():
            wrong["label"] = "Give it a name, so that you know later what uses it."
        if not scopes:
            wrong["scopes"] = "Choose at least one thing that it may be used for."
        if wrong:
            return await self._show(request, Form(fields, wrong), scopes, 422)
        body = {
            "person_id": _own_id(request),
            "label": fields["label"].strip(),
            "scopes": scopes,
            "expires_in_days": _days(fields.get("days", "")),
        }
        made = await self.api.call(request, "POST", "/v1/tokens", body, key=key_in(fields))
        if not made.is_ok:
            return await self._show(
                request, refused_form(fields, made, names={"expires_in_days": "days"}), scopes, made.status
            )
        return self.pages.page(request, "settings_token.html", made=made.content)

    async def revoke(self, request: Request) -> Response:
        done = await self.api.call(request, "DELETE", f"/v1/tokens/{request.path_params['id']}")
        return RedirectResponse("/settings/tokens", 303) if done.is_ok else self.pages.refusal(request, done)

    async def _show(
        self, request: Request, form: Form | None = None, chosen: list[str] | None = None, status: int = 200
    ) -> Response:
        own = {"person_id": _own_id(request), "limit": MAX_TOKENS}
        me, valid, newest = await together(
            self.api.read(request, "/v1/me"),
            self.api.read(request, "/v1/tokens", {**own, "state": "valid"}),
            self.api.read(request, "/v1/tokens", own),
        )
        known = SCOPES if me["role"] == PARTNER else STAFF_SCOPES
        scopes = {name: known.get(name, name) for name in me["scopes"]}
        return self.pages.page(
            request,
            "settings_tokens.html",
            status=status,
            valid=valid["items"],
            ended=[one for one in newest["items"] if one["state"] != "valid"],
            scopes=scopes,
            chosen=list(scopes) if chosen is None else chosen,
            days=DAYS,
            form=form or Form({"days": "90"}),
        )


@cache
def zones() -> Mapping[str, tuple[str, ...]]:
    """Returns the names of time zones by their region, those of no region last."""
    by_region: dict[str, list[str]] = {}
    for name in sorted(available_timezones()):
        region, _, place = name.partition("/")
        if place and region not in ("Etc", "SystemV", "US", "posix", "right"):
            by_region.setdefault(region, []).append(name)
    return {region: tuple(names) for region, names in by_region.items()}


def _own_id(request: Request) -> str | None:
    visitor = visitor_of(request)
    return visitor.id if visitor else None


def _days(typed: str) -> int | str:
    return int(typed) if typed in dict(DAYS) else typed
