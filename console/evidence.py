"""The fields of each requirement of the launch checklist: how evidence is typed into a form, and read from it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from console.forms import number_in

MAX_SCREENSHOTS: Final = 5
_PLACE: Final = "place-"
_SECOND: Final = "second-"
_NOTHING: Final[tuple[Any, ...]] = (None, "", [])


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a requirement's evidence. `kind` is how it is typed and stored: see `typed` and `stored`."""

    name: str
    label: str
    kind: str = "line"
    hint: str = ""


_LOGIN = Field("url", "Where one logs in", "url")
_CODES = Field("totp_secret", "Secret of one-time codes", "secret", "If a second factor is asked for.")
_PASSWORD = Field("password", "Password", "secret")
_NOTES = Field(
    "notes",
    "Notes for the reviewers",
    "words",
    "What to click first, and what they see then. No secrets.",
)
ACCOUNTS: Final[Mapping[str, tuple[str, tuple[Field, ...]]]] = {
    "password": ("A user name and a password", (_LOGIN, Field("username", "User name"), _PASSWORD, _CODES, _NOTES)),
    "api_key": (
        "A key or a token, without a login",
        (
            Field("url", "Where it is used", "url"),
            Field("api_key", "Key or token", "secret"),
            Field("username", "User name", "line", "If one belongs to the key."),
            _NOTES,
        ),
    ),
    "sso": (
        "A login with an account elsewhere",
        (
            _LOGIN,
            Field("provider", "Whose account it is", "line", "Such as Google."),
            Field("username", "User name"),
            _PASSWORD,
            _CODES,
            _NOTES,
        ),
    ),
    "mailed_code": (
        "A code or a link by mail",
        (
            _LOGIN,
            Field("email", "Address that is typed", "email"),
            Field("code", "Code", "secret", "If it is always the same."),
            Field("mailbox_password", "Password of the mailbox", "secret", "If the reviewers have to open it."),
            _NOTES,
        ),
    ),
    "none": (
        "No account is needed",
        (Field("reason", "Why none is needed", "words"), Field("url", "Where one begins", "url"), _NOTES),
    ),
}
"""The kinds of test accounts: what each is called, and its fields."""
FIELDS: Final[Mapping[str, tuple[Field, ...]]] = {
    "app_info": (
        Field("website", "Website of the App", "url"),
        Field(
            "description",
            "Description",
            "words",
            "Two or three sentences for the catalog, of 40 to 500 characters, with emphasis, links and lists at most.",
        ),
        Field("categories", "Category", "categories", "Where customers look for an App like yours."),
        Field("support_email", "Address for questions", "email", "The reviewers and the platform write to it."),
        Field("logo", "Logo", "picture"),
        Field("mark", "Mark", "picture"),
    ),
    "platform_documentation": (Field("text", "Documentation", "long", "Markdown. Keep the template's headings."),),
    "partner_documentation": (
        Field("url", "Address of the page", "url", "It names the platform and the App, and needs no login."),
    ),
    "catalog_details": (
        Field("text", "Text of the entry", "long", "Markdown."),
        Field("screenshots", "Screenshots", "pictures"),
    ),
    "partners_page": (
        Field("url", "Address of the page", "url", "It links to the platform as the guide about links says."),
    ),
    "launch_announcement": (
        Field("url", "Address of the announcement", "url", "If it is published, or will be there."),
        Field("text", "Its text", "words", "Needed as long as there is no address."),
        Field("shared_at", "Where it is shared", "lines", "Addresses, one a line."),
    ),
    "test_account": ACCOUNTS["password"][1],
    "replay_info": (
        Field("possible", "Can old events be sent again?", "yes"),
        Field("requests_per_second", "Requests a second", "number", "How many your endpoint takes."),
        Field("text", "Anything else", "words"),
    ),
}
"""The fields of each requirement's evidence, in the order in which the page asks for them."""


def fields_of(code: str, account: str) -> tuple[Field, ...]:
    """Returns the fields of a requirement's evidence; of a test account those of its kind."""
    return ACCOUNTS[account][1] if code == "test_account" else FIELDS[code]


def typed(fields: Iterable[Field], evidence: Mapping[str, Any]) -> dict[str, str]:
    """Returns the evidence as its form shows it. A secret is not shown, and has to be typed again."""
    shown: dict[str, str] = {}
    for field in fields:
        value = evidence.get(field.name)
        if value is None or field.kind == "secret":
            continue
        if field.kind == "lines":
            shown[field.name] = "\n".join(map(str, value))
        elif field.kind == "pictures":
            shown |= {f"{_PLACE}{one}": str(place) for place, one in enumerate(value, 1)}
        elif field.kind == "categories":
            shown |= dict(zip((field.name, f"{_SECOND}{field.name}"), map(str, value), strict=False))
        elif field.kind == "yes":
            shown[field.name] = "yes" if value is True else "no"
        else:
            shown[field.name] = str(value)
    return shown


def stored(fields: Iterable[Field], given: Mapping[str, str]) -> dict[str, Any]:
    """Returns the evidence that was typed. Fields that are empty are left out."""
    evidence = {field.name: _value_of(field, given) for field in fields}
    return {name: value for name, value in evidence.items() if value not in _NOTHING}


def differing(
    fields: Iterable[Field], stored_now: Mapping[str, Any], given: Mapping[str, Any]
) -> list[tuple[Field, Any, Any]]:
    """Returns each field whose value in the evidence is another now than the one given, with the two in words.

    Pictures are the lists of their ids. Secrets are left out: what is stored of them is not shown.
    """
    both = [
        (field, _in_words(field, stored_now.get(field.name)), _in_words(field, given.get(field.name)))
        for field in fields
        if field.kind != "secret"
    ]
    return [one for one in both if one[1] != one[2]]


def flaw_of_places(given: Mapping[str, str]) -> str | None:
    """Returns what is wrong with the places of the screenshots, None if each has one of its own."""
    places = [place for _, place in _placed(given)]
    twice = sorted({place for place in places if places.count(place) > 1})
    return f"Two screenshots have place {twice[0]}. Give each a place of its own." if twice else None


def field_of_finding(fields: Iterable[Field], evidence: Mapping[str, Any], finding: Mapping[str, Any]) -> str:
    """Returns the name of the field that a finding is about, "" if it is about no field or about more than one.

    A finding says so: it begins with the field, or is where the field leads to.
    """
    names = [field.name for field in fields if field.kind != "secret"]
    first, where = str(finding["detail"]).partition(" ")[0], finding.get("where") or None
    for name in names:
        value = evidence.get(name)
        if first == name or (where is not None and (where == value or (isinstance(value, list) and where in value))):
            return name
    return names[0] if len(names) == 1 else ""


def _in_words(field: Field, value: Any) -> Any:
    if value in _NOTHING:
        return [] if field.kind in ("picture", "pictures") else ""
    match field.kind:
        case "picture":
            return [value]
        case "pictures":
            return value
        case "lines":
            return "\n".join(map(str, value))
        case "categories":
            return ", ".join(map(str, value))
        case "yes":
            return "Yes" if value is True else "No"
    return str(value)


def _value_of(field: Field, given: Mapping[str, str]) -> Any:
    text = given.get(field.name, "")
    if field.kind == "secret":
        return text
    text = text.strip()
    match field.kind:
        case "lines":
            return [line.strip() for line in text.split("\n") if line.strip()]
        case "categories":
            return [one for one in (text, given.get(f"{_SECOND}{field.name}", "")) if one]
        case "pictures":
            return [name for name, _ in sorted(_placed(given), key=lambda placed: placed[1])]
        case "yes":
            return {"yes": True, "no": False}.get(text)
        case "number":
            return number_in(text)
    return text


def _placed(given: Mapping[str, str]) -> list[tuple[str, int]]:
    """Returns the ids of the pictures that have a place, with it."""
    return [
        (name.removeprefix(_PLACE), int(place))
        for name, place in given.items()
        if name.startswith(_PLACE) and place.isascii() and place.isdecimal() and len(place) < 3
    ]
