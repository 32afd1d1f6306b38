"""Reading the fields of a form that a page has sent, and showing a refused form again with what was typed."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.requests import Request

from console.client import ApiAnswer
from console.rule_words import in_words

Place = Callable[[Sequence[str]], str | None]
"""Returns the field of a form to which the steps of a pointer into the API's body lead, None if it has none."""

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


def refused_form(
    fields: Mapping[str, str],
    answer: ApiAnswer,
    *,
    names: Mapping[str, str] | None = None,
    place: Place | None = None,
    codes: Mapping[str, str] | None = None,
    whole: str | None = None,
) -> Form:
    """Returns the form with what was typed and what the API says is wrong with it, all that is wrong with each field.

    A flaw is shown at the field that `place` finds for its pointer, and otherwise at the first of the pointer's steps
    that is a field of the form. `names` maps fields of the API's body to the form's where the two differ. `codes` maps
    codes of errors, and of rules that are not met, to the field that is about them. An error that names neither flaws
    nor rules is shown at `whole`. What belongs to no field is among `problems`.

    The form has a new key, because what is sent next is something else.
    """
    names, codes = names or {}, codes or {}
    errors: dict[str, list[str]] = {}
    problems: list[str] = []

    def say(said: str, name: str | None) -> None:
        there = problems if name is None else errors.setdefault(name, [])
        if said not in there:
            there.append(said)

    for rule in answer.content.get("unmet") or ():
        say(in_words(rule), codes.get(rule["code"]))
    for flaw in answer.content.get("errors") or ():
        steps, said = _steps_of(str(flaw["pointer"])), str(flaw["detail"])
        name = place(steps) if place is not None else None
        if name is None:
            given = next((step for step in steps if names.get(step, step) in fields), "")
            name = names.get(given, given) or None
            if given in names and said.startswith(f"{given} "):
                said = names[given] + said.removeprefix(given)
        say(said, name)
    if not errors and not problems:
        say(answer.said, codes.get(str(answer.content.get("code")), whole))
    return Form(dict(fields), {name: " ".join(said) for name, said in errors.items()}, tuple(problems))


def _steps_of(pointer: str) -> list[str]:
    """Returns the steps of a JSON pointer (RFC 6901), which a fragment may begin."""
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.removeprefix("#").lstrip("/").split("/")]


def number_in(typed: str) -> int | str:
    """Returns the whole number that was typed; what was typed, for the API to refuse, if it is none."""
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else typed


def if_match(fields: Mapping[str, str]) -> dict[str, str]:
    """Returns the header by which the API changes only what the form's `base`, an ETag, was made of; {} without one."""
    base = fields.get("base", "")
    return {"If-Match": base} if base and base.isascii() and base.isprintable() else {}


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
