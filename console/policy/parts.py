"""The parts of a policy, from its schema: how each is read, filled in, and stored."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from console.forms import number_in

Document = Mapping[str, Any]

GROUPS: Final = (
    (
        "Promises to partners",
        (
            "review_business_days",
            "revision_business_days",
            "appeal_business_days",
            "access_business_days",
            "appeal_days",
            "urgent_revisions",
        ),
    ),
    ("Business days", ("time_zone", "country", "subdivision", "closed_days")),
    ("Reviewers' work", ("due_soon_hours", "claims_at_once", "idle_claim_business_days")),
    ("Becoming public", ("required_checklist", "customers_to_promote")),
    ("Public Apps", ("health_days", "grace_days", "relist_days")),
    (
        "Decisions of two people",
        ("two_people_to_remove", "two_people_categories", "two_people_customers", "proposal_days"),
    ),
    ("Review steps", ("review_steps", "revision_steps", "burst_per_second", "burst_seconds")),
    ("What only reports", ("observed",)),
)
"""The headings below which people read the parts. A part that is named below none is below MORE."""
MORE: Final = "More"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the policy. `kind` says how it is filled in: number, yes, text, codes or lines.

    `codes` has the titles of the codes that it may name. An `optional` text may be empty, which is null.
    """

    name: str
    title: str
    description: str
    kind: str
    unit: str = ""
    least: int | None = None
    most: int | None = None
    default: Any = None
    optional: bool = False
    codes: Mapping[str, str] = field(default_factory=dict)

    @property
    def hint(self) -> str:
        """What a form says below the title: what the part is, and its bounds."""
        bounds = f" {self.least} to {self.most} {self.unit}." if self.kind == "number" else ""
        lines = " One a line." if self.kind == "lines" else ""
        said = self.description.replace("Null:", "Empty:") if self.optional else self.description
        return f"{said}{bounds}{lines}".strip()

    def value_in(self, document: Document) -> Any:
        """Returns the part's value in the document, its default where the document lacks it."""
        return document.get(self.name, self.default)

    def said(self, value: Any) -> str:
        """Returns a value that is no list as people read it."""
        if value is None:
            return "None"
        if isinstance(value, bool):
            return "Yes" if value else "No"
        if self.kind != "number":
            return str(value)
        unit = self.unit.removesuffix("s") if value == 1 and self.unit.endswith("s") else self.unit
        return f"{value} {unit}".strip()

    def titles_of(self, values: Iterable[str]) -> list[str]:
        """Returns the titles of the values of a list, in the order in which the schema has them."""
        given = list(values)
        known = [title for code, title in self.codes.items() if code in given]
        return known + [value for value in given if value not in self.codes]


def parts_of(schema: Mapping[str, Any]) -> tuple[Part, ...]:
    """Returns the parts that the schema describes, in its order."""
    return tuple(_part(name, about) for name, about in schema["properties"].items())


def grouped(parts: Sequence[Part]) -> list[tuple[str, list[Part]]]:
    """Returns the parts below their headings."""
    by_name = {part.name: part for part in parts}
    found = [(heading, [by_name[name] for name in names if name in by_name]) for heading, names in GROUPS]
    named = {name for _, names in GROUPS for name in names}
    return [*found, (MORE, rest)] if (rest := [part for part in parts if part.name not in named]) else found


def document_of(parts: Sequence[Part], pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Returns the document that a form's fields say. What is no number stays as it was typed: the API refuses it."""
    return {part.name: _stored(part, [value for name, value in pairs if name == part.name]) for part in parts}


def steps_not_named(parts: Sequence[Part], document: Document) -> dict[str, str]:
    """Returns the titles of the review steps that the service knows and the document does not name, by code."""
    part = next((one for one in parts if one.name == "review_steps"), None)
    named = part.value_in(document) if part else ()
    return {code: title for code, title in part.codes.items() if code not in named} if part else {}


def _part(name: str, about: Mapping[str, Any]) -> Part:
    forms = about.get("anyOf", [about])
    kind = {"integer": "number", "boolean": "yes", "array": "lines"}.get(forms[0]["type"], "text")
    titles = {one["const"]: one["title"] for one in about.get("items", {}).get("oneOf", ())}
    return Part(
        name,
        about["title"],
        about.get("description", ""),
        "codes" if titles else kind,
        about.get("x-unit", ""),
        about.get("minimum"),
        about.get("maximum"),
        about.get("default", [] if kind == "lines" else None),
        any(form["type"] == "null" for form in forms),
        titles,
    )


def _stored(part: Part, typed: Sequence[str]) -> Any:
    if part.kind == "codes":
        return list(typed)
    text = "\n".join(typed).strip()
    if part.kind == "lines":
        return [line.strip() for line in text.splitlines() if line.strip()]
    if part.kind == "yes":
        return text == "yes"
    if part.kind == "number":
        return number_in(text)
    return None if part.optional and not text else text
