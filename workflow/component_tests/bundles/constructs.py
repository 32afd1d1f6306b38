"""The constructs in a bundle that a site's security policy forbids, or that let a script onto a page unseen."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from workflow.component_tests.bundles.literals import constant, key_of, text_of
from workflow.component_tests.bundles.nodes import arguments_of, called_of
from workflow.component_tests.bundles.outline import Outline, Used
from workflow.component_tests.bundles.values import Values

CONSTRUCTS: Final = (
    "eval",
    "new_function",
    "string_timer",
    "inner_html",
    "document_write",
    "cookies",
    "dynamic_import",
)
"""The codes of all constructs that are found."""
_TIMERS: Final = frozenset({"setTimeout", "setInterval", "setImmediate", "execScript"})
_WRITES: Final = frozenset({"write", "writeln"})
_HTML: Final = frozenset({"innerHTML", "outerHTML"})
_DOCUMENTS: Final = frozenset({"document", "contentDocument", "ownerDocument"})
_TEXTS: Final = frozenset({"string", "template_string"})


def constructs_in(outline: Outline, values: Values) -> dict[str, list[int]]:
    """Returns the bytes at which each construct is, by its code in the order of CONSTRUCTS."""
    found: dict[str, list[int]] = defaultdict(list)
    for code, node in (*_in_names(outline, values), *_in_calls(outline, values), *_in_assignments(outline)):
        found[code].append(node.start_byte)
    return {code: found[code] for code in CONSTRUCTS if code in found}


def _in_names(outline: Outline, values: Values) -> Iterator[tuple[str, Node]]:
    for used in outline.used:
        code = _of_name(outline, values, used)
        if code:
            yield code, used.node


def _of_name(outline: Outline, values: Values, used: Used) -> str | None:
    name, node, around = used.name, used.node, used.around
    is_variable = node.type in ("identifier", "shorthand_property_identifier")
    if is_variable:
        if outline.declared_in(name, node.start_byte) is not None or _is_only_asked(node, around):
            return None
        if name == "Function":
            return "new_function" if _is_called_or_kept(node, around) else None
        return {"eval": "eval", "cookieStore": "cookies"}.get(name)
    member = node if node.type == "subscript_expression" else around
    if member is None or member.type not in ("member_expression", "subscript_expression"):
        return None
    owner = member.child_by_field_name("object")
    if name == "cookie":
        return "cookies" if _is_document(values, owner) else None
    if name == "Function" or not values.is_global(owner):
        return None  # a call of it is found among the calls
    return {"eval": "eval", "cookieStore": "cookies"}.get(name)


def _is_only_asked(node: Node, around: Node | None) -> bool:
    """Whether a name is only declared, or asked for its type."""
    if around is None:
        return False
    if around.type == "unary_expression":
        operator = around.child_by_field_name("operator")
        return operator is not None and operator.type == "typeof"
    return around.type in ("labeled_statement", "statement_identifier") or (
        around.type == "assignment_expression" and around.child_by_field_name("left") == node
    )


def _is_called_or_kept(node: Node, around: Node | None) -> bool:
    """Whether the constructor of functions is called, or kept under another name."""
    if around is None:
        return False
    if around.type in ("call_expression", "new_expression"):
        return called_of(around) == node
    fields = {"variable_declarator": "value", "assignment_expression": "right"}
    return around.type in fields and around.child_by_field_name(fields[around.type]) == node


def _in_calls(outline: Outline, values: Values) -> Iterator[tuple[str, Node]]:
    for call in outline.calls:
        callee = call.child_by_field_name("function")
        if callee is not None and callee.type == "import":
            yield "dynamic_import", call
            continue
        code = _of_call(values, called_of(call), arguments_of(call))
        if code:
            yield code, call


def _of_call(values: Values, callee: Node | None, given: list[Node]) -> str | None:
    if callee is None:
        return None
    if callee.type == "identifier":
        name = text_of(callee)
        is_timer = name in _TIMERS and values.is_global_name(callee, name)
        return "string_timer" if is_timer and given and _is_text(values, given[0]) else None
    if callee.type not in ("member_expression", "subscript_expression"):
        return None
    key, owner = key_of(callee), callee.child_by_field_name("object")
    if key == "insertAdjacentHTML":
        return "inner_html"
    if key in _WRITES and _is_document(values, owner):
        return "document_write"
    if key in _TIMERS and given and _is_text(values, given[0]) and values.is_global(owner):
        return "string_timer"
    if key == "constructor" and owner is not None and key_of(owner) == "constructor" and given:
        return "new_function"
    return "new_function" if key == "Function" and values.is_global(owner) else None


def _in_assignments(outline: Outline) -> Iterator[tuple[str, Node]]:
    for one in outline.written:
        if one.key in _HTML and constant(one.value) != "":
            yield "inner_html", one.target


def _is_text(values: Values, node: Node) -> bool:
    return constant(node) is not None or any(one.type in _TEXTS for one in values.of(node))


def _is_document(values: Values, node: Node | None) -> bool:
    for one in values.of(node):
        if values.is_global_name(one, "document"):
            return True
        if one.type in ("member_expression", "subscript_expression") and key_of(one) in _DOCUMENTS:
            return True
    return False
