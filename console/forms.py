"""Reading the fields of a form that a page has sent, and showing a refused form again with what was typed."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.requests import Request

from console.client import ApiAnswer
from console.rule_words import all_in_words

MAX_FORM_BYTES = 64 * 1024
"""The largest form, unless a module of pages names a larger one in LARGER_FORMS.

The longest words that a call takes, 5,000 characters, may have twelve times as many bytes in a form.
"""
MAX_FIELDS = 400


@dataclass(frozen=True, slots=True)
class Form:
    """A form as it is shown: what is in its fields, what is wrong with each, and what is wrong beside that.

    `key` is its idempotency key, so that sending it twice does nothing twice.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    key: str = field(default_factory=lambda: new_key())

    @property
    def is_refused(self) -> bool:
        """Whether there is anything to say of what was sent."""
        return bool(self.errors or self.problems)

    def value(self, name: str) -> str:
        """Returns what is in a field, nothing for one that was not sent."""
        return self.values.get(name, "")


def refused_form(fields: Mapping[str, str], answer: ApiAnswer, **names: str) -> Form:
    """Returns the form with what was typed and what the API says is wrong with it.

    `names` maps fields of the API's body, steps of the flaw's pointer, to the form's where the two differ. A flaw is
    shown at the first of its steps that is a field of the form. What belongs to no field, and every rule that is not
    met, is among `problems`. The form has a new key, because what is sent next is something else.
    """
    errors: dict[str, str] = {}
    problems = list(all_in_words(answer.content.get("unmet") or ()))
    for flaw in answer.content.get("errors") or []:
        steps = str(flaw["pointer"]).removeprefix("#").lstrip("/").split("/")
        given = next((step for step in steps if names.get(step, step) in fields), steps[0])
        name, said = names.get(given, given), str(flaw["detail"])
        if given in names and said.startswith(f"{given} "):
            said = name + said.removeprefix(given)
        if name in fields:
            errors.setdefault(name, said)
        else:
            problems.append(said)
    if not errors and not problems:
        problems = [f"{answer.content.get('detail', 'That did not work.')} {answer.content.get('remedy', '')}".strip()]
    return Form(dict(fields), errors, tuple(problems))


async def fields_of(request: Request) -> dict[str, str]:
    """Returns the fields of a form; of several with one name the last, and none for what is no form."""
    return dict(await pairs_of(request))


async def pairs_of(request: Request) -> list[tuple[str, str]]:
    """Returns the names and values of a form in its order, several with one name included; none for what is no form.

    A form that uploads a file is read by `uploads`, and has no pairs here. Browsers send the end of a line as two
    characters, and are given back the one that was typed.
    """
    if request.headers.get("content-type", "").startswith("multipart/"):
        return []
    body = await request.body()
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        return []
    return [(name, value.replace("\r\n", "\n")) for name, value in pairs]


def new_key() -> str:
    """Returns an idempotency key for a form, so that sending it twice does nothing twice."""
    return secrets.token_urlsafe(16)


def key_in(fields: Mapping[str, str]) -> str | None:
    """Returns the form's idempotency key, None if it has none of ours."""
    key = fields.get("key", "")
    return key if 10 <= len(key) <= 100 and key.isascii() and key.isprintable() and " " not in key else None
