"""The kinds of test accounts: which fields each has, and which of these are secrets. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from models.checklist import SECRET_FIELDS

MAX_SECRET = 8 * 1024
"""The number of characters of a secret: a private key in PEM, or a long token."""
MAX_LINE = 500
MAX_NOTES = 2000
DEFAULT_KIND: Final = "password"
"""The kind of an account that names none, as all did before there were kinds."""


@dataclass(frozen=True, slots=True)
class AccountKind:
    """How reviewers get in. All kinds have besides `url`, where one logs in, and `notes`; both may be left out."""

    name: str
    words: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


KINDS: Final[Mapping[str, AccountKind]] = {
    kind.name: kind
    for kind in (
        AccountKind("password", "a user name and a password", ("username", "password"), ("totp_secret",)),
        AccountKind("api_key", "a key or a token, without a login", ("api_key",), ("username",)),
        AccountKind("sso", "a login with an account elsewhere", ("provider", "username"), ("password", "totp_secret")),
        AccountKind("mailed_code", "a code or a link by mail", ("email",), ("code", "mailbox_password")),
        AccountKind("none", "no account is needed", ("reason",)),
    )
}
FIELDS: Final = tuple(
    dict.fromkeys(
        ("kind", *(field for kind in KINDS.values() for field in (*kind.required, *kind.optional)), "url", "notes")
    )
)
"""Every field that an account of some kind has."""


def problems_with_account(evidence: Mapping[str, Any]) -> list[str]:
    """Returns every problem with the form of a test account, each as a sentence. `url` is judged elsewhere."""
    given = evidence.get("kind", DEFAULT_KIND)
    kind = KINDS.get(given) if isinstance(given, str) else None
    if kind is None:
        known = "; ".join(f"{one.name} ({one.words})" for one in KINDS.values())
        return [f"kind must be one of: {known}."]
    problems = [problem for name in kind.required for problem in _text(evidence, name)]
    problems += [problem for name in kind.optional if name in evidence for problem in _text(evidence, name)]
    allowed = {"kind", "url", "notes", *kind.required, *kind.optional}
    foreign = [name for name in evidence if name in FIELDS and name not in allowed]
    if foreign:
        problems.append(f"An account of the kind {kind.name} has no {', '.join(foreign)}.")
    if "notes" in evidence and not (isinstance(evidence["notes"], str) and len(evidence["notes"]) <= MAX_NOTES):
        problems.append(f"notes must be a text of at most {MAX_NOTES} characters.")
    if problems and "kind" not in evidence:
        others = "; ".join(f'"{one.name}" for {one.words}' for one in KINDS.values() if one.name != DEFAULT_KIND)
        problems.append(f"If reviewers get in otherwise, say so with kind: {others}.")
    return problems


def change_secrets(evidence: Mapping[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """Returns the evidence with every secret in it changed, such as encrypted or hidden."""
    return {
        name: change(value) if name in SECRET_FIELDS and isinstance(value, str) else value
        for name, value in evidence.items()
    }


def _text(evidence: Mapping[str, Any], name: str) -> list[str]:
    most = MAX_SECRET if name in SECRET_FIELDS else MAX_NOTES if name == "reason" else MAX_LINE
    value = evidence.get(name)
    if isinstance(value, str) and value.strip() and len(value) <= most:
        return []
    return [f"{name} must be a text of 1 to {most} characters."]
