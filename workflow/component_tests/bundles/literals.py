"""The texts of names and strings in a bundle, with their escapes read and constant parts put together."""

import re
from typing import Final

from tree_sitter import Node

UNKNOWN: Final = "..."
"""What stands in a text for a part that is only known when the bundle runs."""
_MAX_TEXT: Final = 2000
_MAX_PARTS: Final = 50
_ESCAPE: Final = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(\r\n|.))", re.DOTALL)
_LETTERS: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": "", "\r\n": ""}


def text_of(node: Node) -> str:
    """Returns a node's text, of which the escapes are read. The text is bounded."""
    text = node.text or b""
    said = text[:_MAX_TEXT].decode("utf-8", "replace")
    return unescaped(said) if "\\" in said else said


def unescaped(text: str) -> str:
    """Returns the text of a string or a name with its escapes read."""
    return _ESCAPE.sub(_unescape, text)


def _unescape(found: "re.Match[str]") -> str:
    code = found[1] or found[2] or found[3]
    if code is None:
        return _LETTERS.get(found[4], found[4])
    number = int(code, 16)
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"


def constant(node: Node) -> str | None:
    """Returns the text of a string, a template or a sum of them, with UNKNOWN for other parts; None for all else."""
    if node.type == "string":
        return text_of(node)[1:-1]
    if node.type == "template_string":
        parts = node.named_children[:_MAX_PARTS]
        return unescaped("".join(UNKNOWN if one.type == "template_substitution" else _raw(one) for one in parts))
    if node.type != "binary_expression":
        return None
    parts = _summands(node)
    said = [constant(one) if one.type in ("string", "template_string") else None for one in parts]
    if all(one is None for one in said):
        return None
    return "".join(UNKNOWN if one is None else one for one in said)


def _raw(node: Node) -> str:
    return (node.text or b"")[:_MAX_TEXT].decode("utf-8", "replace")


def _summands(node: Node) -> list[Node]:
    """Returns the parts of a sum, at most _MAX_PARTS of them, in their order."""
    found: list[Node] = []
    waiting = [node]
    for _ in range(4 * _MAX_PARTS):
        if not waiting:
            break
        one = waiting.pop()
        operator = one.child_by_field_name("operator") if one.type == "binary_expression" else None
        left, right = one.child_by_field_name("left"), one.child_by_field_name("right")
        if operator is not None and operator.type == "+" and left is not None and right is not None:
            waiting.extend((right, left))
        elif one.type == "parenthesized_expression" and one.named_child_count:
            waiting.append(one.named_children[-1])
        else:
            found.append(one)
    return found


def key_of(node: Node) -> str | None:
    """Returns the name of a member: `a` of `x.a`, `x["a"]`, `{a: 1}` and "a"; None if it is computed."""
    if node.type == "subscript_expression":
        index = node.child_by_field_name("index")
        return _key_text(index) if index is not None else None
    name = node.child_by_field_name("property") if node.type == "member_expression" else node
    return _key_text(name) if name is not None else None


def _key_text(node: Node) -> str | None:
    if node.type == "computed_property_name" and node.named_child_count:
        node = node.named_children[0]
    if node.type in ("property_identifier", "shorthand_property_identifier", "private_property_identifier", "number"):
        return text_of(node)
    said = constant(node)
    return said if said is not None and UNKNOWN not in said else None
