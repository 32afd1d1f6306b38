"""Tells whether a page's element is drawn, as far as its attributes and the page's own style sheets say.

Reads rules for one tag, class or id, and for a tag with one of these; other selectors, @media rules and linked style
sheets say nothing. So a machine can be wrong in both directions, and a reviewer decides about what seems hidden.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

import tinycss2

MAX_STYLE: Final = 2_000
"""The longest style attribute that is read, in characters."""
MAX_SHEETS: Final = 128 * 1024
"""How much of a page's style sheets is read, in characters."""
MAX_CLASSES: Final = 100
_OFF_SCREEN: Final = -900

Effects = Mapping[str, bool]
"""What declarations do, by property: whether it hides the element. The property may be absent."""


@dataclass(slots=True)
class StyleSheet:
    """The rules of a page by selector: `tag`, `.class`, `#id`, `tag.class`, `tag#id`."""

    rules: dict[str, dict[str, bool]] = field(default_factory=dict)

    def effects_on(self, tag: str, attributes: Mapping[str, str]) -> dict[str, bool]:
        """Returns the effects of all rules that select an element. A rule of an id counts most, of a tag least."""
        if not self.rules:
            return {}
        keys = [tag]
        for one in islice(attributes.get("class", "").split(), MAX_CLASSES):
            keys += [f".{one}", f"{tag}.{one}"]
        if "id" in attributes:
            keys += [f"#{attributes['id']}", f"{tag}#{attributes['id']}"]
        found: dict[str, bool] = {}
        for key in keys:
            found |= self.rules.get(key, {})
        return found


def read_sheets(sheets: Iterable[str]) -> StyleSheet:
    """Returns the rules of a page's <style> elements. Raises nothing."""
    read = StyleSheet()
    text = "\n".join(sheets)[:MAX_SHEETS]
    for rule in tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True):
        if rule.type == "qualified-rule":
            effects = _effects(rule.content)
            for selector in _selectors(rule.prelude) if effects else ():
                read.rules.setdefault(selector, {}).update(effects)
    return read


def effects_of_style(style: str) -> dict[str, bool]:
    """Returns the effects of a style attribute. Raises nothing."""
    return _effects(tinycss2.parse_component_value_list(style[:MAX_STYLE]))


def effects_of_attributes(tag: str, attributes: Mapping[str, str]) -> dict[str, bool]:
    """Returns the effects of an element's own attributes, which style sheets can change."""
    is_hidden = (
        "hidden" in attributes
        or "popover" in attributes
        or (tag == "dialog" and "open" not in attributes)
        or (tag == "input" and attributes.get("type", "").strip().lower() == "hidden")
    )
    return {"display": True} if is_hidden else {}


def _selectors(prelude: Iterable[Any]) -> list[str]:
    """Returns the selectors of a rule that are of the forms that are read."""
    selectors: list[list[Any]] = [[]]
    for token in prelude:
        if token.type == "literal" and token.value == ",":
            selectors.append([])
        else:
            selectors[-1].append(token)
    return [read for tokens in selectors if (read := _selector(tokens))]


def _selector(tokens: Sequence[Any]) -> str:
    """Returns a selector as text, or an empty text if it is of another form."""
    kinds = [token.value if token.type == "literal" else token.type for token in tokens]
    if kinds[:1] == ["whitespace"]:  # the tokenizer makes one of any number
        kinds, tokens = kinds[1:], tokens[1:]
    if kinds[-1:] == ["whitespace"]:
        kinds, tokens = kinds[:-1], tokens[:-1]
    has_tag = kinds[:1] == ["ident"]
    tag, rest = (tokens[0].lower_value, kinds[1:]) if has_tag else ("", kinds)
    if rest == [".", "ident"]:
        return f"{tag}.{tokens[-1].value}"
    if rest == ["hash"]:
        return f"{tag}#{tokens[-1].value}"
    return tag if not rest else ""


def _effects(content: Iterable[Any]) -> dict[str, bool]:
    """Returns what the declarations of a block do; a later one counts more, an important one most."""
    effects: dict[str, bool] = {}
    important: dict[str, bool] = {}
    sizes: dict[str, bool] = {}
    for one in tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True):
        if one.type != "declaration":
            continue
        values = [value for value in one.value if value.type not in ("whitespace", "comment")]
        if one.lower_name in _SIZES:
            sizes[one.lower_name] = _SIZES[one.lower_name](values)
        elif one.lower_name in _HIDES and values:
            (important if one.important else effects)[one.lower_name] = _HIDES[one.lower_name](values)
    if sizes.pop("overflow", False) and any(sizes.values()):
        effects["size"] = True
    return effects | important


def _is_word(*words: str) -> Any:
    return lambda values: getattr(values[0], "lower_value", "") in words


def _is_zero(values: list[Any]) -> bool:
    return bool(values) and values[0].type in ("number", "dimension", "percentage") and values[0].value == 0


def _is_off_screen(values: list[Any]) -> bool:
    is_number = values[0].type in ("number", "dimension", "percentage")
    many = 10 if values[0].type == "dimension" and values[0].lower_unit in ("em", "rem", "vw", "vh") else 1
    return is_number and float(values[0].value) * many <= _OFF_SCREEN


_HIDES: Final[Mapping[str, Any]] = {
    "display": _is_word("none"),
    "visibility": _is_word("hidden", "collapse"),
    "content-visibility": _is_word("hidden"),
    "opacity": _is_zero,
    "font-size": _is_zero,
    "left": _is_off_screen,
    "top": _is_off_screen,
    "right": _is_off_screen,
    "bottom": _is_off_screen,
    "margin-left": _is_off_screen,
}
_SIZES: Final[Mapping[str, Any]] = {
    "overflow": _is_word("hidden", "clip"),
    "width": _is_zero,
    "height": _is_zero,
    "max-width": _is_zero,
    "max-height": _is_zero,
}
