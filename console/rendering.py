"""Rendering pages: one template each, in the platform's words, with everything escaped."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from console.client import ApiAnswer

_HERE = Path(__file__).parent
STYLESHEET = (_HERE / "static" / "console.css").read_bytes()
STYLESHEET_PATH = f"/static/console.css?v={hashlib.sha256(STYLESHEET).hexdigest()[:12]}"


@dataclass(frozen=True, slots=True)
class Words:
    """The names that the pages use: the developer center's, and where questions go."""

    developer_center: str
    support_email: str


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@dataclass(frozen=True, slots=True)
class Pages:
    """Renders the templates."""

    words: Words
    _templates: Environment = field(default_factory=_environment)

    def page(
        self, template: str, *, status: int = 200, headers: dict[str, str] | None = None, **values: Any
    ) -> HTMLResponse:
        """Returns the page that the template makes of `values`."""
        made = self._templates.get_template(template).render(words=self.words, stylesheet=STYLESHEET_PATH, **values)
        return HTMLResponse(made, status, headers=headers)

    def refusal(self, answer: ApiAnswer) -> HTMLResponse:
        """Returns the page that says what the API refused, and what to do."""
        return self.page(
            "refusal.html",
            status=answer.status,
            headers=answer.headers,
            heading=_HEADINGS.get(answer.status, "That did not work"),
            detail=answer.content.get("detail", ""),
            remedy=answer.content.get("remedy", ""),
        )


_HEADINGS = {
    404: "This link is not known",
    409: "This cannot be done",
    422: "This cannot be read",
    429: "Too many requests",
    503: "Something is not available right now",
}
