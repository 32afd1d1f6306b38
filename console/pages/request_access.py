"""The form by which a company asks for access, for everybody. What counts begins with the link that is mailed then."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.client import ApiAnswer, ApiClient
from console.forms import Form, key_in, pairs_of, refused_form
from console.rendering import Pages
from console.words import KINDS
from web.bounds import LargerBody

LARGER_FORMS = (LargerBody("POST", re.compile("/request-access"), 128 * 1024, "Write less."),)
FIELDS: Final[Mapping[str, tuple[str, str]]] = {
    "company_name": ("Name of the company", "Enter the name of the company"),
    "website": ("Website of the company", "Enter the address of the company's website, such as https://acme.example"),
    "contact_name": ("Your name", "Enter your name"),
    "contact_email": ("Your e-mail address", "Enter your e-mail address at the company, such as name@acme.example"),
    "use_case": ("What you want to build", "Say what you want to build"),
    "component_kinds": ("How it works", "Choose at least one way in which it works"),
    "how_data_comes_in": ("How data comes into your product", "Say how data comes into your product"),
    "where_data_goes": ("Where the data goes", "Say where the data goes"),
    "what_customers_do": ("What customers do with it", "Say what customers do with it"),
    "how_heard_of_us": ("How you heard of us", "Say how you heard of us"),
    "partner_agreement": ("The partner agreement", "Accept the partner agreement, or do not ask for access"),
    "privacy_policy": ("The privacy policy", "Accept the privacy policy, or do not ask for access"),
}
"""The fields of the form by their names in the API: the label of each, and what is said if nothing is in it."""
SURVEY: Final = ("how_data_comes_in", "where_data_goes", "what_customers_do", "how_heard_of_us")
AGREEMENTS: Final = ("partner_agreement", "privacy_policy")


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of this page."""

    async def show(request: Request) -> Response:
        return _form(request, Form(), 200)

    async def ask(request: Request) -> Response:
        pairs = await pairs_of(request)
        kinds = [value for name, value in pairs if name == "component_kinds" and value in KINDS]
        fields = dict.fromkeys(FIELDS, "") | {name: value.strip() for name, value in pairs}
        fields["component_kinds"] = " ".join(kinds)
        asked = await api.call(request, "POST", "/v1/access-requests", _body(fields, kinds), key=key_in(fields))
        if not asked.is_ok:
            return _form(request, _refused(fields, asked), asked.status, asked.headers)
        return pages.page(request, "asked_for_access.html", asked=asked.content)

    def _form(request: Request, form: Form, status: int, headers: Mapping[str, str] | None = None) -> Response:
        return pages.page(
            request,
            "request_access.html",
            status=status,
            headers=headers,
            form=form,
            labels={name: label for name, (label, _) in FIELDS.items()},
            kinds=KINDS,
            survey=SURVEY,
        )

    return [Route("/request-access", show), Route("/request-access", ask, methods=["POST"])]


def _body(fields: Mapping[str, str], kinds: list[str]) -> dict[str, Any]:
    return {
        **{name: fields[name] for name in ("company_name", "website", "contact_name", "contact_email")},
        "plan": {"use_case": fields["use_case"], "component_kinds": kinds},
        "survey": {name: fields[name] for name in SURVEY},
        "agreements": {name: fields[name] == "yes" for name in AGREEMENTS},
    }


def _refused(fields: Mapping[str, str], answer: ApiAnswer) -> Form:
    """Returns the refused form, whose errors name the fields as the page does."""
    form = refused_form(fields, answer)
    errors: dict[str, str] = {}
    for name, (label, empty) in FIELDS.items():
        said = form.errors.get(name) or next((one for one in form.problems if f"{name} must" in one), None)
        if said is not None:
            told = said.removeprefix("The body: ").replace(name, label)
            errors[name] = empty if not fields[name] else told
    problems = tuple(one for one in form.problems if not any(f"{name} must" in one for name in FIELDS))
    return replace(form, errors=errors, problems=problems)
