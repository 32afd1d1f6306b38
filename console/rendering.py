"""Rendering pages: one template each, in the platform's words, with everything escaped."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from api.signed_in import visit_in
from console.client import ApiAnswer
from console.compression import packed
from console.markdown import may_link, rendered
from console.navigation import STRANGER, ComponentPart, Link, Part
from console.rule_words import in_words

_HERE = Path(__file__).parent
SCRIPTS = ("htmx.min.js", "hx-ptag.min.js", "console.js")
"""The scripts of pages for those who are signed in, in the order in which they run."""
FILES = {name: (_HERE / "static" / name).read_bytes() for name in ("console.css", *SCRIPTS)}
"""The files that all pages share, by name."""
PACKED = {name: packed(content) for name, content in FILES.items()}
MEDIA_TYPES = {"console.css": "text/css"} | dict.fromkeys(SCRIPTS, "text/javascript")
PATHS = {name: f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}" for name, content in FILES.items()}
"""The addresses of FILES, which change with what is in them."""


@dataclass(frozen=True, slots=True)
class Words:
    """The names that the pages use: the developer center's, the platform's own, and where questions go.

    `enable_flow` are the words on the button by which customers enable an App.
    """

    developer_center: str
    support_email: str
    platform: str = "the platform"
    partner_program: str = "the partner program"
    enable_flow: str = "Enable"
    documentation_url: str = ""


@pass_context
def when(context: Context, at: str | None) -> Markup:
    """Returns a moment of the API's as a `time` element in the reader's zone, which is named; nothing for None."""
    if not at:
        return Markup("")
    read = datetime.fromisoformat(at)
    moment = read.astimezone(ZoneInfo(context["zone"]))
    said = f"{_date_of(moment)}, {moment.hour:02}:{moment.minute:02} {moment.tzname()}"
    return _TIME % (read.astimezone(UTC).isoformat(timespec="seconds"), said)


@pass_context
def day(context: Context, at: str | None) -> Markup:
    """Returns the day of a moment of the API's as a `time` element in the reader's zone, nothing for None."""
    if not at:
        return Markup("")
    moment = datetime.fromisoformat(at).astimezone(ZoneInfo(context["zone"]))
    return _TIME % (moment.date().isoformat(), _date_of(moment))


def _date_of(moment: datetime) -> str:
    """Returns the day, in words. `strftime` would take most of the time of a page with many moments."""
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


_TIME = Markup('<time datetime="%s">%s</time>')
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def host_in(url: str) -> str:
    """Returns the host that a URL names, without its port and in lower case, empty if it names none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def is_polled(request: Request) -> bool:
    """Returns whether a part of a page asks for itself: htmx says so of its requests."""
    return request.headers.get("hx-request") == "true"


def _news(request: Request, part: str) -> Response:
    """Returns a part of a page, or 304 if the tag that was given with it is that of what the browser has."""
    tag = hashlib.sha256(part.encode()).hexdigest()[:16]
    return (
        Response(status_code=304)
        if request.headers.get("hx-ptag") == tag
        else HTMLResponse(part, headers={"HX-PTag": tag})
    )


_OF_DICTS = frozenset(dir(dict))
"""The names of a dictionary's own attributes, such as `items`."""


class _Environment(Environment):
    """Looks up `one.name` of the API's answers quickly.

    Jinja asks every value for an attribute first. Of a dictionary it then has to handle an error, some thousand times a
    page. What it finds is the same.
    """

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Returns the attribute or the item, undefined if there is neither."""
        if type(obj) is dict and attribute in obj and attribute not in _OF_DICTS:
            return obj[attribute]
        return super().getattr(obj, attribute)


def _environment() -> Environment:
    made = _Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["when"] = when
    made.filters["markdown"] = rendered
    made.filters["day"] = day
    made.filters["host"] = host_in
    made.filters["in_words"] = in_words
    made.tests["linkable"] = may_link
    return made


TEMPLATES = _environment()
"""The templates of all pages, each of which is compiled when it is first used."""


@dataclass(frozen=True, slots=True)
class Pages:
    """Renders the templates. `links` are those of the head, for the role of whoever is signed in; `parts` an App's,
    and `component_parts` a Component's.

    `no_cookie` says why browsers would not take a session's cookie here, None if they take it. With
    `has_staff_provider` reviewers and admins sign in by their own provider. `public_url` begins the addresses that
    people pass on.
    """

    words: Words
    links: tuple[Link, ...] = ()
    parts: tuple[Part, ...] = ()
    component_parts: tuple[ComponentPart, ...] = ()
    no_cookie: str | None = None
    has_staff_provider: bool = False
    public_url: str = ""

    def page(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        live: str | None = None,
        **values: Any,
    ) -> Response:
        """Returns the page that the template makes of `values`.

        `live` is the template of the page's part that asks for itself again and again: it is then all of the answer, or
        304 if it is what the browser has.

        Templates also have `me`, the visitor or None; `links`, theirs; `parts`, those of an App; `component_parts`,
        those of a Component; `path`, that of the page; `address`, with its query; and `zone`, in which the visitor
        reads times.
        """
        me = visit_in(request.scope).visitor
        shared = {
            "words": self.words,
            "stylesheet": PATHS["console.css"],
            "scripts": [PATHS[name] for name in SCRIPTS],
            "me": me,
            "links": [link for link in self.links if (STRANGER if me is None else me.role) in link.roles],
            "parts": self.parts,
            "component_parts": self.component_parts,
            "path": request.url.path,
            "address": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            "zone": "UTC" if me is None else me.time_zone,
        }
        if live is not None and is_polled(request):
            return _news(request, TEMPLATES.get_template(live).render(shared | values))
        made = TEMPLATES.get_template(template).render(shared | values)
        return HTMLResponse(made, status, headers=dict(headers or {}))

    def home_of(self, role: str) -> str:
        """Returns the first page of people with the role."""
        return next((link.href for link in self.links if link.home and role in link.roles), "/")

    def refusal(self, request: Request, answer: ApiAnswer, **typed: Any) -> Response:
        """Returns the page that says what the API refused, every rule that is not met, and what to do.

        `typed` is what was sent with a form that no other page shows again (`visiting.typed_in`).
        """
        return self.page(
            request,
            "refusal.html",
            status=answer.status,
            headers=answer.headers,
            heading=_HEADINGS.get(answer.status, "That did not work"),
            detail=answer.content.get("detail", ""),
            remedy=answer.content.get("remedy", ""),
            unmet=answer.content.get("unmet", []),
            **typed,
        )


_HEADINGS = {
    401: "You are not signed in",
    403: "You may not do this",
    404: "This is not known",
    409: "This cannot be done",
    408: "This took too long",
    413: "This is too large",
    412: "Somebody else was faster",
    422: "This cannot be read",
    429: "Too many requests",
    503: "Something is not available right now",
}
