"""Asking for a transition of the App that the address of a page names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from console.client import ApiClient
from console.forms import Form, key_in, number_in, refused_form
from console.rule_words import all_in_words


@dataclass(frozen=True, slots=True)
class Asked:
    """What has become of a request: the form with why it was refused, None if it was not, and the page's status.

    A request that is not judged yet `waits`: the service is working on it.
    """

    refused: Form | None = None
    status: int = 200
    waits: bool = False


async def ask_transition(
    api: ApiClient,
    request: Request,
    trigger: str,
    fields: Mapping[str, str],
    reasons: Sequence[Mapping[str, str]],
    *,
    words: str,
) -> Asked:
    """Asks for the transition, if the App is still as the form's `version` says, and waits for the outcome.

    `words` is the field of the form in which reasons are typed. Sending a form twice asks once.
    """
    body: dict[str, Any] = {"app": request.path_params["slug"], "trigger": trigger, "reasons": [*reasons]}
    if fields.get("version"):
        body["expected_version"] = number_in(fields["version"])
    asked = await api.call(
        request, "POST", "/v1/transition-requests", body, key=key_in(fields), headers={"Prefer": "wait=10"}
    )
    if not asked.is_ok:
        return Asked(refused_form(fields, asked, names={"reasons": words}), asked.status)
    if asked.content["status"] in ("refused", "dead"):
        said = all_in_words(asked.content["unmet"]) or (asked.content["error"] or "That did not work.",)
        return Asked(Form(dict(fields), problems=said), 409)
    return Asked(waits=asked.content["status"] == "due")
