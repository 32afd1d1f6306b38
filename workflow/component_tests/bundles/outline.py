"""The outline of a bundle: its scopes, what its names stand for, and the nodes that are looked at, by one walk."""

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from tree_sitter import Node, Tree

from workflow.component_tests.bundles.literals import key_of, text_of
from workflow.component_tests.bundles.nodes import (
    CLASSES,
    FUNCTIONS,
    arguments_of,
    called_of,
    names_in,
    node_at,
    unwrapped,
)

WATCHED: Final = frozenset({"eval", "Function", "cookie", "cookieStore"})
"""Names whose every use is looked at, as a variable or as a member."""
_BLOCKS: Final = frozenset(
    {
        "statement_block",
        "for_statement",
        "for_in_statement",
        "switch_body",
        "catch_clause",
        "class_static_block",
    }
)
_MAX_DEPTH: Final = 1000


class TooDeepError(Exception):
    """The functions and blocks of the bundle are nested more deeply than is read."""


@dataclass(slots=True)
class Scope:
    """The part of a bundle in which names are known. `parent` is an index, -1 for the program's own scope.

    `hoisted` is the scope of a `var` in it, and `function` the innermost function around it. `this_of` is the innermost
    one that is no arrow function.
    """

    end: int
    parent: int
    depth: int = 0
    hoisted: int = 0
    function: Node | None = None
    this_of: Node | None = None
    names: dict[str, list[Node]] = field(default_factory=dict)
    """What each name stands for, if its declaration says so; parameters stand for `arguments`."""
    parameters: dict[str, tuple[int, int]] = field(default_factory=dict)
    """For each parameter, the id of its function and its index."""


@dataclass(frozen=True, slots=True)
class Used:
    """A use of a watched name: the node, and the node around it."""

    name: str
    node: Node
    around: Node | None


@dataclass(frozen=True, slots=True)
class Written:
    """An assignment to a member of an object. `key` is None if it is only known when the bundle runs."""

    target: Node
    key: str | None
    value: Node


class Outline:
    """What one walk over a tree collects."""

    def __init__(self, tree: Tree) -> None:
        root = tree.root_node
        self.scopes = [Scope(root.end_byte + 1, -1)]
        self.starts = [0]
        self.assigned: dict[str, list[tuple[Node, Node]]] = defaultdict(list)
        self.written: list[Written] = []
        self.owner_of: dict[int, int] = {}
        self.holder_of: dict[int, int] = {}
        self.passed: dict[int, tuple[Node, int]] = {}
        self.by_index: list[tuple[Node, list[Node]]] = []
        self.returned: dict[int, list[Node]] = defaultdict(list)
        self.calls: list[Node] = []
        self.arguments: dict[int, list[list[Node]]] = defaultdict(list)
        self.bound_this: dict[int, Node] = {}
        self.called: dict[str, list[Node]] = defaultdict(list)
        self.names_of: dict[int, Node] = {}
        self.used: list[Used] = []
        self.defaults: list[Node] = []
        self.imported: list[Node] = []
        self.candidates: list[Node] = []
        self.misplaced: list[int] = []
        self.is_module = False
        self._walk(tree)

    def scope_at(self, byte: int) -> int:
        """Returns the index of the innermost scope around a byte."""
        at = bisect_right(self.starts, byte) - 1
        while self.scopes[at].end <= byte and at:
            at = self.scopes[at].parent
        return at

    def declared_in(self, name: str, byte: int) -> int | None:
        """Returns the index of the scope that declares the name as it is used at a byte, None for a global."""
        at = self.scope_at(byte)
        while at >= 0:
            scope = self.scopes[at]
            if name in scope.names or name in scope.parameters:
                return at
            at = scope.parent
        return None

    def _walk(self, tree: Tree) -> None:
        cursor = tree.walk()
        above: list[Node] = []
        opened: list[int] = []
        scope = 0
        while True:
            node = node_at(cursor)
            kind = node.type
            within = self._open(node, scope) if kind in FUNCTIONS or kind in _BLOCKS else scope
            collect = _COLLECTED.get(kind)
            if collect is not None:
                collect(self, node, within if kind in FUNCTIONS else scope, above)
            if cursor.goto_first_child():
                above.append(node)
                opened.append(scope)
                scope = within
                continue
            while not cursor.goto_next_sibling():
                if not cursor.goto_parent():
                    return
                above.pop()
                scope = opened.pop()

    def _open(self, node: Node, parent: int) -> int:
        """Opens a scope and returns its index."""
        around = self.scopes[parent]
        scope = Scope(node.end_byte, parent, around.depth + 1, around.hoisted, around.function, around.this_of)
        if scope.depth > _MAX_DEPTH:
            raise TooDeepError
        self.starts.append(node.start_byte)
        self.scopes.append(scope)
        if node.type in FUNCTIONS:
            scope.hoisted, scope.function = len(self.scopes) - 1, node
            scope.this_of = scope.this_of if node.type == "arrow_function" else node
        return len(self.scopes) - 1

    def _declare(self, scope: int, name: Node, value: Node | None) -> None:
        known = self.scopes[scope].names.setdefault(text_of(name), [])
        if value is not None:
            known.append(value)
            if value.type in FUNCTIONS:
                self.names_of[value.id] = name

    def _declare_pattern(self, scope: int, pattern: Node) -> None:
        for name in names_in(pattern):
            self._declare(scope, name, None)

    def collect_function(self, node: Node, scope: int, above: list[Node]) -> None:
        """Declares a function's name and parameters, and notes what an arrow function returns."""
        name = node.child_by_field_name("name")
        if name is not None and node.type != "method_definition":
            is_declared = node.type.endswith("_declaration")
            self._declare(self.scopes[scope].parent if is_declared else scope, name, node)
        parameters = node.child_by_field_name("parameters") or node.child_by_field_name("parameter")
        if parameters is not None:
            several = parameters.named_children if parameters.type == "formal_parameters" else [parameters]
            for index, parameter in enumerate(one for one in several if one.type != "comment"):
                self._declare_parameter(scope, node.id, index, parameter)
        body = node.child_by_field_name("body")
        if body is not None and body.type != "statement_block":
            self.returned[node.id].append(body)
        if node.type == "method_definition" and above[-1].type == "class_body":
            self.owner_of[node.id] = above[-2].id
        else:
            around = [one for one in above[-4:] if one.type not in ("pair", "parenthesized_expression")]
            if around and around[-1].type in ("object", "array"):
                self.holder_of[node.id] = around[-1].id

    def _declare_parameter(self, scope: int, function: int, index: int, parameter: Node) -> None:
        value = None
        if parameter.type == "assignment_pattern":
            value = parameter.child_by_field_name("right")
            parameter = parameter.child_by_field_name("left") or parameter
        if parameter.type != "identifier":
            self._declare_pattern(scope, parameter)
            return
        self.scopes[scope].parameters[text_of(parameter)] = (function, index)
        if value is not None:
            self._declare(scope, parameter, value)

    def collect_class(self, node: Node, scope: int, above: list[Node]) -> None:
        del above
        name = node.child_by_field_name("name")
        if name is not None:
            self._declare(scope, name, node)

    def collect_declarator(self, node: Node, scope: int, above: list[Node]) -> None:
        name = node.child_by_field_name("name")
        if name is None:
            return
        at = self.scopes[scope].hoisted if above[-1].type == "variable_declaration" else scope
        if name.type == "identifier":
            self._declare(at, name, node.child_by_field_name("value"))
        else:
            self._declare_pattern(at, name)

    def collect_loop(self, node: Node, scope: int, above: list[Node]) -> None:
        del above
        kind, left = node.child_by_field_name("kind"), node.child_by_field_name("left")
        if kind is not None and left is not None:
            at = self.scopes[scope].hoisted if text_of(kind) == "var" else len(self.scopes) - 1
            self._declare_pattern(at, left)

    def collect_catch(self, node: Node, scope: int, above: list[Node]) -> None:
        del above, scope
        parameter = node.child_by_field_name("parameter")
        if parameter is not None:
            self._declare_pattern(len(self.scopes) - 1, parameter)

    def collect_assignment(self, node: Node, scope: int, above: list[Node]) -> None:
        del scope
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            return
        if left.type == "identifier":
            self.assigned[text_of(left)].append((left, right))
            if right.type in FUNCTIONS:
                self.names_of.setdefault(right.id, left)
        elif left.type in ("member_expression", "subscript_expression"):
            target = left.child_by_field_name("object")
            if target is None:
                return
            self.written.append(Written(target, key_of(left), right))
        del above

    def collect_call(self, node: Node, scope: int, above: list[Node]) -> None:
        """Notes a call or `new`, what it is given, and the helpers by which compilers write members."""
        del scope, above
        self.calls.append(node)
        given = arguments_of(node)
        callee = called_of(node)
        if callee is None:
            return
        if callee.type == "identifier":
            self.called[text_of(callee)].append(node)
            for index, value in enumerate(map(unwrapped, given)):
                if value is not None and value.type in FUNCTIONS:
                    self.passed[value.id] = (callee, index)
        elif callee.type in FUNCTIONS:
            self.arguments[callee.id].append(given)
            self._name_arguments(callee, given)
        elif callee.type == "member_expression" and key_of(callee) == "call":
            self._collect_call_of(unwrapped(callee.child_by_field_name("object")), given)
        elif callee.type == "subscript_expression":
            self._collect_call_by_index(callee, given)
        if len(given) == 3 and given[1].type == "string":
            self.written.append(Written(given[0], key_of(given[1]), given[2]))

    def _collect_call_of(self, target: Node | None, given: list[Node]) -> None:
        """Notes `f.call(this, a)`."""
        if target is not None and target.type in FUNCTIONS:
            self.arguments[target.id].append(given[1:])
            if given:
                self.bound_this[target.id] = given[0]
        elif target is not None and target.type == "subscript_expression":
            self._collect_call_by_index(target, given[1:])

    def _collect_call_by_index(self, callee: Node, given: list[Node]) -> None:
        """Notes `modules[id](module)`, the way in which bundlers call a module."""
        holder = callee.child_by_field_name("object")
        if holder is not None and key_of(callee) is None:
            self.by_index.append((holder, given))

    def _name_arguments(self, function: Node, given: list[Node]) -> None:
        """Notes the parameters under which a function that is called where it stands calls those that it is given."""
        parameters = function.child_by_field_name("parameters")
        names = parameters.named_children if parameters is not None else []
        for name, value in zip(names, map(unwrapped, given), strict=False):
            if value is not None and value.type in FUNCTIONS and name.type == "identifier":
                self.names_of.setdefault(value.id, name)

    def collect_return(self, node: Node, scope: int, above: list[Node]) -> None:
        del above
        function = self.scopes[scope].function
        if function is None:
            self.misplaced.append(node.start_byte)
        elif node.named_child_count:
            self.returned[function.id].append(node.named_children[-1])

    def collect_export(self, node: Node, scope: int, above: list[Node]) -> None:
        del scope, above
        self.is_module = True
        value = node.child_by_field_name("value") or node.child_by_field_name("declaration")
        if value is not None and any(child.type == "default" for child in node.children[:2]):
            self.defaults.append(value)
        source = node.child_by_field_name("source")
        if source is not None:
            self.imported.append(source)

    def collect_specifier(self, node: Node, scope: int, above: list[Node]) -> None:
        del scope, above
        alias, name = node.child_by_field_name("alias"), node.child_by_field_name("name")
        if alias is not None and name is not None and text_of(alias).strip("'\"") == "default":
            self.defaults.append(name)

    def collect_import(self, node: Node, scope: int, above: list[Node]) -> None:
        del above
        self.is_module = True
        source = node.child_by_field_name("source")
        if source is not None:
            self.imported.append(source)
        for child in node.named_children:
            if child.type == "import_clause":
                self._declare_pattern(scope, child)

    def collect_name(self, node: Node, scope: int, above: list[Node]) -> None:
        """Notes a use of a watched name, and an object or class that has a plugin's methods."""
        name = text_of(node)
        if name in WATCHED:
            self.used.append(Used(name, node, above[-1] if above else None))
        elif name == "isLoaded" and node.type != "identifier":
            self._add_candidate(scope, above)

    def _add_candidate(self, scope: int, above: list[Node]) -> None:
        nearest = next((one for one in reversed(above[-3:]) if one.type == "object" or one.type in CLASSES), None)
        candidate = nearest or self.scopes[scope].function
        if candidate is not None:
            self.candidates.append(candidate)

    def collect_subscript(self, node: Node, scope: int, above: list[Node]) -> None:
        """Notes a watched name between brackets."""
        del scope
        index = node.child_by_field_name("index")
        name = key_of(node) if index is not None and index.type != "number" else None
        if name in WATCHED and index is not None:
            self.used.append(Used(name, node, above[-1] if above else None))


_COLLECTED: Final = {
    **dict.fromkeys(FUNCTIONS, Outline.collect_function),
    **dict.fromkeys(CLASSES, Outline.collect_class),
    "variable_declarator": Outline.collect_declarator,
    "for_in_statement": Outline.collect_loop,
    "catch_clause": Outline.collect_catch,
    "assignment_expression": Outline.collect_assignment,
    "augmented_assignment_expression": Outline.collect_assignment,
    "call_expression": Outline.collect_call,
    "new_expression": Outline.collect_call,
    "return_statement": Outline.collect_return,
    "export_statement": Outline.collect_export,
    "export_specifier": Outline.collect_specifier,
    "import_statement": Outline.collect_import,
    "identifier": Outline.collect_name,
    "property_identifier": Outline.collect_name,
    "shorthand_property_identifier": Outline.collect_name,
    "subscript_expression": Outline.collect_subscript,
}
