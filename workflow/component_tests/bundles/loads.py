"""The scripts that a bundle loads from elsewhere by imports, script elements and workers. They are only listed."""

from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from workflow.component_tests.bundles.literals import UNKNOWN, constant, key_of, text_of
from workflow.component_tests.bundles.nodes import arguments_of, called_of
from workflow.component_tests.bundles.outline import Outline
from workflow.component_tests.bundles.values import Values

_SCRIPTS: Final = (".js", ".mjs", ".cjs")
_LOADERS: Final = frozenset({"importScripts", "getScript"})
_WORKERS: Final = frozenset({"Worker", "SharedWorker"})
_MAX_URL: Final = 500


def loads_in(outline: Outline, values: Values) -> list[tuple[str, int]]:
    """Returns the addresses of scripts from other places, each with its byte, in the order of the bundle.

    An address has UNKNOWN for a part that is only known when the bundle runs.
    """
    found = {(url[:_MAX_URL], node.start_byte) for url, node in _loads(outline, values) if _is_elsewhere(url)}
    return sorted(found, key=lambda one: (one[1], one[0]))


def _loads(outline: Outline, values: Values) -> Iterator[tuple[str, Node]]:
    for source in outline.imported:
        yield from _addresses(values, source)
    for one in outline.written:
        if one.key == "src":
            yield from _of_element(values, one.target, one.value)
    for call in outline.calls:
        yield from _of_call(values, call)


def _of_call(values: Values, call: Node) -> Iterator[tuple[str, Node]]:
    given, callee = arguments_of(call), call.child_by_field_name("function")
    if not given:
        return
    if callee is not None and callee.type == "import":
        yield from _addresses(values, given[0])
        return
    callee = called_of(call)
    if callee is None:
        return
    name = text_of(callee) if callee.type == "identifier" else key_of(callee)
    if name in _LOADERS or (name in _WORKERS and call.type == "new_expression"):
        for one in given:
            yield from _addresses(values, one)
    elif name == "setAttribute" and len(given) == 2 and constant(given[0]) == "src":
        target = callee.child_by_field_name("object")
        if target is not None:
            yield from _of_element(values, target, given[1])


def _of_element(values: Values, element: Node, address: Node) -> Iterator[tuple[str, Node]]:
    """Yields the address if the element is a script, or may be one and the address is that of a script."""
    made = {_made(one) for one in values.of(element)} - {None}
    for url, node in _addresses(values, address):
        if "script" in made or (not made and url.partition("?")[0].partition("#")[0].endswith(_SCRIPTS)):
            yield url, node


def _made(node: Node) -> str | None:
    """Returns the name of the element that an expression creates, None if it creates none or its name is not known."""
    if node.type == "identifier":
        return "img" if text_of(node) == "Image" else None
    if node.type != "call_expression":
        return None
    callee, given = called_of(node), arguments_of(node)
    if callee is None or key_of(callee) not in ("createElement", "createElementNS") or not given:
        return None
    said = constant(given[-1])
    return said.lower() if said else None


def _addresses(values: Values, node: Node) -> Iterator[tuple[str, Node]]:
    said = constant(node)
    if said is not None:
        yield said, node
        return
    for one in values.of(node):
        said = constant(one)
        if said is not None:
            yield said, one


def _is_elsewhere(url: str) -> bool:
    said = url.strip().lower()
    return said.startswith(("https://", "http://", "//")) or (said.startswith(UNKNOWN) and "/" in said)
