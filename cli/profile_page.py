"""The page of the profile, made from the typed document itself."""

from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from workflow.profile.document import Brand, Contact, GuideFile, Platform, Protocol, TrackedParameter, words_of
from workflow.profile.loading import as_toml, load_profile

INTRODUCTION = """# The profile

The profile says which platform an installation serves: its name, its domains, the headers and addresses by which
machines know it, the links that partners must set, and the guides that they are handed. It is one TOML file, named by
the setting `DEVCENTER_PROFILE`. Without it the platform is Segment, by `workflow/profile/segment.toml`. Numbers and
requirements of the process are not in it: they are policy, and an admin changes them ([admins](admins.md)).

It is read once, when a process starts. A wrong one is refused: each mistake is named with its mend, nothing is started,
and the exit code is 2. `devcenter doctor` looks at it too. Give every process of an installation the same profile, and
restart them all when it has changed. This page is made by `devcenter profile page`.

## Make your own

1. `devcenter profile show > northwind.toml` prints the profile in use, to begin with. A whole other one is
   [examples/northwind/profile.toml](../examples/northwind/profile.toml).
2. Change every line that names the platform. Texts are one line each and have no braces.
3. `devcenter profile check northwind.toml` names every mistake that is left.
4. `DEVCENTER_PROFILE=northwind.toml make run` lets an example App make the whole journey on your platform.

What was stored before a change stays as it was: a slug that is reserved from now on keeps its App, and evidence is
judged again when it is given again.
"""
_EACH_PARAMETER = "One entry for each parameter, at least one. None may be missing or empty in the link."
_EACH_GUIDE = (
    "Optional. One entry for each guide of your own. One that is named as a built-in guide (`docs/guides`) takes its "
    "place; the others stand after them. The sections (`## `) of `documentation-subscription`, `documentation-stream` "
    "and `documentation-plugin` are those that a partner's documentation must have, and `[[double brackets]]` are for "
    "the partner to fill in."
)
_PARTS: tuple[tuple[str, type[BaseModel], str], ...] = (
    ("[platform]", Platform, ""),
    ("[contact]", Contact, ""),
    ("[protocol]", Protocol, ""),
    ("[brand]", Brand, ""),
    ("[[utm]]", TrackedParameter, _EACH_PARAMETER),
    ("[[guides]]", GuideFile, _EACH_GUIDE),
)
_WORDS = """
## Words of the profile in guides

In a guide `{{name}}` is replaced by the profile's own words. A name that is not in this table is refused.

| written | with the default profile |
|---|---|
"""


def profile_page() -> str:
    """Returns the page as Markdown."""
    parts = "".join(_part(title, model, more) for title, model, more in _PARTS)
    words = words_of(load_profile())
    rows = [f"| `{{{{{name}}}}}` | {_in_cell(word)} |" for name, word in words.items()]
    return INTRODUCTION + parts + _WORDS + "\n".join(rows) + "\n"


def _part(title: str, model: type[BaseModel], more: str) -> str:
    about = " ".join(text for text in (model.__doc__, more) if text)
    rows = "\n".join(_rows(model))
    return f"\n## `{title}`\n\n{about}\n\n| key | what it says | example |\n|---|---|---|\n{rows}\n"


def _rows(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield f"| `{name}` | {field.description}{_optional(field)} | `{as_toml((field.examples or [''])[0])}` |"


def _optional(field: FieldInfo) -> str:
    return "" if field.is_required() else " Optional."


def _in_cell(word: str) -> str:
    return "the table of the parameters in `[[utm]]`" if "\n" in word else word.strip()
