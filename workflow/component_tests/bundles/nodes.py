"""The nodes of a parsed bundle: kinds of them, and the parts of calls and patterns."""

from collections.abc import Iterator
from typing import Final, cast

from tree_sitter import Node, TreeCursor

FUNCTIONS: Final = frozenset(
    {
        "function_declaration",
        "function_expression",
        "generator_function",
        "generator_function_declaration",
        "arrow_function",
        "method_definition",
    }
)
CLASSES: Final = frozenset({"class", "class_declaration"})
_MAX_PATTERN: Final = 1000


def node_at(cursor: TreeCursor) -> Node:
    """Returns the node of a cursor, which always has one."""
    return cast("Node", cursor.node)


def arguments_of(call: Node) -> list[Node]:
    """Returns the arguments of a call or of `new`."""
    given = call.child_by_field_name("arguments")
    if given is None or given.type != "arguments":
        return []
    return [one for one in given.named_children if one.type != "comment"]


def called_of(call: Node) -> Node | None:
    """Returns what a call or `new` calls, without the brackets around it."""
    return unwrapped(call.child_by_field_name("function") or call.child_by_field_name("constructor"))


def unwrapped(node: Node | None) -> Node | None:
    """Returns a node without the brackets around it, or the last part of a sequence in them."""
    for _ in range(_MAX_PATTERN):
        if node is None:
            return None
        if node.type not in ("parenthesized_expression", "sequence_expression") or not node.named_child_count:
            return node
        node = node.named_children[-1]
    return None


def names_in(pattern: Node) -> Iterator[Node]:
    """Yields the names that a pattern declares, at most _MAX_PATTERN of them, without its default values."""
    waiting, left = [pattern], _MAX_PATTERN
    while waiting and left:
        left -= 1
        node = waiting.pop()
        if node.type in ("identifier", "shorthand_property_identifier_pattern"):
            yield node
        elif node.type in ("assignment_pattern", "object_assignment_pattern"):
            waiting.extend(node.children_by_field_name("left"))
        elif node.type == "pair_pattern":
            waiting.extend(node.children_by_field_name("value"))
        elif node.type == "import_specifier":
            alias = node.child_by_field_name("alias") or node.child_by_field_name("name")
            waiting.extend([alias] if alias is not None else [])
        elif node.type.endswith("_pattern") or node.type in ("import_clause", "named_imports", "namespace_import"):
            waiting.extend(node.named_children[:_MAX_PATTERN])
