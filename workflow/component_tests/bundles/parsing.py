"""Parsing a bundle, and its errors of syntax. What the grammar lacks and every browser takes is no error."""

import re
from collections.abc import Iterator
from typing import Final

import tree_sitter_javascript
from tree_sitter import Language, Node, Parser, Tree

from workflow.component_tests.bundles.nodes import node_at
from workflow.component_tests.bundles.source import LINE_END

_LONE_RETURN: Final = re.compile(rb"\r(?!\n)")
_ROUNDS: Final = 6
_MAX_BLANK: Final = 200
_LANGUAGE: Final = Language(tree_sitter_javascript.language())


def parse(content: bytes) -> tuple[Tree, list[int]]:
    """Returns the tree of a bundle, and the bytes at which its syntax is broken.

    A first line with `#!` is none of the script's, and a lone carriage return ends a line, which the grammar does not
    know. Two things are valid that it refuses: an unknown escape in a tagged template, and a declaration that ends
    with its line before `[`. They are replaced by others of the same length, and the bundle is parsed again.
    """
    parser = Parser(_LANGUAGE)
    text = bytearray(_LONE_RETURN.sub(b"\n", content))
    if text.startswith(b"#!"):
        end = LINE_END.search(text)
        text[: end.start() if end else len(text)] = b" " * (end.start() if end else len(text))
    for _ in range(_ROUNDS):
        tree = parser.parse(bytes(text))
        if not tree.root_node.has_error:
            return tree, []
        errors = list(_errors(tree))
        replaced = [_replace(text, *error) for error in errors]
        if not any(replaced):
            break
    return tree, [node.start_byte for node, _ in errors]


def _errors(tree: Tree) -> Iterator[tuple[Node, tuple[Node, ...]]]:
    """Yields the outermost errors, each with its last two ancestors, the outer one first."""
    cursor = tree.walk()
    above: list[Node] = []
    while True:
        node = node_at(cursor)
        is_error = node.is_error or node.is_missing
        if is_error:
            yield node, tuple(above[-2:])
        if not is_error and node.has_error and cursor.goto_first_child():
            above.append(node)
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return
            above.pop()


def _replace(text: bytearray, error: Node, above: tuple[Node, ...]) -> bool:
    kinds = tuple(node.type for node in above)
    if kinds == ("call_expression", "template_string"):
        return _blank_escapes(text, above[1].start_byte, error)
    if kinds[-1:] in (("lexical_declaration",), ("variable_declaration",)):
        return _end_declaration(text, error)
    return False


def _blank_escapes(text: bytearray, begin: int, error: Node) -> bool:
    at = text.rfind(b"\\", begin, error.end_byte)
    if at < 0 or text[at + 1 : at + 2] not in (b"u", b"x", *(b"%d" % digit for digit in range(10))):
        return False
    text[at] = ord(" ")
    return True


def _end_declaration(text: bytearray, error: Node) -> bool:
    """Puts a semicolon where a declaration ends with its line, as browsers do."""
    is_name = [child.type for child in error.children] == ["identifier"]
    if not is_name and not (error.is_missing and error.type == ";"):
        return False
    after = bytes(text[error.end_byte : error.end_byte + _MAX_BLANK])
    following = after.lstrip()
    blank = after[: len(after) - len(following)]
    if b"\n" not in blank or (is_name and not following.startswith(b"[")):
        return False
    text[error.end_byte + blank.index(b"\n")] = ord(";")
    return True
